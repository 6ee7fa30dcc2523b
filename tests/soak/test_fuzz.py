"""A million inputs for every decoder of both ends, guided by coverage (atheris)."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.decoders import DECODERS
from fuzz.micropython import MICROPYTHON, run_on_board

TESTS = Path(__file__).parents[1]
INPUTS = 1_000_000
PLANTED_WITHIN = 200_000
FAULT_FOUND = 77
"""libFuzzer's exit code when an input ended in an exception that nobody named."""

ON_BOARD = 100_000
"""Inputs for each of the board's decoders under MicroPython, which no fuzzer can look into."""

pytestmark = pytest.mark.soak

needs_atheris = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris is not to be had here: it comes for Linux on x86-64 (make .make/peers)",
)


def fuzz(decoder: str, runs: int, corpus: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fuzz", decoder, str(runs), str(corpus), *more],
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
    )


@needs_atheris
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("decoder", DECODERS)
def test_a_million_inputs_end_in_nothing_but_named_errors(decoder: str, tmp_path: Path) -> None:
    ended = fuzz(decoder, INPUTS, tmp_path)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    (executed,) = re.findall(r"stat::number_of_executed_units: (\d+)", ended.stderr)
    assert int(executed) >= INPUTS
    (peak_mb,) = re.findall(r"stat::peak_rss_mb: +(\d+)", ended.stderr)
    print(f"{decoder}: {executed} inputs, at most {peak_mb} MB")


@needs_atheris
@pytest.mark.parametrize("decoder", DECODERS)
def test_a_fault_behind_an_accepted_input_is_found(decoder: str, tmp_path: Path) -> None:
    """So the fuzzer above gets past the first checks, and would have told."""
    ended = fuzz(decoder, PLANTED_WITHIN, tmp_path, "plant")
    assert ended.returncode == FAULT_FOUND, ended.stderr[-3000:]
    assert "AssertionError: planted" in ended.stdout + ended.stderr


@pytest.mark.skipif(MICROPYTHON is None, reason="no MicroPython on this platform")
@pytest.mark.timeout(3600)
def test_the_board_s_decoders_hold_under_a_real_micropython() -> None:
    said = run_on_board(str(TESTS / "fuzz" / "on_board.py"), str(ON_BOARD), "1")
    print(said)
    assert said.endswith("passed\n")

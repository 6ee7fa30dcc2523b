"""The compiled core tells what the core as it is tells, of all that a recording may hold."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import numpy as np
import pytest

from bench.compiled import COMPILED
from lullaflow.detection import Samples
from lullaflow.session.inputs import (
    Asked,
    CoreSettings,
    CueStep,
    LadderSet,
    LinkCameBack,
    LinkWentDown,
    RecordingInfo,
    SensorChanged,
)
from lullaflow.session.replay import write_recording
from lullaflow_sim.generate import generate_session

STARTED = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def recording(folder: Path, family: str, seed: int) -> Path:
    """Write a generated session in which the link went, a person asked and a sensor stuck."""
    made = generate_session(family, seed)
    columns = (
        made.t_s,
        made.left_vacuum_mmhg,
        made.left_volume_ml,
        made.right_vacuum_mmhg,
        made.right_volume_ml,
    )
    half = len(made.t_s) // 2
    first, last = (
        Samples(*(np.asarray(each)[part] for each in columns))
        for part in (slice(half), slice(half, None))
    )
    at_s = float(first.t_s[-1])
    between = (
        LinkWentDown(at_s),
        LinkCameBack(at_s, 2.0, 4, 0),
        LadderSet(at_s, (CueStep("photo", "photo", 5.0, by_itself=True),)),
        Asked(at_s, "start_cue", "photo"),
        SensorChanged(at_s, "left_weight", "stuck", well=False),
    )
    info = RecordingInfo("pump", STARTED, CoreSettings(volume_only=family == "volume_only"))
    path = folder / f"{family}-{seed}.csv"
    with path.open("w", newline="") as out:
        write_recording(out, info, [first, *between, last])
    return path


def replayed(path: Path, *first_on_path: str) -> str:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(first_on_path)}
    command = [sys.executable, "-m", "lullaflow", "replay", str(path)]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


@pytest.mark.soak
@pytest.mark.parametrize("family", ["clean", "typical", "hard", "dry", "volume_only"])
def test_the_compiled_core_tells_the_same(tmp_path: Path, family: str) -> None:
    if not COMPILED.exists():
        pytest.skip("there is no compiled core: it takes a C compiler and Python's headers")
    assert list((COMPILED / "lullaflow" / "session").glob(f"core*{EXTENSION_SUFFIXES[0]}"))
    for seed in range(8):
        path = recording(tmp_path, family, seed)
        told = replayed(path)
        assert "session_ended" in told
        assert replayed(path, str(COMPILED)) == told

"""How fast a recording replays through the whole core, beside merely reading the same file."""

from __future__ import annotations

import csv
import io
import time
import tracemalloc
from datetime import UTC, datetime

import numpy as np

from lullaflow.detection import Samples
from lullaflow.session.core import Core
from lullaflow.session.inputs import RecordingInfo
from lullaflow.session.replay import read_recording, write_recording
from lullaflow_sim.generate import generate_session

GOAL_S = 0.3
MINUTES = 20
INFO = RecordingInfo("bench", datetime(2026, 1, 1, tzinfo=UTC))


def twenty_minutes() -> Samples:
    """Return a generated session of both sides, repeated or cut to twenty minutes."""
    session = generate_session("typical", 1)
    columns = [
        session.left_vacuum_mmhg,
        session.left_volume_ml,
        session.right_vacuum_mmhg,
        session.right_volume_ml,
    ]
    rows = MINUTES * 60 * 50
    times = np.arange(rows) * 0.02
    resized = []
    for column in columns:
        values = np.asarray(column)
        if np.isnan(values).all():
            values = np.asarray(columns[0 if len(resized) == 2 else 1])
        resized.append(np.resize(values, rows))
    return Samples(times, *resized)


def replay(samples: Samples) -> float:
    """Return the seconds that the core takes."""
    began = time.perf_counter()
    Core(INFO).step(samples)
    return time.perf_counter() - began


def main() -> None:
    """Print the table."""
    samples = twenty_minutes()
    text = io.StringIO()
    write_recording(text, INFO, [samples])
    core_s = min(replay(samples) for _ in range(3))
    text.seek(0)
    began = time.perf_counter()
    for _ in csv.reader(text):
        pass
    reading_s = time.perf_counter() - began
    text.seek(0)
    began = time.perf_counter()
    _, inputs = read_recording(text)
    core = Core(INFO)
    for item in inputs:
        core.step(item)
    whole_s = time.perf_counter() - began
    tracemalloc.start()
    core = Core(INFO)
    peaks = []
    for part in range(4):
        quarter = len(samples.t_s) // 4
        piece = slice(part * quarter, (part + 1) * quarter)
        core.step(
            Samples(
                samples.t_s[piece],
                samples.left_vacuum_mmhg[piece],
                samples.left_volume_ml[piece],
                samples.right_vacuum_mmhg[piece],
                samples.right_volume_ml[piece],
            )
        )
        peaks.append(tracemalloc.get_traced_memory()[0] / 1024)
    tracemalloc.stop()
    print(f"Replay of {MINUTES} minutes of both sides at 50 Hz")
    print(
        f"  core                {core_s:6.2f} s  ratio to the goal of {GOAL_S} s: "
        f"{core_s / GOAL_S:.2f}"
    )
    print(
        f"  file and core       {whole_s:6.2f} s  ratio to csv.reader alone: "
        f"{whole_s / reading_s:.1f}"
    )
    print("  memory kept after each quarter: " + ", ".join(f"{peak:.0f} KB" for peak in peaks))


if __name__ == "__main__":
    main()

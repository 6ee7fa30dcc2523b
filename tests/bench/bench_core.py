"""How fast a recording replays through the whole core, beside merely reading the same file."""

from __future__ import annotations

import csv
import io
import sys
import time
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.compiled import compiled, taken, told
from bench.twenty_minutes import INFO, MINUTES, twenty_minutes
from lullaflow.detection import Samples
from lullaflow.session.core import Core
from lullaflow.session.replay import read_recording, write_recording

GOAL_S = 0.3


def main() -> None:
    """Print the table."""
    samples = twenty_minutes()
    core_s = taken(samples).core_s
    machine = compiled(told(samples))
    text = io.StringIO()
    write_recording(text, INFO, [samples])
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
    if machine:
        print(
            f"  core, compiled      {machine.core_s:6.2f} s  ratio to the goal of {GOAL_S} s: "
            f"{machine.core_s / GOAL_S:.2f}, the same events"
        )
    print(
        f"  file and core       {whole_s:6.2f} s  ratio to csv.reader alone: "
        f"{whole_s / reading_s:.1f}"
    )
    print("  memory kept after each quarter: " + ", ".join(f"{peak:.0f} KB" for peak in peaks))


if __name__ == "__main__":
    main()

"""How fast a session replays, as it is and compiled, and whether memory stays flat."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from river.drift import PageHinkley

from bench.compiled import Taken, compiled, fastest, told
from bench.twenty_minutes import INFO, twenty_minutes
from lullaflow.detection import LetDownDetector, Samples
from lullaflow.session.core import Core

PARTS: Final = 8
"""Memory is read after each of so many equal parts."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds for twenty minutes of both sides at 50 Hz, on one core.

    Attributes:
        detector_s: our detector alone.
        core_s: the whole core, as `lullaflow replay` runs it after reading the file.
        page_hinkley_s: river's Page-Hinkley, one for each channel, on every sample.
        grown_kb: what the core's memory grew by in the second half.
        compiled: our detector and core as machine code; None where they could not be compiled.
    """

    detector_s: float
    core_s: float
    page_hinkley_s: float
    grown_kb: float
    compiled: Taken | None = None


def measure() -> Speed:
    """Measure it."""
    samples = twenty_minutes()
    detector_s, core_s, page_hinkley_s = fastest(
        lambda: LetDownDetector().update(samples),
        lambda: Core(INFO).step(samples),
        lambda: _page_hinkley(samples),
    )
    return Speed(detector_s, core_s, page_hinkley_s, _grown_kb(samples), compiled(told(samples)))


def _page_hinkley(samples: Samples) -> int:
    alarms = 0
    for column in (
        samples.left_vacuum_mmhg,
        samples.left_volume_ml,
        samples.right_vacuum_mmhg,
        samples.right_volume_ml,
    ):
        test = PageHinkley()
        for value in column[~np.isnan(column)].tolist():
            test.update(value)
            alarms += test.drift_detected
    return alarms


def _grown_kb(samples: Samples) -> float:
    cuts = np.linspace(0, len(samples.t_s), PARTS + 1).astype(int)
    core = Core(INFO)
    tracemalloc.start()
    held = []
    for first, last in pairwise(cuts.tolist()):
        core.step(
            Samples(
                samples.t_s[first:last],
                samples.left_vacuum_mmhg[first:last],
                samples.left_volume_ml[first:last],
                samples.right_vacuum_mmhg[first:last],
                samples.right_volume_ml[first:last],
            )
        )
        held.append(tracemalloc.get_traced_memory()[0] / 1024.0)
    tracemalloc.stop()
    return held[-1] - held[PARTS // 2 - 1]

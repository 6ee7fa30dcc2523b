"""The shape of a rise: what its size and age do not tell of it.

Milk goes on, comes in many parts and no faster in the end than in between. A scale that settles, an
arm or a bottle that is put straight come to rest, come at once, or regain a level that had been
there before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.binning import BIN_S
from lullaflow.detection.evidence import Rise
from lullaflow.detection.slopes import slope
from lullaflow.detection.templates import LEAST_BINS
from lullaflow.detection.track import RECENT_BINS, Track

LARGEST: Final = 2
"""So many parts of a rise are left out, to see whether it is more than they."""

LATEST: Final = 3
"""Bins whose gain is compared with all of them."""

ROUGH_BINS: Final = 8
"""How far the level strays from a line is read over four seconds."""

LEAST_ML_S: Final = 0.01
"""A flow that something is divided by is no smaller than drips."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What one bottle's rise looks like.

    Attributes:
        lately_ml_s: flow over its latter half.
        parts_ml_s: flow gained without its two largest half seconds; of up to `LEAST_BINS`, with
            them.
        sunk_ml: how far the level lay below its top of the last minute as it began.
        rough: variance about a line over the last four seconds, as a multiple of the session's own.
        latest: gain of the last bins as a multiple of the mean gain, the flow before taken off.
        now: flow gained by now as a multiple of the flow gained on average.
        calm_bins: since the last touch.
    """

    lately_ml_s: float
    parts_ml_s: float
    sunk_ml: float
    rough: float
    latest: float
    now: float
    calm_bins: int


def shape_of(track: Track, rise: Rise, white: float) -> Shape:
    """Return the shape of a rise; `white` is the variance of the session's own noise, ml^2."""
    bins = max(rise.bins, LEAST_BINS)
    gains = np.diff(track.last(bins + 1))
    half = min(max(rise.bins // 2, LEAST_BINS), max(track.real - 1, LEAST_BINS))
    beyond = gains[-rise.bins :] - rise.base_ml_s * BIN_S
    last = track.last(ROUGH_BINS)
    line = slope(ROUGH_BINS - 1)
    off = last - last.mean() - (last @ line) / (line @ line) * line
    return Shape(
        lately_ml_s=float(track.last(half + 1) @ slope(half)),
        parts_ml_s=_without_largest(beyond) if bins > LEAST_BINS else rise.gained_ml_s,
        sunk_ml=float(track.sunk(np.array([bins]))[0]),
        rough=float(off @ off) / (ROUGH_BINS - 2.0) / white,
        latest=float(beyond[-LATEST:].mean()) / max(float(beyond.mean()), LEAST_ML_S * BIN_S),
        now=(track.flow_ml_s(RECENT_BINS) - rise.base_ml_s) / max(rise.gained_ml_s, LEAST_ML_S),
        calm_bins=track.real,
    )


def _without_largest(gains: NDArray[np.float64]) -> float:
    kept = np.sort(gains)[:-LARGEST]
    return float(kept.mean()) / BIN_S

"""What the taught eye sees: how both bottles filled in the last minute, and what they are like.

All figures are given raw; what they mean, the eye has learnt (`likeness`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from lullaflow.detection.binning import BIN_S
from lullaflow.detection.bottle import Bottle
from lullaflow.detection.slopes import slope
from lullaflow.detection.vacuum import VacuumTracker

AGO: Final = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 80, 128)
"""Between each two of these, in bins, flow is read: closely of late, and coarsely before."""

TREMBLED_BINS: Final = (4, 16, 40)
"""How much a bottle trembled is read over two, eight and twenty seconds."""

ROUGH_BINS: Final = 8
"""How far the level strays from a line is read over four seconds."""

MOST_BINS: Final = 400
"""After so long it does not matter how long ago the last let-down was."""

KNOWN_BINS: Final = 240
"""After two minutes it does not matter how long a bottle has been followed: how late it is counts
elsewhere (`timing`)."""

APART_S: Final = 60.0
"""Stands for 'the other side does not rise at all'."""

OF_BOTTLE: Final = (
    *(f"flow_{later}_{sooner}_ml_s" for later, sooner in pairwise(AGO)),
    *(f"trembled_{bins}" for bins in TREMBLED_BINS),
    "rough",
    "sunk_ml",
    "against_none",
    "against_all",
    "against_all_ample",
    "gained_ml_s",
    "base_ml_s",
    "bins",
    "white_ml2",
    "step_ml",
    "calm_bins",
    "known_bins",
    "touches_h",
    "since_bins",
    "milk_ml",
    "mmhg",
    "settled",
    "present",
)
"""Of each bottle, see `_of`."""

FIGURES: Final = (
    *(f"stronger {name}" for name in OF_BOTTLE),
    *(f"weaker {name}" for name in OF_BOTTLE),
    "weight",
    "apart_s",
    "proven",
)
"""What stands where in what `figures` returns."""

_AT: Final = AGO[-1] - np.array(AGO)
_LASTED_S: Final = np.diff(AGO) * BIN_S
_TREMBLED: Final = np.array(TREMBLED_BINS)
_LINE: Final = slope(ROUGH_BINS - 1)
_SPREAD: Final = float(_LINE @ _LINE)


def figures(
    bottles: tuple[Bottle, Bottle],
    suction: tuple[VacuumTracker, VacuumTracker],
    weight: float,
    *,
    proven: bool,
) -> list[float]:
    """Return what is seen of a rise at the last bin.

    Args:
        bottles: left and right.
        suction: likewise.
        weight: logarithm of the odds against the likeliest of all else, both bottles together.
        proven: whether a let-down has brought so much that milk is taken to come.

    Returns:
        one number for each of `FIGURES`; rates in ml/s, times in bins but for `apart_s`.
    """
    left, right = zip(bottles, suction, strict=True)
    first, second = left, right
    if right[0].rise.against_none > left[0].rise.against_none:
        first, second = right, left
    strong, weak = first[0].rise, second[0].rise
    apart_s = abs(strong.onset_s - weak.onset_s) if weak.against_none else APART_S
    seen = [*_of(*first), *_of(*second), weight, min(apart_s, APART_S), float(proven)]
    # The eye was taught in single precision, and some figures lie on the very edges it learnt.
    single: list[float] = np.array(seen, np.float32).tolist()
    return single


def _of(bottle: Bottle, suction: VacuumTracker) -> list[float]:
    """Return what is seen of one bottle: how it filled, trembled and strayed from a line.

    And how far it lies below its top of the last minute, its rise, its noise, how long it has not
    been touched and has been followed, how often it is touched, its levels since the last let-down
    was told (or since a touch soon after it), its milk, its suction, and whether its level is
    believed. All zero where there is none.
    """
    if not bottle.present:
        return [0.0] * len(OF_BOTTLE)
    track, rise = bottle.track, bottle.rise
    levels = track.last(AGO[-1] + 1)
    at = levels[_AT]
    last = levels[-ROUGH_BINS:] - levels[-ROUGH_BINS:].mean()
    along = float(last @ _LINE)
    off_ml2 = float(last @ last) - along * along / _SPREAD
    return [
        *((at[:-1] - at[1:]) / _LASTED_S).tolist(),
        *bottle.trembled(_TREMBLED).tolist(),
        off_ml2 / (ROUGH_BINS - 2.0) / bottle.white_ml2,
        float(levels.max()) - float(levels[-1]),
        rise.against_none,
        rise.against_all,
        rise.against_all_ample,
        rise.gained_ml_s,
        rise.base_ml_s,
        float(rise.bins),
        bottle.white_ml2,
        bottle.step_ml,
        float(track.real),
        float(min(track.count, KNOWN_BINS)),
        track.touches_h,
        float(MOST_BINS if track.since is None else min(track.since, MOST_BINS)),
        bottle.milk_ml,
        suction.last_mmhg,
        float(bottle.settled),
        1.0,
    ]

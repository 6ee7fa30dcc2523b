"""What the taught eye sees: how both bottles filled in the last minutes, and what they are like.

All figures are given raw; what they mean, the eye has learnt (`likeness`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.binning import BIN_S
from lullaflow.detection.bottle import Bottle
from lullaflow.detection.slopes import slope
from lullaflow.detection.vacuum import VacuumTracker

AGO: Final = (
    *(0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 80, 128),
    *(192, 256, 384, 512),
)
"""Between each two of these, in bins, flow is read: closely of late, and coarsely before."""

TREMBLED_BINS: Final = (4, 16, 40)
"""How much a bottle trembled is read over two, eight and twenty seconds."""

ROUGH_BINS: Final = 8
"""How far the level strays from a line is read over four seconds."""

ROSE: Final = ((1, 8), (8, 32), (32, 128), (128, 512))
"""Whether something rose so many bins ago, and how clearly: what comes and goes is no milk. Each
begins where the one before ends."""

PUMPED_AGO: Final = (0, 16, 64, 256)
"""How the pump sucked so many bins ago: what falls together with a change of it may be the hand at
its button."""

MOST_SINCE_S: Final = 200.0
"""After so long it does not matter how long ago the last let-down was."""

KNOWN_BINS: Final = 240
"""After two minutes it does not matter how long a bottle has been followed: how late it is counts
elsewhere (`timing`). Whatever came before the recording began counts as stillness."""

APART_S: Final = 60.0
"""Stands for 'the other side does not rise at all'."""

OF_BOTTLE: Final = (
    *(f"flow_{later}_{sooner}_ml_s" for later, sooner in pairwise(AGO)),
    *(f"trembled_{bins}" for bins in TREMBLED_BINS),
    *(f"rose_{later}_{sooner}" for later, sooner in ROSE),
    *(f"peak_mmhg_{ago}" for ago in PUMPED_AGO),
    *(f"cycles_per_min_{ago}" for ago in PUMPED_AGO),
    "rough",
    "sunk_ml",
    "against_none",
    "against_all",
    "against_all_ample",
    "gained_ml_s",
    "base_ml_s",
    "peak_ml_s",
    "bins",
    "white_ml2",
    "step_ml",
    "calm_bins",
    "known_bins",
    "touches_h",
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
    "since_s",
)
"""What stands where in what `Sight.figures` returns."""

_AT: Final = AGO[-1] - np.array(AGO)
_LASTED_S: Final = np.diff(AGO) * BIN_S
_PUMPED: Final = np.array(PUMPED_AGO)
_ROSE: Final = np.array([later for later, _ in ROSE])
_ALL_AGO: Final = np.arange(ROSE[-1][-1])
_SUNK_BINS: Final = 129
"""How far a bottle has sunk is read over 64 s: it is put straight within a minute mostly."""

_LINE: Final = slope(ROUGH_BINS - 1)
_SPREAD: Final = float(_LINE @ _LINE)
_OF_PAST: Final = 3
"""Of each side its evidence of a rise, its suction and the rate of it are remembered."""


class Sight:
    """Sees both bottles, and remembers what rose and how the pump sucked in the last minutes."""

    def __init__(self) -> None:
        self._past = np.zeros((ROSE[-1][-1], 2 * _OF_PAST))
        self._index = 0

    def push(
        self,
        index: int,
        bottles: tuple[Bottle, Bottle],
        suction: tuple[VacuumTracker, VacuumTracker],
    ) -> None:
        """Remember the bin of this index, left and right; of bins that never came, nothing."""
        kept = len(self._past)
        for lost in range(max(self._index + 1, index - kept + 1), index):
            self._past[lost % kept] = 0.0
        (left, right), (left_suction, right_suction) = bottles, suction
        self._past[index % kept] = (
            left.rise.against_none,
            left_suction.peak_mmhg,
            left_suction.cycles_per_min,
            right.rise.against_none,
            right_suction.peak_mmhg,
            right_suction.cycles_per_min,
        )
        self._index = index

    def figures(
        self,
        bottles: tuple[Bottle, Bottle],
        suction: tuple[VacuumTracker, VacuumTracker],
        weight: float,
        *,
        proven: bool,
        since_s: float | None,
    ) -> NDArray[np.float32]:
        """Return what is seen of a rise at the last bin.

        Args:
            bottles: left and right.
            suction: likewise.
            weight: logarithm of the odds against the likeliest of all else, both bottles together.
            proven: whether a let-down has brought so much that milk is taken to come.
            since_s: time since the onset of the last let-down that was told; None for none.

        Returns:
            one number for each of `FIGURES`; rates in ml/s, times in bins but for `..._s`.
        """
        # The last bin first.
        past = self._past[(self._index - _ALL_AGO) % len(_ALL_AGO)]
        rose = np.maximum.reduceat(past[:, ::_OF_PAST], _ROSE).T.tolist()
        _, left_mmhg, left_cpm, _, right_mmhg, right_cpm = past[_PUMPED].T.tolist()
        before = ([*rose[0], *left_mmhg, *left_cpm], [*rose[1], *right_mmhg, *right_cpm])
        left, right = zip(bottles, suction, before, strict=True)
        first, second = left, right
        if right[0].rise.against_none > left[0].rise.against_none:
            first, second = right, left
        strong, weak = first[0].rise, second[0].rise
        apart_s = abs(strong.onset_s - weak.onset_s) if weak.against_none else APART_S
        seen = [
            *_of(*first),
            *_of(*second),
            weight,
            min(apart_s, APART_S),
            float(proven),
            MOST_SINCE_S if since_s is None else min(since_s, MOST_SINCE_S),
        ]
        # The eye was taught in single precision, and some figures lie on the very edges it learnt.
        return np.array(seen, np.float32)


def _of(bottle: Bottle, suction: VacuumTracker, before: list[float]) -> list[float]:
    """Return what is seen of one bottle: how it filled, trembled and strayed from a line.

    And whether it rose before, how the pump sucked, how far it lies below its top of the last
    minute, its rise, the highest flow since a let-down was told, its noise, how long it has not
    been touched and has been followed, how often it is touched, its milk, its suction, and whether
    its level is believed. All zero where there is none.
    """
    if not bottle.present:
        return [0.0] * len(OF_BOTTLE)
    track, rise = bottle.track, bottle.rise
    levels = track.last(AGO[-1] + 1)
    at = levels[_AT]
    last = levels[-ROUGH_BINS:]
    last = last - np.add.reduce(last) / ROUGH_BINS
    along = float(last @ _LINE)
    off_ml2 = float(last @ last) - along * along / _SPREAD
    return [
        *((at[:-1] - at[1:]) / _LASTED_S).tolist(),
        *bottle.trembled(TREMBLED_BINS),
        *before,
        off_ml2 / (ROUGH_BINS - 2.0) / bottle.white_ml2,
        float(np.maximum.reduce(levels[-_SUNK_BINS:]) - levels[-1]),
        rise.against_none,
        rise.against_all,
        rise.against_all_ample,
        rise.gained_ml_s,
        rise.base_ml_s,
        track.peak_ml_s,
        float(rise.bins),
        bottle.white_ml2,
        bottle.step_ml,
        float(track.real),
        float(min(track.count, KNOWN_BINS)),
        track.touches_h,
        bottle.milk_ml,
        suction.last_mmhg,
        float(bottle.settled),
        1.0,
    ]

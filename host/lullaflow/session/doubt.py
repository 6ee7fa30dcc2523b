"""Whether milk may be coming that nobody has told of: until that is clear, nothing is called slow.

Let-down is told when odds of 160,000 to one speak for it, or when it looks like milk. To hold
`let_down_slow` back much less must do: flow that looks like more than drips, or a bottle that
cannot be read just now. A mother who waits in vain gets her help some seconds later; one whose milk
flows is not told that it does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.binning import BIN_S
from lullaflow.detection.slopes import slope

FLOWS: Final = ((8, 0.04), (20, 0.03), (40, 0.03), (60, 0.03))
"""Bins without a touch, and the flow over them, ml/s, that is more than drips and what the scale's
noise makes of none: drips are up to 0.05 g/s, but for a moment, and 0.02 while the pump
stimulates. What ebbs, or what a scale of coarse steps shows, is seen over twenty or thirty seconds
only. Chosen."""

READ_BINS: Final = 8
"""Four seconds after a touch a bottle is read again ..."""

FAINT_ML_S: Final = 0.03
"""... later, where the scale's steps are coarse: when so faint a flow would have shown the next.
Both were chosen."""

WAVERS: Final = 1.5
"""A scale that wavers between two figures seems to fall by so many of its steps."""

NOISE_FACTOR: Final = 4.0
"""A fall of this many standard deviations is none of the noise: one look in 30,000."""

LATE_S: Final = 1.0
"""A level older than this is none of now."""

UNREAD_S: Final = 60.0
"""A bottle that cannot be read holds back no longer than this in all: hands rest on it for twenty
seconds at most, a few times, and a scale may be broken. One of whole grams, which takes half a
minute to be read after each touch, has used it up after two. Chosen."""


class Levels(Protocol):
    """The last levels of one bottle, as `lullaflow.detection.track.Track` keeps them."""

    @property
    def end_s(self) -> float:
        """Moment of the last level, recording time."""

    @property
    def real(self) -> int:
        """Levels since the last touch."""

    @property
    def touches(self) -> int:
        """How often the bottle was touched so far."""

    def last(self, count: int) -> NDArray[np.float64]:
        """Return the last levels, ml, one a bin."""


class Scale(Protocol):
    """The scale of one bottle, as `lullaflow.detection.bottle.Bottle` follows it."""

    @property
    def track(self) -> Levels:
        """Its last levels."""

    @property
    def step_ml(self) -> float:
        """Step of its figures, ml."""

    @property
    def white_ml2(self) -> float:
        """Variance of its levels about a smooth line."""


class Doubt:
    """Looks at the bottles while nothing is told of them.

    Attributes:
        holds: whether milk may be coming, as of the last look.
    """

    def __init__(self) -> None:
        self._unread_s = 0.0
        self.holds = False

    def look(self, now_s: float, scales: Sequence[Scale]) -> None:
        """Look at all scales there are, once a bin."""
        unread = not all(_is_read(scale, now_s) for scale in scales)
        if unread:
            self._unread_s += BIN_S
        self.holds = any(_flows(scale, now_s) for scale in scales) or (
            unread and self._unread_s <= UNREAD_S
        )


def _is_read(scale: Scale, now_s: float) -> bool:
    step_s = scale.step_ml / FAINT_ML_S
    calm = _is_calm(scale.track, now_s, max(READ_BINS, round(step_s / BIN_S)))
    return calm and not _sinks(scale)


def _sinks(scale: Scale) -> bool:
    """Tell whether a hand that nobody noticed moves the bottle: milk never leaves it."""
    bins, drips_ml_s = FLOWS[0]
    wavers_ml_s = WAVERS * scale.step_ml / (bins * BIN_S)
    weights = slope(bins)
    noise_ml_s = NOISE_FACTOR * math.sqrt(scale.white_ml2 * float(weights @ weights))
    fast_ml_s = max(drips_ml_s, wavers_ml_s, noise_ml_s)
    return scale.track.real >= bins and _slope_ml_s(scale.track, bins) < -fast_ml_s


def _is_calm(levels: Levels, now_s: float, bins: int) -> bool:
    """Tell whether nothing has touched the bottle for so many bins."""
    fresh = now_s - levels.end_s <= LATE_S
    return fresh and (levels.real >= bins or not levels.touches)


def _flows(scale: Scale, now_s: float) -> bool:
    levels = scale.track
    return _is_calm(levels, now_s, READ_BINS) and any(
        levels.real >= bins and _slope_ml_s(levels, bins) > drips for bins, drips in FLOWS
    )


def _slope_ml_s(levels: Levels, bins: int) -> float:
    """Return the flow over the last bins, by least squares."""
    return float(levels.last(bins + 1) @ slope(bins))

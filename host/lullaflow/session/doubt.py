"""Whether milk may be coming that nobody has told of: until that is clear, nothing is called slow.

Let-down is told when odds of 36,000 to one speak for it. To hold `let_down_slow` back much less
must do: flow that looks like more than drips, or a bottle that cannot be read just now. A mother
who waits in vain gets her help some seconds later; one whose milk flows is not told that it does
not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.binning import BIN_S

FLOWS: Final = ((8, 0.06), (20, 0.03))
"""Bins without a touch, and the flow over them, ml/s, that is more than drips and what the scale's
noise makes of none: drips are up to 0.05 g/s for a moment, 0.02 while the pump stimulates.
Fitted."""

READ_BINS: Final = 8
"""Four seconds after a touch a bottle is read again."""

LATE_S: Final = 1.0
"""A level older than this is none of now."""

UNREAD_S: Final = 30.0
"""A bottle that cannot be read holds back no longer than this in all: hands rest on it for twenty
seconds at most, and a scale may be broken."""


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


class Doubt:
    """Looks at the bottles while nothing is told of them.

    Attributes:
        holds: whether milk may be coming, as of the last look.
    """

    def __init__(self) -> None:
        self._unread_s = 0.0
        self.holds = False

    def look(self, now_s: float, bottles: Sequence[Levels]) -> None:
        """Look at the bottles that have a scale, once a bin."""
        unread = not all(_is_read(bottle, now_s) for bottle in bottles)
        if unread:
            self._unread_s += BIN_S
        self.holds = any(_flows(bottle, now_s) for bottle in bottles) or (
            unread and self._unread_s <= UNREAD_S
        )


def _is_read(bottle: Levels, now_s: float) -> bool:
    fresh = now_s - bottle.end_s <= LATE_S
    return fresh and (bottle.real >= READ_BINS or not bottle.touches)


def _flows(bottle: Levels, now_s: float) -> bool:
    return _is_read(bottle, now_s) and any(
        bottle.real >= bins and _slope_ml_s(bottle, bins) > drips for bins, drips in FLOWS
    )


def _slope_ml_s(bottle: Levels, bins: int) -> float:
    """Return the flow over the last bins, by least squares."""
    return float(bottle.last(bins + 1) @ _SLOPES[bins])


def _line(bins: int) -> NDArray[np.float64]:
    at = BIN_S * (np.arange(bins + 1) - bins / 2.0)
    return at / (at @ at)


_SLOPES: Final = {bins: _line(bins) for bins, _ in FLOWS}

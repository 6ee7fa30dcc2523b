"""Whether a seal leaks: suction that is weak beside what is usual, or beside the other side's.

A pump keeps its suction to a fifth (Symphony: 20 mmHg), a hand on the dial changes it by less than
a third at once, and on both sides; a mode has its own, so what is usual is learnt for each phase.
"""

from __future__ import annotations

from typing import Final

from lullaflow.detection.vacuum import VacuumTracker
from lullaflow_protocol.events import Phase, Side

SETTLED_BINS: Final = 8
"""Four seconds in one phase show what suction is usual in it; the peak is six seconds' own.
Chosen."""

USUAL_SHARE: Final = 0.6
"""Suction under this share of the usual leaks. Chosen."""

MATE_SHARE: Final = 0.65
"""One side that pulls less than this share of the other's leaks: both hang on one pump, or on two
that are set alike, and two that keep their suction to a fifth differ by a third."""

TURNED_SHARE: Final = 0.7
"""When the other side has fallen to under this share of its usual, too, a hand turned the dial.
Chosen."""

WEAK_BINS: Final = 12
"""Six seconds of it, beside the peak's own six: a leak of a quarter of a minute is to be told, and
a nudge of the flange, which is over by then, is not. Not swept: no session tells what she thinks of
a word about a nudge."""

GIVEN_UP_BINS: Final = 360
"""After three minutes weak suction is the usual one: she has heard of it, or wants it so. Not
swept, for the same reason."""

FOLLOW: Final = 0.02
"""Share by which the usual follows each half second: slowly, so that neither a leak that creeps in
nor the first seconds of another phase become the usual. Chosen."""

SIDES: Final[tuple[Side, Side]] = ("left", "right")


class Seal:
    """Watches the seals of both sides.

    Args:
        sides: the left and the right side's suction, which somebody else pushes on.

    Attributes:
        leaking: the side that leaks, None while both are tight.
    """

    def __init__(self, sides: tuple[VacuumTracker, VacuumTracker]) -> None:
        self._sides = sides
        self._usual: tuple[dict[Phase, float], dict[Phase, float]] = ({}, {})
        self._weak_bins = [0, 0]
        self.leaking: Side | None = None

    def rest(self) -> None:
        """The pump rests."""
        self._weak_bins = [0, 0]
        self.leaking = None

    def push(self, phase: Phase, calm_bins: int) -> None:
        """Take one bin of a pump that has run in a phase for so long."""
        if calm_bins < SETTLED_BINS:
            self.rest()
            return
        shares = [self._share(side, phase) for side in (0, 1)]
        for side in (0, 1):
            weak = self._is_weak(side, shares)
            self._weak_bins[side] = self._weak_bins[side] + 1 if weak else 0
            self._learn(side, phase, weak=weak)
        worse = 0 if self._weak_bins[0] >= self._weak_bins[1] else 1
        self.leaking = SIDES[worse] if self._weak_bins[worse] >= WEAK_BINS else None

    def _share(self, side: int, phase: Phase) -> float | None:
        """Return the suction as a share of the usual, None where none is usual."""
        usual = self._usual[side].get(phase)
        return None if usual is None else self._sides[side].peak_mmhg / usual

    def _is_weak(self, side: int, shares: list[float | None]) -> bool:
        mine, theirs = shares[side], shares[1 - side]
        own, other = self._sides[side], self._sides[1 - side]
        if mine is not None and mine < USUAL_SHARE:
            return theirs is None or theirs >= TURNED_SHARE or not other.running
        both = own.running and other.running
        return both and own.peak_mmhg < MATE_SHARE * other.peak_mmhg

    def _learn(self, side: int, phase: Phase, *, weak: bool) -> None:
        peak = self._sides[side].peak_mmhg
        usual = self._usual[side].get(phase)
        if usual is None:
            if self._sides[side].running:
                self._usual[side][phase] = peak
        elif self._weak_bins[side] >= GIVEN_UP_BINS and self._sides[side].running:
            self._usual[side][phase] = peak
        elif not weak:
            self._usual[side][phase] = usual + FOLLOW * (peak - usual)

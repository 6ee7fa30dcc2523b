"""One bottle's level: how much milk is really in it, with every touch taken out.

A scale feels knocks, hands, arms and lifted bottles. Two facts tell them from milk: milk comes no
faster than it can flow, and it never leaves the bottle. What breaks them makes the level
*unsettled*: it is followed further, but believed again only when it has come back to where milk
alone would have brought it, or has rested long enough to be the new state of things.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from statistics import median
from typing import Final, NamedTuple

MAX_FLOW_ML_S: Final = 0.9
"""0.92 g/s is the highest flow on record (Ramsay 2006: 4.6 g in 5 s)."""

USUAL_FLOW_ML_S: Final = 0.15
"""Over a touch only what a usual flow brings is milk: a hand's weight must not pass for it."""

SPURT_S: Final = 1.5
"""Milk of this long may fall at once: one stroke of slow expression (40 cycles a minute)."""

FLOW_SPREAD_ML: Final = 0.7
"""Readings within a bin differ this much at the strongest flow: half a spurt."""

TOUCH_FACTOR: Final = 4.0
"""A spread this many times the session's usual one, beyond the flow's own, is a touch."""

FIRST_SPREAD_ML: Final = 0.1
"""Usual spread within a bin until the session has shown its own."""

SPREAD_BINS: Final = 120
"""One minute, whose median spread is the usual one."""

CALM_BINS: Final = 2
"""Bins without a touch before the scale is read again."""

GAP_S: Final = 2.1
"""Longer without a reading, and what lies between cannot be followed."""

FIRST_STEP_ML: Final = 0.07
"""Two readings of a usual scale differ by this (0.05 ml each) until it has shown its own noise."""

FALL_FACTOR: Final = 6.0
"""A fall of this many standard deviations is none of the noise."""

STEP_FACTOR: Final = 1.2
"""Nor is a fall by the scale's own step, by which a level at its edge falls at once; a fifth is
left for the shaking that was taken out."""

LEAST_FALL_ML: Final = 0.15
"""Three drops: smaller falls are the scale's own wandering."""

REST_S: Final = 45.0
"""A level that nothing disturbs for so long is the new state of things: an arm that leans on a
bottle moves sooner."""

EMPTY_ML: Final = 3.5
"""A scale that drops to about zero was tared, or has an empty bottle on it."""


class Trust(Enum):
    """How far a bottle's level can be believed."""

    SETTLED = "settled"
    UNSETTLED = "unsettled"


class Reading(NamedTuple):
    """The level at the end of a bin.

    Attributes:
        end_s: recording time.
        milk_ml: milk since the recording began.
        follows: whether it can be compared with the readings before it.
        below_ml: how far a level that is not believed lies below the last that was; 0 when it is.
        shift_ml: what to add to all readings since the last one that did not follow, for they have
            turned out to be comparable with those before after all; None when they have not.
    """

    end_s: float
    milk_ml: float
    follows: bool
    below_ml: float = 0.0
    shift_ml: float | None = None


class Level:
    """Follows the level of one bottle.

    Attributes:
        trust: whether it is believed.
        milk_ml: milk since the recording began.
        step_noise_ml: standard deviation of the difference of two readings, set by who learns it.
        spurt_s: time whose milk may fall at once: the pump's cycle.
    """

    def __init__(self) -> None:
        self.trust = Trust.SETTLED
        self.milk_ml = 0.0
        self.step_noise_ml = FIRST_STEP_ML
        self.spurt_s = SPURT_S
        self.step_ml = 0.0
        self._spreads: deque[float] = deque(maxlen=SPREAD_BINS)
        self._spread_ml = FIRST_SPREAD_ML
        self._learned = 0
        self._calm = 0
        self._broken = True
        self._last: tuple[float, float] | None = None
        self._offset_ml: float | None = None
        self._settled: tuple[float, float, float] = (0.0, 0.0, 0.0)  # s, raw, offset
        self._disturbed_s = 0.0

    def push(self, end_s: float, values: list[float]) -> Reading | None:
        """Take the scale's samples (ml) of one bin; return the level when it can be told."""
        raw, spread = _middle(values)
        usual = TOUCH_FACTOR * self._spread_ml + self.step_ml
        touched = spread > FLOW_SPREAD_ML + usual
        self._learn_spread(spread)
        if touched:
            self._disturb(end_s)
            return None
        self._calm += 1
        if self._calm < CALM_BINS:
            self._last = (end_s, raw)
            return None
        if self._last is not None:
            elapsed_s = end_s - self._last[0]
            if elapsed_s > GAP_S:
                self._broken = True
            if not self._is_milk(raw - self._last[1], elapsed_s):
                self._disturb(end_s)
                self._calm = 1
                self._last = (end_s, raw)
                return None
        self._last = (end_s, raw)
        return self._read(end_s, raw)

    def _read(self, end_s: float, raw: float) -> Reading:
        follows = not self._broken
        shift_ml: float | None = None
        if self._offset_ml is None:
            self._offset_ml = raw
        elif (
            self._broken
            and self.trust is Trust.SETTLED
            and not self._is_milk(raw - self._settled[1], end_s - self._settled[0])
        ):
            # Only silence lay between, but the level has changed in it as no milk does.
            self._disturb(end_s)
        if self._broken and self.trust is Trust.UNSETTLED:
            self._offset_ml = raw - self.milk_ml
        self._broken = False
        if self.trust is Trust.UNSETTLED:
            settled_s, settled_raw, settled_offset = self._settled
            if self._is_milk(raw - settled_raw, end_s - settled_s, returning=True):
                shift_ml = self._offset_ml - settled_offset
                self._offset_ml = settled_offset
                self.trust = Trust.SETTLED
            elif end_s - self._disturbed_s > REST_S or (
                abs(raw) < EMPTY_ML < settled_raw - EMPTY_ML
            ):
                self.trust = Trust.SETTLED
        self.milk_ml = raw - self._offset_ml
        if self.trust is Trust.SETTLED:
            self._settled = (end_s, raw, self._offset_ml)
        # 0 for a level that is believed: it is the last that was.
        below_ml = self._settled[1] - raw
        return Reading(end_s, self.milk_ml, follows, below_ml, shift_ml)

    def _disturb(self, end_s: float) -> None:
        self.trust = Trust.UNSETTLED
        self._disturbed_s = end_s
        self._broken = True
        self._calm = 0

    def _is_milk(self, gain_ml: float, elapsed_s: float, *, returning: bool = False) -> bool:
        """Tell whether milk alone may have brought the level from one reading to another."""
        fall_ml = max(LEAST_FALL_ML, FALL_FACTOR * self.step_noise_ml, STEP_FACTOR * self.step_ml)
        if gain_ml < -fall_ml:
            return False
        flow_ml_s = USUAL_FLOW_ML_S if returning else MAX_FLOW_ML_S
        return gain_ml <= flow_ml_s * (elapsed_s + self.spurt_s) + fall_ml

    def _learn_spread(self, spread: float) -> None:
        self._spreads.append(spread)
        self._learned += 1
        if self._learned >= 20 and self._learned % 10 == 0:
            self._spread_ml = median(self._spreads)


def _middle(values: list[float]) -> tuple[float, float]:
    """Return the mean and the spread of a bin without its farthest sample, when there are many."""
    if len(values) < 4:
        return median(values), max(values) - min(values)
    ordered = sorted(values)
    low, high = ordered[1] - ordered[0], ordered[-1] - ordered[-2]
    kept = ordered[:-1] if high >= low else ordered[1:]
    spread = kept[-1] - kept[0]
    # One sample alone is left out only when it is far off: a bad contact, a burst.
    if max(low, high) < spread + FIRST_SPREAD_ML:
        kept = ordered
    return sum(kept) / len(kept), spread

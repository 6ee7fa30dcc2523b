"""One bottle's levels at even steps of time, with touches bridged.

What a touch leaves behind is no milk, and how much milk came meanwhile cannot be told. So a touch
is bridged along the flow before it: only slopes are compared over it, never levels. A rise that
began during a touch shows in the slope after it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.binning import BIN_S
from lullaflow.detection.level import Reading
from lullaflow.detection.slopes import slope

Array = NDArray[np.float64]

KEPT: Final = 520
"""Levels kept, at least: more than four minutes."""

BRIDGED_BINS: Final = 256
"""A touch is bridged over two minutes at most; how long it lasted beyond that does not matter."""

BACK_BINS: Final = 126
"""What has come back to where it was before a touch was touched for a minute at most."""

GAP_BINS: Final = 4
"""Lost readings of so many bins are filled evenly; after more, what came between is not known."""

REJOIN: Final = 3
"""Calm readings after a touch, until it is believed to be over."""

FLOW_BINS: Final = 12
"""Flow is read over six seconds: three strokes of slow expression."""

SHORT_BINS: Final = 20
"""A scale that lies still for less than ten seconds between two touches was held all the while:
falls break a touch's weight, and what would be left of it are its rises."""

BEFORE_BINS: Final = 2
"""A touch may begin gently: what rose in its last second before it was noticed is none of milk."""

HELD_BINS: Final = 8
"""The flow before a touch is read over the last four seconds, when there are so many."""

GUESS_S: Final = 120.0
"""The first guess of how often a bottle is touched counts like one touch in so many seconds."""

SAME_BINS: Final = 60
"""What flows after a touch that began within half a minute of a let-down is that let-down."""

RECENT_BINS: Final = 6
"""Flow of now: three seconds, two strokes at least."""

SMOOTH_BINS: Final = 8
"""What is shown as the flow is read over four seconds: two to eight strokes."""

STILL_BINS: Final = 16
"""Whether milk flows at all is read over eight seconds."""

RETURN_ML: Final = 0.15
DRIP_ML_S: Final = 0.03
"""What rises by this much to where it was before a touch has come back, and is no milk; but where
more than drips flowed before, it may be milk that went on."""

TOP_BINS: Final = 130
"""Milk never leaves the bottle: what regains a level of the last 65 s is none. A bottle that is
tilted, or leant on from below, is put straight again within a minute mostly."""


class Track:
    """Keeps the levels of one bottle.

    Attributes:
        end_s: moment of the last level.
        real: levels since the last bridge.
        count: levels since the recording began.
        touches: how often the levels broke off.
        since: levels since the last let-down was told; None before the first.
        peak_ml_s: highest flow since the last let-down was told (or since a touch soon after it).
        smooth_ml_s: flow over the last four seconds.
        still_ml_s: flow over the last eight.
    """

    def __init__(self) -> None:
        self.end_s = 0.0
        self.real = 0
        self.count = 0
        self.touches = 0
        self.since: int | None = None
        self.peak_ml_s = 0.0
        self.smooth_ml_s = 0.0
        self.still_ml_s = 0.0
        self._levels = np.zeros(2 * KEPT)
        self._flows = np.zeros(2 * KEPT)
        self._peaks = np.zeros(2 * KEPT)
        self._last = KEPT - 1
        self._milk_ml = 0.0
        self._held_ml_s = 0.0
        self._waiting: list[tuple[float, float]] | None = None

    def add(self, reading: Reading) -> bool:
        """Take a reading; tell whether the track has gone on."""
        if not self.count:
            self._levels[: self._last + 1] = reading.milk_ml
            self.count = self.real = 1
            self.end_s, self._milk_ml = reading.end_s, reading.milk_ml
            return False
        if reading.shift_ml is not None:
            self._milk_ml += reading.shift_ml
            if self.dry and self._waiting is None and reading.shift_ml < -RETURN_ML:
                return self._come_back(reading)
            if self._waiting:
                self._waiting = [(at, milk + reading.shift_ml) for at, milk in self._waiting]
        missing = round((reading.end_s - self.end_s) / BIN_S) - 1
        if not reading.follows or (self._waiting is None and missing > GAP_BINS):
            self._break()
        if self._waiting is not None:
            self._waiting.append((reading.end_s, reading.milk_ml))
            if len(self._waiting) < REJOIN:
                return False
            self._rejoin()
            return True
        self._follow(reading.end_s, reading.milk_ml)
        return True

    @property
    def touches_h(self) -> float:
        """Return how often the bottle is touched an hour; at first a guess."""
        return 3600.0 * (self.touches + 1) / (self.count * BIN_S + GUESS_S)

    @property
    def dry(self) -> bool:
        """Tell whether no more than drips flowed before the last touch."""
        return self._held_ml_s < DRIP_ML_S

    def begin(self) -> None:
        """A let-down has been told: the peak of its flow is looked for from now on."""
        self.since = 0
        self.peak_ml_s = self._held_ml_s = self.flow_ml_s(RECENT_BINS)
        self._peaks[:] = 0.0

    def last(self, count: int) -> Array:
        """Return the last levels, ml."""
        return self._levels[self._last + 1 - count : self._last + 1]

    def flow_ml_s(self, bins: int) -> float:
        """Return the flow over the last bins, by least squares; never below zero."""
        return max(0.0, float(self.last(bins + 1) @ slope(bins)))

    def flows(self, ago: NDArray[np.int64]) -> Array:
        """Return the flow so many bins ago, ml/s."""
        return self._flows[self._last - ago]

    def sunk(self, ago: NDArray[np.int64]) -> Array:
        """Return how far the level lay below its top, so many bins ago, ml."""
        most = int(ago.max())
        levels = self._levels[self._last + 1 - TOP_BINS - most : self._last + 1]
        # All windows share their middle; only what lies before and after it is gone through.
        before = np.maximum.accumulate(levels[most::-1])
        after = np.maximum.accumulate(levels[TOP_BINS - 1 :])
        middle = levels[most:TOP_BINS].max()
        tops = np.maximum(middle, np.maximum(before[ago], after[most - ago]))
        sunk: Array = tops - levels[-1 - ago]
        return sunk

    def peaks(self, ago: NDArray[np.int64]) -> Array:
        """Return the highest flow between the last let-down and so many bins ago, ml/s."""
        return self._peaks[self._last - ago]

    def _break(self) -> None:
        if self._waiting is None:
            self.touches += 1
            spoilt = self.real - 1
            if self.real > SHORT_BINS:
                spoilt = BEFORE_BINS
                held = self.last(HELD_BINS + 1 + spoilt)[: HELD_BINS + 1]
                self._held_ml_s = max(0.0, float(held @ slope(HELD_BINS)))
            self._flatten(spoilt)
        self._waiting = []
        self.real = 0

    def _come_back(self, reading: Reading) -> bool:
        """Take a level that has risen to where it was before a touch: that lasted until now."""
        self._flatten(min(self.real, BACK_BINS))
        self._waiting = [(reading.end_s, reading.milk_ml)]
        self.real = 0
        return False

    def _flatten(self, bins: int) -> None:
        """Lay the last levels on the line of the flow before them."""
        first = self._last - bins
        begun = self._levels[first]
        self._last = first
        self.count -= bins
        self.since = None if self.since is None else max(self.since - bins, 0)
        for step in range(1, bins + 1):
            self._put(begun + self._held_ml_s * BIN_S * step)

    def _rejoin(self) -> None:
        waiting, self._waiting = self._waiting or [], None
        first_s, self._milk_ml = waiting[0]
        same = self.since is not None and self.since < SAME_BINS
        away = min(round((first_s - self.end_s) / BIN_S), BRIDGED_BINS)
        begun = self._levels[self._last]
        for step in range(1, away + 1):
            self._put(begun + self._held_ml_s * BIN_S * step)
        self.end_s = first_s
        self.real = 1
        for end_s, milk_ml in waiting[1:]:
            self._follow(end_s, milk_ml)
        if same:
            self.begin()

    def _follow(self, end_s: float, milk_ml: float) -> None:
        steps = max(round((end_s - self.end_s) / BIN_S), 1)
        begun, gain = self._levels.item(self._last), milk_ml - self._milk_ml
        for step in range(1, steps + 1):
            self._put(begun + gain * step / steps)
        self.end_s, self._milk_ml = end_s, milk_ml
        self.real += steps

    def _put(self, level: float) -> None:
        if self._last == 2 * KEPT - 1:
            for kept in (self._levels, self._flows, self._peaks):
                kept[:KEPT] = kept[KEPT:]
            self._last = KEPT - 1
        self._last += 1
        self.count += 1
        last = self._last
        self._levels[last] = level
        smooth, flow, still = _FLOWS.dot(self._levels[last - STILL_BINS : last + 1]).tolist()
        self.smooth_ml_s, self.still_ml_s = max(smooth, 0.0), max(still, 0.0)
        self._flows[last] = flow_ml_s = max(flow, 0.0)
        if self.since is not None:
            self.since += 1
            if self.since > FLOW_BINS and flow_ml_s > self.peak_ml_s:
                self.peak_ml_s = flow_ml_s
            self._peaks[last] = self.peak_ml_s


_FLOWS: Final = np.array(
    [
        np.concatenate((np.zeros(STILL_BINS - bins), slope(bins)))
        for bins in (SMOOTH_BINS, FLOW_BINS, STILL_BINS)
    ]
)

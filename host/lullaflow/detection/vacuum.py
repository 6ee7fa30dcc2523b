"""What one side's suction tells: whether the pump runs, how fast and how strongly."""

from __future__ import annotations

from collections import deque
from statistics import median_low
from typing import Final

from lullaflow.detection.binning import BIN_S

RUNNING_MMHG: Final = 25.0
"""Peaks under this are no pumping: cleared pumps start at 20 to 60 mmHg (FDA K191802, K241004)."""

WINDOW_BINS: Final = 12
"""Six seconds: at least two cycles of any pump (10 to 120 a minute on the bench) that matters."""

PAUSE_BINS: Final = 6
"""Three seconds without suction are a pause; slow expression holds its pull in between."""

RISE_SHARE: Final = 0.65
FALL_SHARE: Final = 0.3
"""A cycle begins where the suction has come this far from its least to its peak, and is over where
it has fallen so far again. Some pumps never let go of more than a third (bench: near-constant).
Chosen."""

LATE_PULLS: Final = 2.0
"""After so many pulls that did not come, the rate is another one, or none. Chosen."""

SETTLED_BINS: Final = 4
"""Two seconds: before, the first pull may still be the only one. Chosen."""

LEAST_SWING: Final = 0.15
"""Suction that moves less than this share of its peak has no cycles: a valve is clogged. Chosen."""


class VacuumTracker:
    """Follows the suction of one side.

    Attributes:
        running: whether the pump runs.
        last_mmhg: strongest suction of the last bin.
        peak_mmhg: strongest suction of the last six seconds.
        cycles_per_min: over the same time, 0 when too few cycles were seen.
    """

    def __init__(self) -> None:
        self._peaks: deque[float] = deque(maxlen=WINDOW_BINS)
        self._lows: deque[float] = deque(maxlen=WINDOW_BINS)
        self._rises: deque[float] = deque(maxlen=4 * WINDOW_BINS)
        self._between: deque[tuple[float, float]] = deque(maxlen=4 * WINDOW_BINS)
        self._lost = True
        self._start_s = 0.0
        self._high = False
        self._quiet_bins = PAUSE_BINS
        self._settled_bins = 0
        self.running = False
        self.last_mmhg = 0.0
        self.peak_mmhg = 0.0
        self.cycles_per_min = 0.0

    @property
    def settled(self) -> bool:
        """Tell whether it has run for some seconds without a pause."""
        return self._settled_bins >= SETTLED_BINS

    @property
    def regular(self) -> bool:
        """Tell whether its pulls still come as often as `cycles_per_min` says."""
        if not self.cycles_per_min or not self._rises:
            return False
        return self._start_s - self._rises[-1] < LATE_PULLS * 60.0 / self.cycles_per_min

    def push(self, start_s: float, values: list[float]) -> None:
        """Take the suction samples (mmHg) of one bin; where there are none, no suction is seen."""
        passed = round((start_s - self._start_s) / BIN_S)
        self._start_s = start_s
        if passed > PAUSE_BINS:
            self._peaks.clear()
            self._lows.clear()
            self._forget()
        low, self.last_mmhg = (min(values), max(values)) if values else (0.0, 0.0)
        self._lows.append(low)
        self._peaks.append(self.last_mmhg)
        self.peak_mmhg = max(self._peaks)
        pulls = self.last_mmhg >= RUNNING_MMHG
        self._quiet_bins = 0 if pulls else self._quiet_bins + passed
        self.running = self._quiet_bins < PAUSE_BINS
        if values:
            self._count_cycles(start_s, values, lost=passed > 1)
        if not self.running:
            self._forget()
            return
        self._settled_bins += 1

    def _forget(self) -> None:
        """Forget the rhythm: what comes may have another."""
        self._rises.clear()
        self._between.clear()
        self._settled_bins = 0
        self.cycles_per_min = 0.0

    def _count_cycles(self, start_s: float, values: list[float], *, lost: bool) -> None:
        low = min(self._lows)
        swing = self.peak_mmhg - low
        if swing < LEAST_SWING * self.peak_mmhg:
            return
        rise_mmhg = max(low + RISE_SHARE * swing, RUNNING_MMHG)
        fall_mmhg = low + FALL_SHARE * swing
        if lost:
            self._high = values[0] > rise_mmhg
            self._lost = True
        before = len(self._between)
        falls, rises = self._lows[-1] <= fall_mmhg, self.last_mmhg > rise_mmhg
        if falls if self._high else rises:
            self._follow(start_s, values, rise_mmhg, fall_mmhg)
        rose = len(self._between) > before
        oldest_s = start_s - WINDOW_BINS * BIN_S
        while self._rises and self._rises[0] < oldest_s:
            self._rises.popleft()
        while self._between and self._between[0][0] < oldest_s:
            self._between.popleft()
        if rose:
            # Not the mean: a pull too weak to be counted makes one interval of two.
            self.cycles_per_min = 60.0 / median_low(between_s for _, between_s in self._between)

    def _follow(
        self, start_s: float, values: list[float], rise_mmhg: float, fall_mmhg: float
    ) -> None:
        high = self._high
        for i, value in enumerate(values):
            if high:
                high = value > fall_mmhg
            elif value > rise_mmhg:
                high = True
                self._rise(start_s + i * BIN_S / len(values))
        self._high = high

    def _rise(self, at_s: float) -> None:
        if self._rises and not self._lost:
            self._between.append((at_s, at_s - self._rises[-1]))
        self._rises.append(at_s)
        self._lost = False

    @property
    def stroke(self) -> tuple[float, float] | None:
        """Return when a stroke began and how long strokes are, None while they are not known."""
        if not self.running or len(self._rises) < 3:
            return None
        return self._rises[-1], (self._rises[-1] - self._rises[-3]) / 2.0

"""What the suction tells: whether the pump runs, how fast and how strongly, and the phase."""

from __future__ import annotations

from collections import deque
from typing import Final, Literal

from lullaflow.detection.binning import BIN_S

Rhythm = Literal["stimulation", "expression"]

RUNNING_MMHG: Final = 25.0
"""Peaks under this are no pumping: cleared pumps start at 20 to 60 mmHg (FDA K191802, K241004)."""

WINDOW_BINS: Final = 12
"""Six seconds: at least two cycles of any pump (10 to 120 a minute on the bench) that matters."""

PAUSE_BINS: Final = 6
"""Three seconds without suction are a pause; slow expression holds its pull in between."""

STIMULATION_FROM_CPM: Final = 55.0
"""A session that starts faster than this starts with stimulation (bench: 60 to 120)."""

CHANGE: Final = 0.2
"""A change of rate by a fifth is a change of phase; scatter within one is a few percent."""


class VacuumTracker:
    """Follows the suction of one side.

    Attributes:
        running: whether the pump runs.
        pulls: whether it pulled in the last bin.
        peak_mmhg: strongest suction of the last six seconds.
        cycles_per_min: over the same time, 0 when too few cycles were seen.
    """

    def __init__(self) -> None:
        self._peaks: deque[float] = deque(maxlen=WINDOW_BINS)
        self._rises: deque[float] = deque(maxlen=WINDOW_BINS + 1)
        self._start_s = 0.0
        self._high = False
        self._quiet_bins = PAUSE_BINS
        self._reference_cpm = 0.0
        self._settled_bins = 0
        self.running = False
        self.pulls = False
        self.peak_mmhg = 0.0
        self.cycles_per_min = 0.0
        self._rhythm: Rhythm | None = None

    def push(self, start_s: float, values: list[float]) -> None:
        """Take the suction samples (mmHg) of one bin; where there are none, no suction is seen."""
        passed = round((start_s - self._start_s) / BIN_S)
        self._start_s = start_s
        if passed > PAUSE_BINS:
            self._peaks.clear()
            self._forget()
        peak = max(values, default=0.0)
        self._peaks.append(peak)
        self.peak_mmhg = max(self._peaks)
        self.pulls = peak >= RUNNING_MMHG
        self._quiet_bins = 0 if self.pulls else self._quiet_bins + passed
        self.running = self._quiet_bins < PAUSE_BINS
        self._count_cycles(start_s, values)
        if not self.running:
            self._forget()
            return
        self._settled_bins += 1
        if self._settled_bins >= WINDOW_BINS and self.cycles_per_min:
            self._follow_rhythm()

    def _forget(self) -> None:
        """Forget the rhythm: what comes may have another."""
        self._rises.clear()
        self._settled_bins = 0
        self.cycles_per_min = 0.0

    def _count_cycles(self, start_s: float, values: list[float]) -> None:
        rise_mmhg = max(0.6 * self.peak_mmhg, RUNNING_MMHG)
        fall_mmhg = 0.3 * self.peak_mmhg
        for i, value in enumerate(values):
            if self._high:
                self._high = value > fall_mmhg
            elif value > rise_mmhg:
                self._high = True
                self._rises.append(start_s + i * BIN_S / len(values))
        while self._rises and self._rises[0] < start_s - WINDOW_BINS * BIN_S:
            self._rises.popleft()
        if len(self._rises) > 1:
            span_s = self._rises[-1] - self._rises[0]
            self.cycles_per_min = 60.0 * (len(self._rises) - 1) / span_s

    @property
    def rhythm(self) -> Rhythm | None:
        """Return the phase by rate, None until it is known: at the start, and after a pause."""
        known = self._settled_bins >= WINDOW_BINS and self.cycles_per_min
        return self._rhythm if known else None

    @property
    def stroke(self) -> tuple[float, float] | None:
        """Return when a stroke began and how long strokes are, None while they are not known."""
        if not self.running or len(self._rises) < 3:
            return None
        return self._rises[-1], (self._rises[-1] - self._rises[-3]) / 2.0

    def _follow_rhythm(self) -> None:
        cpm = self.cycles_per_min
        if self._rhythm is None:
            self._rhythm = "stimulation" if cpm >= STIMULATION_FROM_CPM else "expression"
            self._reference_cpm = cpm
        elif cpm < (1 - CHANGE) * self._reference_cpm:
            self._rhythm = "expression"
            self._reference_cpm = cpm
        elif cpm > (1 + CHANGE) * self._reference_cpm:
            if self._rhythm == "expression" and cpm >= STIMULATION_FROM_CPM:
                self._rhythm = "stimulation"
            self._reference_cpm = cpm

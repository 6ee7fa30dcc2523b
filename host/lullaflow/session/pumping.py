"""What the pump does, from both sides' suction: running, phase, seal, too strong."""

from __future__ import annotations

from typing import Final

from lullaflow.detection.binning import BIN_S, Bin
from lullaflow.detection.vacuum import VacuumTracker
from lullaflow_protocol.events import Phase, Side

BEGIN_CYCLES_S: Final = 3.0
"""Suction kept up this long is a session; shorter is somebody trying the flange."""

SUCTION_MMHG: Final = 10.0
"""Suction that is felt at all; a gauge at rest shows less than this."""

FORGET_S: Final = 3.0
"""A touch of the gauge that no pumping follows is no first suction."""

HELD_S: Final = 3.5
"""Two pulls this far apart are one stretch of suction: slow expression holds its pull in between,
and a lost frame hides one. Half a second more than the tracker's pause, for bins are that long."""

SETTLED_BINS: Final = 20
"""Ten seconds in one rhythm show what suction is usual in it."""

LEAK_SHARE: Final = 0.6
"""Suction under this share of the usual leaks: pumps hold +/- 20 mmHg (Symphony), 20 % at most."""

LEAK_BINS: Final = 16
"""Eight seconds of it: a nudge of the flange is shorter."""

HIGH_BINS: Final = 20
"""Ten seconds above the limit are sustained."""


class Pumping:
    """Follows the pump on both sides.

    Args:
        sides: the left and the right side's suction, which somebody else pushes on.

    Attributes:
        running: whether any side is pulled.
        first_suction_s: where the suction that runs now began, recording time.
        last_suction_s: the last moment with suction.
        pulled_s: how long there was suction, to the last pull. What no gauge saw does not count.
        pulled_before_s: the same at `first_suction_s`.
        rest_s: time since the last suction, as far as a gauge looked.
        unseen_s: time since any gauge gave a sample.
    """

    def __init__(self, sides: tuple[VacuumTracker, VacuumTracker]) -> None:
        self._sides = sides
        self._rhythm_before: Phase | None = None
        self._usual: dict[str, float] = {}
        self._settled = 0
        self._weak_bins = 0
        self._high_bins = 0
        self.running = False
        self.first_suction_s: float | None = None
        self.last_suction_s = 0.0
        self.pulled_s = 0.0
        self.pulled_before_s = 0.0
        self.rest_s = 0.0
        self.unseen_s = 0.0
        self._end_s = 0.0
        self._pulled_until_s = -HELD_S

    def push(self, bin_: Bin) -> None:
        """Take one bin, which the sides' suction has taken."""
        self._note_rest(bin_)
        for values in bin_.channels[::2]:
            self._note_suction(bin_, values)
        if any(tracker.pulls for tracker in self._sides):
            self._note_pull(bin_)
        rhythm, self._rhythm_before = self._rhythm_before, self._rhythm()
        self.running = any(tracker.running for tracker in self._sides)
        if not self.running and bin_.end_s - self.last_suction_s > FORGET_S:
            self.first_suction_s = None
        self._settled = self._settled + 1 if self.running and self._rhythm() == rhythm else 0
        self._watch_seal()

    @property
    def vacuum_mmhg(self) -> float:
        """Return the peak suction of the stronger side."""
        return max(tracker.peak_mmhg for tracker in self._sides)

    @property
    def cycles_per_min(self) -> float:
        """Return the rate of the stronger side."""
        return max(self._sides, key=lambda tracker: tracker.peak_mmhg).cycles_per_min

    @property
    def phase(self) -> Phase | None:
        """Return the phase, None until it is known."""
        return self._rhythm() if self.running else "paused"

    @property
    def has_begun(self) -> bool:
        """Tell whether the suction that runs now is a session's."""
        return (
            self.running
            and self.first_suction_s is not None
            and self.last_suction_s - self.first_suction_s >= BEGIN_CYCLES_S
        )

    @property
    def leaks(self) -> bool:
        """Tell whether suction has been weak for a while."""
        return self._weak_bins >= LEAK_BINS

    @property
    def leaking_side(self) -> Side:
        """Return the weaker side, of those that are pulled."""
        left, right = self._sides
        if not right.running:
            return "left"
        if not left.running:
            return "right"
        return "left" if left.peak_mmhg < right.peak_mmhg else "right"

    def is_high(self, limit_mmhg: float) -> bool:
        """Count this bin, and tell whether suction has stayed above a limit."""
        high = self.running and self.vacuum_mmhg > limit_mmhg
        self._high_bins = self._high_bins + 1 if high else 0
        return self._high_bins >= HIGH_BINS

    def _rhythm(self) -> Phase | None:
        return max(self._sides, key=lambda tracker: tracker.peak_mmhg).rhythm

    def _note_rest(self, bin_: Bin) -> None:
        passed_s, self._end_s = bin_.end_s - self._end_s, bin_.end_s
        if any(bin_.channels[::2]):
            self.rest_s += passed_s
            self.unseen_s = 0.0
        else:
            self.unseen_s += passed_s

    def _note_pull(self, bin_: Bin) -> None:
        since_s = bin_.end_s - self._pulled_until_s
        self.pulled_s += since_s if since_s <= HELD_S else BIN_S
        self._pulled_until_s = bin_.end_s

    def _note_suction(self, bin_: Bin, values: list[float]) -> None:
        for i, value in enumerate(values):
            if value >= SUCTION_MMHG:
                moment_s = bin_.start_s + i * BIN_S / len(values)
                if self.first_suction_s is None:
                    self.first_suction_s = moment_s
                    self.pulled_before_s = self.pulled_s
                self.rest_s = 0.0
                self.last_suction_s = max(self.last_suction_s, moment_s)

    def _watch_seal(self) -> None:
        rhythm = self._rhythm()
        if rhythm is None or self._settled < SETTLED_BINS:
            self._weak_bins = 0
            return
        peak = min(t.peak_mmhg for t in self._sides if t.running)
        usual = self._usual.setdefault(rhythm, peak)
        if peak < LEAK_SHARE * usual:
            self._weak_bins += 1
        else:
            self._weak_bins = 0
            # Slowly, so that a leak that creeps in does not become the usual.
            self._usual[rhythm] = usual + 0.02 * (peak - usual)

"""What the pump does, from both sides' suction: running, phase, seal, too strong."""

from __future__ import annotations

from typing import Final

from lullaflow.detection.binning import BIN_S, Bin
from lullaflow.detection.stimulation import Stimulation
from lullaflow.detection.vacuum import VacuumTracker
from lullaflow.session.rhythm import Rhythm
from lullaflow.session.seal import Seal
from lullaflow_protocol.events import Phase, Side

BEGIN_CYCLES_S: Final = 3.0
"""Suction kept up this long is a session; shorter is somebody trying the flange."""

SUCTION_MMHG: Final = 10.0
"""Suction that is felt at all; a gauge at rest shows less than this."""

FORGET_S: Final = 3.0
"""A touch of the gauge that no pumping follows is no first suction."""

HIGH_BINS: Final = 20
"""Ten seconds above the limit are sustained."""


class Pumping:
    """Follows the pump on both sides.

    Args:
        sides: the left and the right side's suction.
        stimulation: how long they stimulated. Somebody else pushes all three on.

    Attributes:
        running: whether any side is pulled.
        first_suction_s: where the suction that runs now began, recording time.
        last_suction_s: the last moment with suction.
        stimulated_before_s: how long it had stimulated before `first_suction_s`.
        rest_s: time since the last suction, as far as a gauge looked.
        unseen_s: time since any gauge gave a sample.
    """

    def __init__(
        self, sides: tuple[VacuumTracker, VacuumTracker], stimulation: Stimulation
    ) -> None:
        self._sides = sides
        self._stimulation = stimulation
        self._rhythm = Rhythm()
        self._seal = Seal(sides)
        self._high_bins = 0
        self.running = False
        self.first_suction_s: float | None = None
        self.last_suction_s = 0.0
        self.stimulated_before_s = 0.0
        self._stimulated_s = 0.0
        self.rest_s = 0.0
        self.unseen_s = 0.0
        self._end_s = 0.0

    def push(self, bin_: Bin) -> None:
        """Take one bin, which the sides' suction and the stimulation have taken."""
        start_s, end_s = bin_.start_s, bin_.end_s
        self._note_rest(end_s, seen=any(bin_.channels[::2]))
        left, right = self._sides
        for tracker, values in zip(self._sides, bin_.channels[::2], strict=True):
            if tracker.last_mmhg >= SUCTION_MMHG:
                self._note_suction(start_s, values)
        # The next bin's is counted before its first suction is noted.
        self._stimulated_s = self._stimulation.total_s
        self.running = left.running or right.running
        if not self.running and end_s - self.last_suction_s > FORGET_S:
            self.first_suction_s = None
        self._follow()

    @property
    def vacuum_mmhg(self) -> float:
        """Return the peak suction of the stronger side."""
        return self._stronger.peak_mmhg

    @property
    def cycles_per_min(self) -> float:
        """Return the rate of the stronger side."""
        return self._stronger.cycles_per_min

    @property
    def phase(self) -> Phase | None:
        """Return the phase, None until it is known."""
        return self._rhythm.phase if self.running else "paused"

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
        return self._seal.leaking is not None

    @property
    def leaking_side(self) -> Side:
        """Return the side that leaks; the left where none does."""
        return self._seal.leaking or "left"

    def is_high(self, limit_mmhg: float) -> bool:
        """Count this bin, and tell whether suction has stayed above a limit."""
        high = self.running and self.vacuum_mmhg > limit_mmhg
        self._high_bins = self._high_bins + 1 if high else 0
        return self._high_bins >= HIGH_BINS

    @property
    def _stronger(self) -> VacuumTracker:
        left, right = self._sides
        return left if left.peak_mmhg >= right.peak_mmhg else right

    def _follow(self) -> None:
        stronger = self._stronger
        if not stronger.settled:
            self._rhythm.rest()
        elif stronger.regular:
            self._rhythm.push(stronger.cycles_per_min, stronger.peak_mmhg)
        else:
            self._rhythm.falter()
        phase = self._rhythm.phase
        if phase is None:
            self._seal.rest()
        elif self._rhythm.in_step:
            self._seal.push(phase, self._rhythm.calm_bins)

    def _note_rest(self, end_s: float, *, seen: bool) -> None:
        passed_s, self._end_s = end_s - self._end_s, end_s
        if seen:
            self.rest_s += passed_s
            self.unseen_s = 0.0
        else:
            self.unseen_s += passed_s

    def _note_suction(self, start_s: float, values: list[float]) -> None:
        step_s = BIN_S / len(values)
        if self.first_suction_s is None:
            first = next(i for i, value in enumerate(values) if value >= SUCTION_MMHG)
            self.first_suction_s = start_s + first * step_s
            self.stimulated_before_s = self._stimulated_s
        last = len(values) - 1
        while values[last] < SUCTION_MMHG:
            last -= 1
        self.last_suction_s = max(self.last_suction_s, start_s + last * step_s)
        self.rest_s = 0.0

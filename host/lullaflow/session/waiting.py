"""Waits for the first let-down of a session, and tells when it turns out to be slow.

What counts is stimulation: time with suction that deserves the name, or in volume-only use all
time. An idle pump makes nothing slow.
"""

from __future__ import annotations

from typing import Final

from lullaflow.detection import LetDownDetector
from lullaflow.session.doubt import Doubt
from lullaflow.session.pumping import Pumping

FLOWING_ML_S: Final = 0.1
"""Flow above this is milk whatever else is known (Idei 2024), so let-down is not called slow."""

MUCH_ML: Final = 16.0
DRIPS_ML_S: Final = 0.02
"""Who has so much beyond what each breast drips has had a let-down, told or not: what touches leave
behind in a bottle is seldom as much. Chosen."""


class Waiting:
    """Waits from the begin of a session on.

    Args:
        slow_after_s: stimulation after which let-down is slow.
        begin_s: when the session began, recording time.
        begin_ml: milk in both bottles then.
        pumping: what the pump does; None in volume-only use.
        goes_on: the session goes on with a sitting in which milk has come: nothing is slow in it.

    Attributes:
        goes_on: as given.
        over: the first let-down has come; set by who tells it.
        stimulation_s: stimulation so far, or until the first let-down.
        slow: whether let-down was slow.
    """

    def __init__(
        self,
        *,
        slow_after_s: float,
        begin_s: float,
        begin_ml: float,
        pumping: Pumping | None,
        goes_on: bool,
    ) -> None:
        self.goes_on = goes_on
        self.over = False
        self.stimulation_s = 0.0
        self.slow = False
        self._slow_after_s = slow_after_s
        self._begin_s = begin_s
        self._pumping = pumping
        self._before_s = 0.0 if pumping is None else pumping.stimulated_before_s
        self._doubt = Doubt()
        self._begin_ml = begin_ml

    def turns_slow(self, now_s: float, detector: LetDownDetector) -> bool:
        """Look once a bin; tell whether let-down turns out to be slow just now."""
        if self.over:
            return False
        pumping = self._pumping
        if pumping is None:
            self.stimulation_s = now_s - self._begin_s
        else:
            self.stimulation_s = detector.stimulation.total_s - self._before_s
        if self.slow or self.goes_on or self.stimulation_s < self._slow_after_s:
            return False
        stimulates = pumping is None or pumping.running
        self.slow = stimulates and not self._milk_may_come(now_s, detector)
        return self.slow

    def _milk_may_come(self, now_s: float, detector: LetDownDetector) -> bool:
        present = [bottle for bottle in detector.bottles if bottle.present]
        self._doubt.look(now_s, present)
        flowing = any(bottle.flow_ml_s > FLOWING_ML_S for bottle in present)
        gained_ml = sum(bottle.milk_ml for bottle in detector.bottles) - self._begin_ml
        drips_ml = DRIPS_ML_S * len(present) * (now_s - self._begin_s)
        much = gained_ml > MUCH_ML + drips_ml
        return flowing or much or detector.milk_may_flow or self._doubt.holds

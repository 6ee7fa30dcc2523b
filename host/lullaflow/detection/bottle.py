"""One bottle: its level, its flow and the evidence of a rise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lullaflow.detection.binning import BIN_S, Bin
from lullaflow.detection.evidence import COARSE_ML, NOTHING, Evidence
from lullaflow.detection.level import Level, Trust
from lullaflow.detection.track import Track
from lullaflow.detection.vacuum import VacuumTracker
from lullaflow.detection.vibration import Vibration

MOST_STEP_ML: Final = 2.0
LEAST_STEP_ML: Final = 0.001
"""Plain scales count in millilitres; what is finer than a microlitre is arithmetic."""

STILL_ML_S: Final = 0.03
"""Below this flow, what moves with the pump is no milk."""


class Bottle:
    """Follows the scale of one side.

    Attributes:
        present: whether this side has a scale.
        flow_ml_s: flow over the last seconds; while the bottle is touched, the flow before.
        known: whether it is the flow of now.
        rise: evidence of a rise at the last bin.
        step_ml: step of the scale's figures; the largest there is until they have shown theirs.
    """

    def __init__(self) -> None:
        self._level = Level()
        self._vibration = Vibration()
        self._evidence = Evidence()
        self.present = False
        self.flow_ml_s = 0.0
        self.known = False
        self.rise = NOTHING
        self._last_value = 0.0
        self.step_ml = MOST_STEP_ML

    @property
    def milk_ml(self) -> float:
        """Return the milk since the recording began, touches taken out."""
        return self._level.milk_ml

    @property
    def track(self) -> Track:
        """Return its last levels, touches bridged."""
        return self._evidence.track

    @property
    def white_ml2(self) -> float:
        """Return the variance of its levels about a smooth line, ml^2."""
        return self._evidence.white_ml2

    @property
    def coarse(self) -> bool:
        """Tell whether the steps of its figures are coarse, or not known yet."""
        return self.step_ml > COARSE_ML

    @property
    def settled(self) -> bool:
        """Tell whether the level can be believed."""
        return self._level.trust is Trust.SETTLED

    def push(
        self,
        bin_: Bin,
        side: int,
        suction: VacuumTracker,
        spurt_s: float,
    ) -> None:
        """Take one bin.

        Args:
            bin_: of all channels.
            side: 0 left, 1 right.
            suction: of this side.
            spurt_s: time whose milk may fall at once.
        """
        self.rise = NOTHING
        self.known = not self.present
        values = bin_.channels[2 * side + 1]
        if not values:
            return
        self.present = True
        self._find_step(values)
        values = self._without_pump(bin_, side, suction)
        self._evidence.tremble.push(values)
        level, evidence = self._level, self._evidence
        level.spurt_s = evidence.spurt_s = spurt_s
        reading = level.push(bin_.end_s, values)
        if reading is None:
            return
        self.known = self.settled
        self.rise = evidence.weigh(reading, settled=self.known)
        level.step_noise_ml = evidence.step_noise_ml
        self.flow_ml_s = evidence.track.smooth_ml_s

    def _without_pump(self, bin_: Bin, side: int, suction: VacuumTracker) -> list[float]:
        """Return the readings without what the scale feels of the pump."""
        vacuum, values = bin_.channels[2 * side : 2 * side + 2]
        stroke = suction.stroke
        if stroke is None or not vacuum:
            return values
        moments_s = bin_.moments[side]
        start_s, per_s = bin_.start_s, len(vacuum) / BIN_S
        # Rounding may bring the last moment of a bin to its end, or one to the bin after its own.
        vacuum = [*vacuum, vacuum[-1]]
        pulls = [vacuum[max(0, int((at_s - start_s) * per_s))] for at_s in moments_s]
        still = self.flow_ml_s < STILL_ML_S
        return self._vibration.remove(moments_s, values, *stroke, pulls, learn=still)

    def _find_step(self, values: list[float]) -> None:
        """Learn the step of the scale's figures: the least difference ever seen."""
        before = self._last_value
        for value in values:
            step = abs(value - before)
            if LEAST_STEP_ML < step < self.step_ml:
                self.step_ml = self._evidence.step_ml = self._level.step_ml = step
            before = value
        self._last_value = before

    @property
    def touches_h(self) -> float:
        """Return how often it is touched an hour."""
        return self._evidence.track.touches_h

    @property
    def restless(self) -> bool:
        """Tell whether it is touched often."""
        return self._evidence.restless

    def trembled(self, spans: Iterable[int]) -> list[float]:
        """Return how much more it trembled than is usual, over each of these last bins."""
        return self._evidence.tremble.share(spans)

    def onset_s(self) -> float:
        """Return when the rise of the last bin began."""
        return self._evidence.onset_s(self.rise)

    def came_ml(self, bins: int) -> float:
        """Return what has come in the last bins, ml; while it is held, in as many before."""
        levels = self.track.last(bins + 1)
        return max(0.0, float(levels[-1] - levels[0]))

    def begin(self) -> None:
        """A let-down has been told."""
        self._evidence.track.begin()

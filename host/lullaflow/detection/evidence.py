"""Whether one bottle's flow has risen: a sequential test against what else it could be.

Over windows of 1 to 18 s, the milk gained beyond what the flow before would have given is weighed
against the session's own noise: `score^2 / 2` is the logarithm of the generalised likelihood ratio
(Lorden 1971 for the windowed test; its noise is learnt, not assumed). A window is judged twice,
whole and without its largest second, because a scale that has settled by a gram looks like a
second of milk: the confusing change of arXiv:2405.00842, which must be beaten as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from lullaflow.detection.level import SPURT_S

WINDOWS: Final = (2, 3, 4, 6, 8, 12, 16, 24, 36)
"""Lengths, in bins, over which a rise is looked for: 1 to 18 s."""

CLEAR_BINS: Final = 24
CLEAR_ML: Final = 0.13
"""In noise under this, a let-down of the least flow (0.05 g/s) has stood out within 12 s: looking
further back would only find slow drips."""

MEMORY: Final = 120
"""Readings kept: one minute."""

BASE_BINS: Final = 24
"""The flow before is read over up to twelve seconds ..."""

LEAST_BASE_BINS: Final = 6
"""... and known from three on."""

DRIP_ML_S: Final = 0.005
"""A drop in ten seconds is no flow. Fitted: more costs delay, less brings false alarms."""

NOISE_BINS: Final = 240.0
"""The noise is learnt over about two minutes."""

FIRST_BINS: Final = 12.0
"""The first guess counts like six seconds of learning."""

FIRST_NOISE_ML: Final = 0.05
"""Noise of a difference of two readings until the session has shown its own."""

LEAST_NOISE_ML: Final = 0.025
"""Half a drop: whether one falls just before or just after."""

CLIP: Final = 2.5
"""A shortfall beyond this many standard deviations teaches no more than this many, and an excess no
more than one: rises are what is looked for."""

CLIP_SHARE: Final = 1.36
"""What this takes away from the variance of normal noise: 1 / (0.95 / 2 + 0.516 / 2)."""

SPURT_SHARE: Final = 0.4
"""Of one spurt: how far the milk of a window differs with where in the stroke it begins."""


FAINT: Final = 2.0
"""Evidence of odds of seven to one is not worth a second look ..."""

STEP_BINS: Final = 3
"""... and a window that a step may fill cannot speak against one."""

LEARN_ML_S: Final = 0.05
"""Noise is learnt while no more than drips flow."""

STEP_VARIANCE: Final = 0.16
"""Of a difference of two readings rounded to whole steps, in steps: between 1/6 and one lost."""

LATE_SHARE: Final = 0.48
"""Milk that rises gives at least half of its excess in the second half; a weight that is put on
gives most of it at once. Fitted."""

GAP_S: Final = 2.1
"""A longer silence is a new beginning."""

TOP_FACTOR: Final = 2.5
"""The highest of a minute's readings lies this many standard deviations above their mean."""


@dataclass(frozen=True, slots=True)
class Rise:
    """Evidence that flow has risen; logarithms of likelihood ratios.

    Attributes:
        against_none: against nothing but noise and the flow before.
        against_step: against a step of the scale besides.
        bins: length of the window.
        flow_ml_s: flow in the window.
        base_ml_s: flow before it.
        excess_ml: milk beyond the flow before.
    """

    against_none: float
    against_step: float
    bins: int
    flow_ml_s: float
    base_ml_s: float
    excess_ml: float


NOTHING: Final = Rise(0.0, 0.0, 0, 0.0, 0.0, 0.0)


class Evidence:
    """Weighs the readings of one bottle.

    Attributes:
        spurt_s: time between two spurts: the pump's cycle.
        step_ml: least difference of two figures of the scale.
    """

    def __init__(self) -> None:
        self.spurt_s = SPURT_S
        self.step_ml = 0.0
        self._times: list[float] = []
        self._levels: list[float] = []
        self._tops: list[float] = []
        self._first = 0  # of the readings that can be compared with the last
        self._resumed = 0  # the first reading after a touch or a silence
        self._variances = [FIRST_NOISE_ML**2] * len(WINDOWS)
        self._learned = 0.0
        self._held_ml_s = 0.0

    @property
    def step_noise_ml(self) -> float:
        """Return the standard deviation of the difference of two readings a second apart."""
        return math.sqrt(self._variances[0])

    def add(self, end_s: float, milk_ml: float, follows: bool, shift_ml: float | None) -> None:
        """Take one reading; see `Reading`."""
        if not follows:
            self._held_ml_s = self.flow_ml_s(8)
            self._first = len(self._levels)
        if shift_ml is not None:
            # What was seen meanwhile was a touch; what was before it can be compared.
            del self._times[self._first :], self._levels[self._first :], self._tops[self._first :]
            self._first = 0
        top = self._tops[-1] if len(self._tops) > self._first else milk_ml
        if (self._times and end_s - self._times[-1] > GAP_S) or not follows:
            self._resumed = len(self._times)
        self._times.append(end_s)
        self._levels.append(milk_ml)
        self._tops.append(max(top, milk_ml))
        if len(self._levels) >= 2 * MEMORY:
            del self._times[:MEMORY], self._levels[:MEMORY], self._tops[:MEMORY]
            self._first = max(0, self._first - MEMORY)
            self._resumed = max(0, self._resumed - MEMORY)

    def flow_ml_s(self, bins: int) -> float:
        """Return the flow over the last bins, 0 while it is not known."""
        levels, times = self._levels, self._times
        back = min(bins, len(levels) - 1 - self._first)
        if back < 2:
            return self._held_ml_s
        return max(0.0, (levels[-1] - levels[-1 - back]) / (times[-1] - times[-1 - back]))

    def rise(self, after_s: float, *, learn: bool) -> Rise:
        """Return the strongest rise of the last seconds.

        Args:
            after_s: only rises that begin after this moment.
            learn: no let-down is under way: what is seen is noise.
        """
        if learn:
            self._learned += 1.0
        last = len(self._levels) - 1
        best, against_step = NOTHING, 0.0
        for which, bins in enumerate(WINDOWS):
            start = last - bins
            clear = bins > CLEAR_BINS and self._variances[which - 1] < CLEAR_ML**2
            if start < self._first or self._times[start] < after_s or clear:
                break
            seen = self._weigh(which, start, last, learn=learn)
            if seen is not None:
                against_step = max(against_step, seen.against_step)
                if seen.against_none > best.against_none:
                    best = seen
        return best if best is NOTHING else replace(best, against_step=against_step)

    def _weigh(self, which: int, start: int, last: int, *, learn: bool) -> Rise | None:
        """Weigh one window; None when it holds no more than the flow before would have given."""
        levels, bins = self._levels, WINDOWS[which]
        span_s = self._times[last] - self._times[start]
        base = self._base_ml_s(start)
        gain = levels[last] - levels[start]
        if learn and base <= LEARN_ML_S:
            self._learn(which, gain - base * span_s)
        expected = max(base, DRIP_ML_S) * span_s
        sunk = self._tops[start] - TOP_FACTOR * self.step_noise_ml - levels[start]
        excess = gain - expected - max(sunk, 0.0)
        if excess <= 0.0:
            return None
        spurt = SPURT_SHARE * base * self.spurt_s
        variance = self._variances[which] + STEP_VARIANCE * self.step_ml**2 + spurt * spurt
        whole = excess * excess / variance / 2.0
        without = 0.0
        if whole > FAINT and bins > STEP_BINS:
            step = max(levels[i + 2] - levels[i] for i in range(start, last - 1))
            rest = excess - max(step - 2.0 * expected / bins, 0.0)
            without = max(rest, 0.0) ** 2 / variance / 2.0
        return Rise(whole, without, bins, gain / span_s, base, excess)

    def grows(self, rise: Rise, least: int) -> bool:
        """Tell whether a rise goes on and grows, as milk does; a weight that is put on slackens."""
        begun = max(self._begun(rise), self._resumed)
        levels, times = self._levels, self._times
        last = len(levels) - 1
        bins = last - begun
        if bins < least:
            return False
        base = max(rise.base_ml_s, DRIP_ML_S)
        whole = levels[last] - levels[begun] - base * (times[last] - times[begun])
        middle = last - bins // 2
        late = levels[last] - levels[middle] - base * (times[last] - times[middle])
        return late >= LATE_SHARE * whole

    def onset_s(self, rise: Rise) -> float:
        """Return where the level leaves the line of the flow before."""
        return self._times[self._begun(rise)]

    def _begun(self, rise: Rise) -> int:
        """Walk back to the last reading on the line of the flow before."""
        levels, times = self._levels, self._times
        start = len(levels) - 1 - rise.bins
        allowed = max(0.03, 1.0 * self.step_noise_ml)
        for i in range(len(levels) - 1, start, -1):
            line = levels[start] + rise.base_ml_s * (times[i] - times[start])
            if levels[i] - line <= allowed:
                return i
        return start

    def _base_ml_s(self, start: int) -> float:
        """Return the flow before a window; while it is not known, the one known last."""
        back = min(start - self._first, BASE_BINS)
        if back <= 0:
            return self._held_ml_s
        levels, times = self._levels, self._times
        seen = (levels[start] - levels[start - back]) / (times[start] - times[start - back])
        if back < LEAST_BASE_BINS:
            seen += (self._held_ml_s - seen) * (LEAST_BASE_BINS - back) / LEAST_BASE_BINS
        return max(seen, 0.0)

    def _learn(self, which: int, excess: float) -> None:
        variance = self._variances[which]
        rate = 1.0 / min(NOISE_BINS, FIRST_BINS + self._learned)
        most = variance if excess > 0.0 else CLIP * CLIP * variance
        seen = min(excess * excess, most) * CLIP_SHARE
        self._variances[which] = max(variance + rate * (seen - variance), LEAST_NOISE_ML**2)

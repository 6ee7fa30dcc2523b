"""Which phase the pump is in, from the rate and the strength of its pull.

Pumps stimulate with 60 to 120 short pulls a minute, and express with 30 to 78 that are stronger
(evidence, section 3); the ranges overlap, so each pump is compared with itself. A phase changes in
one step of the rate, nearly always with one of the suction. Suction that changes alone is a hand on
the dial or a leak, unless it rises to what only expression pulls.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final, NamedTuple

from lullaflow_protocol.events import Phase

RATE_STEP: Final = 0.05
"""A rate that is off by a twentieth is another one: a motor keeps its own to a percent or two.
Chosen."""

PULL_STEP: Final = 0.25
"""Suction that rises by a quarter and more, as a logarithm: hands turn by less at once. Chosen."""

SLOW_CPM: Final = 55.0
FAST_CPM: Final = 80.0
"""No pump on the bench stimulates slower than the one, or expresses faster than the other."""

CALM_BINS: Final = 6
CALM_RATE: Final = 0.04
CALM_PULL: Final = 0.2
"""Three seconds in which rate and suction stay this close, as logarithms, are a rhythm; what lies
between two rhythms is a mixture of them. Chosen."""

RATE_WEIGHT: Final = 8.4
PULL_WEIGHT: Final = 8.9
MIDDLE_CPM: Final = 67.6
MIDDLE_MMHG: Final = 140.0
"""Logarithm of the odds of stimulation, linear in the logarithms of rate and suction: means of 88 a
minute at 106 mmHg and of 52 at 185, spread 0.25 (the ranges above; Kent 2008 for 190 mmHg). Weights
are the distance of the means over the spread's square, middles their geometric means."""

BEGINS: Final = 2.2
"""Nine sessions in ten begin with stimulation: ln 9, before anything was felt. Assumed."""

CLEAR: Final = 1.0
"""Odds that a step must change by, as a logarithm, to be a change of phase. Chosen."""

FOLLOW: Final = 0.05
SINK: Final = 0.005
"""Share by which the rhythm that is known follows each half second; suction that falls, slowly, for
a leak is no rhythm. Chosen."""


class _Pull(NamedTuple):
    """Logarithms of a rate (a minute) and of a suction (mmHg)."""

    rate: float
    mmhg: float

    @property
    def odds(self) -> float:
        """Return the logarithm of the odds of stimulation."""
        rate, mmhg = self.rate - math.log(MIDDLE_CPM), self.mmhg - math.log(MIDDLE_MMHG)
        return RATE_WEIGHT * rate - PULL_WEIGHT * mmhg


class Rhythm:
    """Follows the phase of a pump.

    Attributes:
        phase: stimulation or expression, None until it is known: at the start, and after a pause.
        calm_bins: since it has been known, or changed.
        in_step: whether the rate is still the one of this phase.
    """

    def __init__(self) -> None:
        self._phase: Phase | None = None
        self._usual: _Pull | None = None
        self._lately: deque[_Pull] = deque(maxlen=CALM_BINS)
        self.phase: Phase | None = None
        self.calm_bins = 0
        self.in_step = False

    def rest(self) -> None:
        """The pump rests, or has just begun."""
        self._lately.clear()
        self.phase = None
        self.calm_bins = 0
        self.in_step = False

    def falter(self) -> None:
        """The pump runs, but at no rate that is known."""
        self._lately.clear()
        self.in_step = False

    def push(self, cycles_per_min: float, peak_mmhg: float) -> None:
        """Take one bin of a pump that runs."""
        self.calm_bins += 1
        pull = _Pull(math.log(cycles_per_min), math.log(peak_mmhg))
        self._lately.append(pull)
        if self._is_calm():
            self._judge(pull, cycles_per_min)
        usual = self._usual
        self.in_step = usual is not None and abs(pull.rate - usual.rate) <= RATE_STEP

    def _judge(self, pull: _Pull, cycles_per_min: float) -> None:
        if self._usual is None:
            self._usual = pull
            self._phase = _of(pull.odds + BEGINS)
        else:
            self._compare(pull, self._usual)
        if not SLOW_CPM < cycles_per_min < FAST_CPM:
            self._turn("expression" if cycles_per_min <= SLOW_CPM else "stimulation")
        self.phase = self._phase

    def _is_calm(self) -> bool:
        if len(self._lately) < CALM_BINS:
            return False
        rates = [pull.rate for pull in self._lately]
        if max(rates) - min(rates) >= CALM_RATE:
            return False
        pulls = [pull.mmhg for pull in self._lately]
        return max(pulls) - min(pulls) < CALM_PULL

    def _compare(self, pull: _Pull, usual: _Pull) -> None:
        faster, stronger = pull.rate - usual.rate, pull.mmhg - usual.mmhg
        if abs(faster) > RATE_STEP:
            # Slower is expression, also where it pulls less: the dial, or a leak.
            pulls = stronger if faster > 0.0 else max(stronger, 0.0)
            turned = RATE_WEIGHT * faster - PULL_WEIGHT * pulls
        elif stronger > PULL_STEP and self._phase == "stimulation" and pull.odds < 0.0:
            turned = pull.odds - CLEAR
        else:
            sink = FOLLOW if stronger > 0.0 else SINK
            self._usual = _Pull(usual.rate + FOLLOW * faster, usual.mmhg + sink * stronger)
            return
        self._usual = pull
        if abs(turned) > CLEAR:
            self._turn(_of(turned))

    def _turn(self, phase: Phase) -> None:
        if phase != self._phase:
            self._phase = phase
            self.calm_bins = 0


def _of(odds: float) -> Phase:
    return "stimulation" if odds > 0.0 else "expression"

"""The body, online: stimulation and cues bring oxytocin, oxytocin pressure, pressure flow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow_sim.body.plan import BodyPlan, Dribble
from lullaflow_sim.body.shapes import curve
from lullaflow_sim.chance import Chance
from lullaflow_sim.exact import exp, look_up, power

Curve = NDArray[np.float64]

STEP_S: Final = 0.1
"""The body's step, by design: the scale's sampling period."""

FELT_MMHG: Final = 45.0
"""Suction whose cycles count as full stimulation, mmHg. Stronger suction does not seem to shorten
the time to let-down (narrative only, not tested within mothers), so more adds nothing; assumed."""

FLOW_MMHG: Final = 80.0
"""Suction scale of flow, mmHg, which saturates: softer vacuum gives less milk (Kent 2008, doi
10.1089/bfm.2007.0028); the form and the number are assumed."""

PAUSED_FLOW: Final = 0.15
"""Share of the flow that still comes while the pump is off, assumed."""

DUCTS_FULL: Final = 1.1
"""Ejections that overlap widen the ducts no further than this share of full pressure, assumed."""

DRIP_TREMBLE: Final = 0.35
DRIP_TAU_S: Final = 20.0
MOST_DRIPS: Final = 2.0
"""Spread of the drip flow as a share of its mean, the seconds over which it wanders, and the most
that it reaches, times the mean; assumed."""

LAST_DRIPS_G: Final = 2.0
"""Drips cease when little more than this is left, assumed."""

DRIBBLE_RISE_S: Final = 6.0
"""How fast a dribble begins and ends, assumed."""


@dataclass(frozen=True, slots=True)
class Released:
    """A pulse that came: its number in the plan, and when its milk left each breast (s)."""

    number: int
    at_s: tuple[float, float]


class Body:
    """Milk out of both breasts.

    Args:
        plan: what this session's body intends.
        chance: its own stream.

    Attributes:
        released: the pulses so far.
        left_g: milk still in the left and the right breast.
    """

    def __init__(self, plan: BodyPlan, chance: Chance) -> None:
        self._plan = plan
        self._chance = chance
        self._readiness_s = 0.0
        # Cues bring no second pulse while the first still acts. Assumed.
        self._spent_until_s = 0.0
        self._curves: list[tuple[Released, Curve]] = []
        self._drip = [1.0, 1.0]
        self._heard: set[str] = set()
        self.released: list[Released] = []
        self.left_g = list(plan.available_g)

    def hear(self, kind: str) -> None:
        """A cue begins in the room."""
        self._heard.add(kind)

    def unhear(self, kind: str) -> None:
        """A cue ends."""
        self._heard.discard(kind)

    def advance(self, t_s: Curve, suction_mmhg: Sequence[Sequence[float]]) -> tuple[Curve, Curve]:
        """Go on by a stretch.

        Args:
            t_s: its moments, `STEP_S` apart.
            suction_mmhg: peak suction of the cycles at these moments, left and right.

        Returns:
            Flow out of the left and the right breast at these moments, g/s.
        """
        self._stimulate(t_s.tolist(), suction_mmhg)
        end_s = float(t_s[0])
        pulses = self._plan.pulses
        self._curves = [
            each
            for each in self._curves
            if end_s < max(each[0].at_s) + pulses[each[0].number].length_s
        ]
        left, right = (self._flow(side, t_s, suction_mmhg[side]) for side in (0, 1))
        return left, right

    def reaches(self, released: Released, side: int) -> bool:
        """Tell whether a pulse brings milk in a breast."""
        pulse = self._plan.pulses[released.number]
        return (pulse.right if side else pulse.left) > 0.0

    def _stimulate(self, moments: list[float], suction_mmhg: Sequence[Sequence[float]]) -> None:
        """Add up stimulation, and release each pulse when enough of it was felt."""
        plan = self._plan
        gain = sum(plan.cue_gain.get(kind, 0.0) for kind in self._heard)
        rate = (1.0 - plan.stress) * STEP_S
        for t_s, left, right in zip(moments, *suction_mmhg, strict=True):
            if len(self.released) == len(plan.pulses):
                return
            cue_gain = gain if t_s >= self._spent_until_s else 0.0
            self._readiness_s += rate * (1.0 + cue_gain) * min(1.0, max(left, right) / FELT_MMHG)
            pulse = plan.pulses[len(self.released)]
            if self._readiness_s >= pulse.need_s:
                self._readiness_s = 0.0
                self._spent_until_s = t_s + pulse.length_s
                at_s = (t_s + max(0.0, -pulse.lag_s), t_s + max(0.0, pulse.lag_s))
                released = Released(len(self.released), at_s)
                self.released.append(released)
                self._curves.append((released, curve(pulse.shape, pulse.rise_share)))

    def _flow(self, side: int, t_s: Curve, suction_mmhg: Sequence[float]) -> Curve:
        plan = self._plan
        pressure = np.zeros(len(t_s))
        for released, shape in self._curves:
            pulse = plan.pulses[released.number]
            share = pulse.strength * (pulse.right if side else pulse.left)
            since = (t_s - released.at_s[side]) / pulse.length_s
            # Every shape is zero at both ends.
            pressure += share * look_up(shape, np.minimum(np.maximum(since, 0.0), 1.0))
        pressure = np.minimum(pressure, DUCTS_FULL)
        left_g = max(self.left_g[side], 0.0)
        fullness = power(left_g / plan.available_g[side], plan.depletion)
        drip: Curve | float = self._next_drip(side, len(t_s)) * min(1.0, left_g / LAST_DRIPS_G)
        for each in plan.dribbles:
            if each.side == side and each.at_s <= t_s[-1] and t_s[0] < each.at_s + each.for_s:
                drip = drip + _runs(each, t_s) * min(1.0, left_g / LAST_DRIPS_G)
        flow: Curve = (plan.full_flow_g_s[side] * fullness * pressure + drip) * _drawn(suction_mmhg)
        self.left_g[side] -= math.fsum(flow.tolist()) * STEP_S
        return flow

    def _next_drip(self, side: int, steps: int) -> float:
        wander = steps * STEP_S / DRIP_TAU_S
        push = self._chance.normal(0.0, DRIP_TREMBLE * math.sqrt(2.0 * wander))
        self._drip[side] += (1.0 - self._drip[side]) * wander + push
        return self._plan.drip_g_s[side] * min(max(self._drip[side], 0.0), MOST_DRIPS)


def _drawn(suction_mmhg: Sequence[float]) -> Curve | float:
    """Return the share of the flow that the suction lets come."""
    if suction_mmhg[0] == suction_mmhg[-1] == max(suction_mmhg) == min(suction_mmhg):
        return 1.0 - (1.0 - PAUSED_FLOW) * exp(-suction_mmhg[0] / FLOW_MMHG)
    return 1.0 - (1.0 - PAUSED_FLOW) * exp(np.asarray(suction_mmhg) / -FLOW_MMHG)


def _runs(dribble: Dribble, t_s: Curve) -> Curve:
    edge = np.minimum(t_s - dribble.at_s, dribble.at_s + dribble.for_s - t_s) / DRIBBLE_RISE_S
    flow: Curve = dribble.g_s * np.minimum(np.maximum(edge, 0.0), 1.0)
    return flow

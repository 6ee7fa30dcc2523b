"""One session, online: body, pump, bottles and sensors, a stretch at a time.

Live simulation and generated recordings both run this: there is one body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lullaflow_sim.body import STEP_S, Body, BodyPlan
from lullaflow_sim.bottle import Bottle, BottlePlan
from lullaflow_sim.chance import stream
from lullaflow_sim.let_downs import SIDES, LetDown, Rise, brought_by, find_rises, merge
from lullaflow_sim.pump import Pump, PumpPlan, Suction
from lullaflow_sim.sensors import Disturbance, GaugePlan, Scale, ScalePlan, shown_mmhg

Curve = NDArray[np.float64]

SLOW_STEPS: Final = 20
"""Steps of 0.1 s in a stretch, by design: the body hears a cue within 2 s, and NumPy's cost is
shared."""

FAST_STEPS: Final = 100
"""Steps of 0.02 s in a stretch, by design."""

STRETCH_S: Final = 2.0
"""Length of a stretch, by design."""

MILK_G_PER_ML: Final = 1.03
"""Density of human milk, assumed as usual."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue in the room: from when, for how long (s), and its kind (see `body.day.CUE_GAIN`)."""

    at_s: float
    for_s: float
    kind: str


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """All that a session will be, but for cues of a live room.

    Attributes:
        body, pump: what they intend.
        sides: the sides in use, 0 left, 1 right.
        bottles, scales, gauges: of the left and the right side.
        disturbances: what happens to the bottles.
        cues: what the mother hears and sees in the room.
    """

    body: BodyPlan
    pump: PumpPlan
    sides: tuple[int, ...] = (0, 1)
    bottles: tuple[BottlePlan, BottlePlan] = (BottlePlan(), BottlePlan())
    scales: tuple[ScalePlan, ScalePlan] = (ScalePlan(), ScalePlan())
    gauges: tuple[GaugePlan, GaugePlan] = (GaugePlan(), GaugePlan())
    disturbances: tuple[Disturbance, ...] = ()
    cues: tuple[Cue, ...] = ()


@dataclass(frozen=True, slots=True)
class SideStretch:
    """A stretch of one side.

    Attributes:
        vacuum_mmhg: what the gauge shows, every 0.02 s.
        weight_g: what the scale shows, every 0.1 s.
        unrounded_g: what it would show in steps without size, every 0.1 s.
        flow_g_s: flow that reaches the bottle, every 0.1 s.
        milk_g: true milk in the bottle, every 0.1 s.
        suction_mmhg: true peak suction, every 0.1 s.
        touched: where something touched the bottle, every 0.1 s.
    """

    vacuum_mmhg: Curve
    weight_g: Curve
    unrounded_g: Curve
    flow_g_s: Curve
    milk_g: Curve
    suction_mmhg: Curve
    touched: NDArray[np.bool_]


class Course:
    """A session as it goes.

    Args:
        plan: what it will be.
        seed: of its chance.

    Attributes:
        plan: as given.
        body: hears cues.
    """

    def __init__(self, plan: SessionPlan, seed: int) -> None:
        self.plan = plan
        self.body = Body(plan.body, stream(seed, "body"))
        self._pump = Pump(plan.pump, stream(seed, "pump"))
        self._bottles = {
            side: Bottle(plan.bottles[side], stream(seed, "bottle", SIDES[side]))
            for side in plan.sides
        }
        self._scales = {
            side: Scale(
                plan.scales[side],
                [each for each in plan.disturbances if each.side == side],
                stream(seed, "scale", SIDES[side]),
            )
            for side in plan.sides
        }
        self._gauges = {side: stream(seed, "gauge", SIDES[side]) for side in plan.sides}
        self._flows: dict[int, list[Curve]] = {side: [] for side in plan.sides}
        self._stretches = 0

    def advance(self) -> dict[int, SideStretch]:
        """Go on by `STRETCH_S` and return what each side in use was like."""
        t_s, suction, milk = self._advance_milk()
        sides: dict[int, SideStretch] = {}
        for side, (flow_g_s, milk_g) in milk.items():
            vacuum = suction.vacuum_mmhg[side]
            scale = self._scales[side]
            weight, touched = scale.advance(
                t_s, milk_g, suction.phase, vacuum[:: FAST_STEPS // SLOW_STEPS]
            )
            shown = shown_mmhg(self.plan.gauges[side], vacuum, self._gauges[side])
            peak = np.asarray(suction.peak_mmhg[side])
            sides[side] = SideStretch(
                shown, weight, scale.unrounded_g, flow_g_s, milk_g, peak, touched
            )
        return sides

    def advance_unseen(self) -> None:
        """Go on by `STRETCH_S` with no sensor looking on: for what is true only, and faster."""
        self._advance_milk()

    def flow_g_s(self, side: int) -> Curve:
        """Return the flow that reached a bottle so far, every 0.1 s."""
        return np.concatenate(self._flows[side])

    def _advance_milk(self) -> tuple[Curve, Suction, dict[int, tuple[Curve, Curve]]]:
        """Move body, pump and bottles on; return moments, suction, and flow and milk by side."""
        t_s: Curve = (
            self._stretches * SLOW_STEPS + np.arange(SLOW_STEPS, dtype=np.float64)
        ) * STEP_S
        self._stretches += 1
        self._play_cues(float(t_s[0]))
        suction = self._pump.advance(t_s)
        drawn = self.body.advance(t_s, suction.peak_mmhg)
        milk: dict[int, tuple[Curve, Curve]] = {}
        for side, bottle in self._bottles.items():
            milk[side] = bottle.advance(
                t_s, drawn[side], suction.releases[side], suction.running, suction.clog[side]
            )
            self._flows[side].append(milk[side][0])
        seen = max(float(flow.max()) for flow, _ in milk.values())
        self._pump.see_flow(float(t_s[-1]), seen)
        return t_s, suction, milk

    def _play_cues(self, now_s: float) -> None:
        for cue in self.plan.cues:
            if now_s - STRETCH_S < cue.at_s <= now_s:
                self.body.hear(cue.kind)
            if now_s - STRETCH_S < cue.at_s + cue.for_s <= now_s:
                self.body.unhear(cue.kind)

    @property
    def phases(self) -> list[tuple[float, str]]:
        """Return `(at_s, name)` of each phase of the pump so far."""
        return self._pump.phases

    def volume_ml(self) -> dict[str, float]:
        """Return the milk in each bottle so far."""
        return {
            SIDES[side]: round(bottle.milk_g / MILK_G_PER_ML, 3)
            for side, bottle in self._bottles.items()
        }

    def let_downs(self) -> tuple[list[LetDown], dict[int, list[Rise]], list[float]]:
        """Return what really happened so far.

        Returns:
            The let-downs, each side's rises that ejections brought, and the moments of rises that
            no ejection brought (milk that a pause, a clog or soft suction had held up).
        """
        own: dict[int, list[Rise]] = {0: [], 1: []}
        other_s: list[float] = []
        for side, parts in self._flows.items():
            if parts:
                released_s = [
                    each.at_s[side] for each in self.body.released if self.body.reaches(each, side)
                ]
                own[side], others = brought_by(find_rises(np.concatenate(parts)), released_s)
                other_s += [round(rise.onset_s, 3) for rise in others]
        return merge(own[0], own[1]), own, sorted(other_s)

    def truth(self) -> dict[str, Any]:
        """Return what really happened so far, JSON-able, in seconds of session time."""
        let_downs, own, other_s = self.let_downs()
        return {
            "start_s": self.plan.pump.start_s,
            "stop_s": self.plan.pump.stop_s,
            "let_downs": [each.as_dict() for each in let_downs],
            "onsets_s": {
                SIDES[side]: [round(rise.onset_s, 3) for rise in own[side]]
                for side in self.plan.sides
            },
            "resumptions_s": other_s,
            "phases": [list(each) for each in self.phases],
            "volume_ml": self.volume_ml(),
        }

"""From a scenario's few lines to a session's whole plan."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

from lullaflow_sim.body import BodyPlan, Pulse
from lullaflow_sim.body.day import CUE_GAIN, LAG_SPREAD_S
from lullaflow_sim.bottle import BottlePlan
from lullaflow_sim.chance import stream
from lullaflow_sim.course import SessionPlan
from lullaflow_sim.pump import Mode, PumpPlan
from lullaflow_sim.scenarios.model import MotherPlan, ScaleEvent, Scenario
from lullaflow_sim.sensors import Disturbance, Touch

FULL_FLOW_G_S: Final = 0.5
"""0.5 +/- 0.2 g/s (Idei 2024, doi 10.1016/j.midw.2024.104039)."""

SEE_MILK_S: Final = 12.0
"""Time from visible flow to a tired hand on the switch, assumed."""

DROP_G: Final = 0.05
"""A drop of water; of milk, assumed."""

_SIDES: Final = {"left": (0,), "right": (1,), "both": (0, 1)}
_TOUCHES: Final = {"bump": Touch.BUMP, "lift": Touch.LIFT, "lean": Touch.LEAN}


def plan_session(scenario: Scenario, seed: int) -> SessionPlan:
    """Return the session that a scenario describes; the seed decides what it leaves open."""
    pump = scenario.pump
    return SessionPlan(
        body=_body(scenario.mother, pump.start_s, seed),
        pump=PumpPlan(
            start_s=pump.start_s,
            stop_s=pump.stop_s,
            stimulation=Mode(pump.stimulation_cycles_per_min, pump.stimulation_mmhg),
            expression=Mode(pump.expression_cycles_per_min, pump.expression_mmhg),
            switch_s=pump.stimulation_s,
            hand_s=SEE_MILK_S if pump.switch_at_flow else math.inf,
            pauses=pump.pauses,
        ),
        sides=_SIDES[scenario.sides],
        bottles=(_bottle(scenario, "left"), _bottle(scenario, "right")),
        disturbances=tuple(
            Disturbance(
                _TOUCHES[event.kind],
                event.at_s,
                event.length_s,
                int(event.side == "right"),
                0.0 if event.kind == "lift" else event.grams,
            )
            for event in scenario.scale_events
            if event.kind != "drips"
        ),
    )


def _body(mother: MotherPlan, start_s: float, seed: int) -> BodyPlan:
    chance = stream(seed, "scenario")
    moments = [start_s, *(each.at_s for each in mother.ejections)]
    needs = [later - sooner for sooner, later in pairwise(moments)]
    return BodyPlan(
        pulses=tuple(
            Pulse(
                need_s=need_s,
                length_s=each.length_s,
                strength=each.peak_g_s / FULL_FLOW_G_S,
                shape=each.shape,
                rise_share=each.rise_share,
                lag_s=chance.normal(0.0, LAG_SPREAD_S),
            )
            for need_s, each in zip(needs, mother.ejections, strict=True)
        ),
        full_flow_g_s=(FULL_FLOW_G_S, FULL_FLOW_G_S * mother.right_share),
        available_g=(mother.available_g, mother.available_g),
        drip_g_s=(mother.drip_g_s, mother.drip_g_s),
        cue_gain={kind: gain * mother.cue_response for kind, gain in CUE_GAIN.items()},
    )


def _bottle(scenario: Scenario, side: str) -> BottlePlan:
    drips = [each for each in scenario.scale_events if each.kind == "drips" and each.side == side]
    return BottlePlan(gulps=tuple(gulp for each in drips for gulp in _drops(each)))


def _drops(event: ScaleEvent) -> list[tuple[float, float]]:
    """Spread drips evenly: `(at_s, grams)` of each drop."""
    count = math.floor(event.grams / DROP_G)
    return [(event.at_s + event.length_s * (i + 0.5) / count, DROP_G) for i in range(count)]

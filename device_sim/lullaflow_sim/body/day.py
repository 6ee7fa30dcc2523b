"""One day of a mother: what her body intends for one session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from lullaflow_sim.body.mother import FULL_FLOW_RANGE_G_S, Mother, clip, spread
from lullaflow_sim.body.plan import BodyPlan, Pattern, Pulse
from lullaflow_sim.chance import Chance

FIRST_DAYS: Final = 1.2
"""Geometric spread of the time to the first pulse, the same mother on another day. That she stays
like herself: Prime 2011 (doi 10.1089/bfm.2011.0014); the number is assumed."""

EARLY_SHARE: Final = 0.05
EARLY_S: Final = (3.0, 25.0)
"""Sessions in which milk is nearly there when the pump starts, and the seconds that it still takes:
oxytocin may come before any touch, 3 to 10 min before suckling in 10 of 10 women (McNeilly 1983,
doi 10.1136/bmj.286.6361.257). Both numbers are assumed."""

NONE_SHARE: Final = 0.05
"""Share of the sessions without any ejection, assumed 3 to 10 %: 11 % of 28 women expressed little
with any pattern (Kent 2003, secondary)."""

COUNTED_S: Final = 900.0
"""The 15 min over which ejections are counted (Prime 2011)."""

LATE_GAP_S: Final = (240.0, 420.0)
LATE_AFTER: Final = (1, 2)
"""From the end of an ejection to a late one, s: at least 3 min after flow stopped (MDPI Proceedings
2025, 112(1):9); and after how many ejections it comes. The most, and the count, are assumed."""

NO_STOP_S: Final = 30.0
"""No ejection is planned for the last seconds: nobody stops as milk comes. Assumed."""

LENGTH_DAYS: Final = 1.35
LENGTH_S: Final = (45.0, 210.0)
"""An ejection lasts 45 s to 3.5 min (cited in Gardner 2015, doi 10.1186/s12884-015-0583-3); the
geometric spread between a mother's ejections is assumed."""

GAP_SPREAD: Final = 1.25
LEAST_GAP_S: Final = 25.0
"""Stimulation between two pulses: geometric spread, and least in s; assumed."""

OVERLAP: Final = 0.5
"""In continuous flow a pulse follows after this share of the one before, assumed."""

STRENGTH_SPREAD: Final = 1.15
MOST_STRENGTH: Final = 1.1
"""Geometric spread of one pulse after the other, and the most, as a share of full pressure;
assumed."""

RISE_SPREAD: Final = 1.2
RISE_LIMITS: Final = (0.05, 0.4)
"""Where in an ejection the peak lies: geometric spread, and limits as shares of its length;
assumed."""

FLOW_DAYS: Final = 1.12
FULLNESS_DAYS: Final = 1.2
"""Full flow and available milk of one mother from day to day, geometric spreads; assumed."""

DRIPS_SIDES: Final = 1.5
SIDE_SPREAD: Final = 1.12
"""Drips of right over left, and strength of one ejection in each breast, geometric spreads;
assumed."""

LAG_SPREAD_S: Final = 2.2
"""Right after left, s: assumed, so that they are within 5 s in 95 %."""

UNMATCHED: Final = 0.015
"""Ejections of one breast only, as a share. Assumed, so that 95.5 % of the rises match (Prime
2009, doi 10.1186/1746-4358-4-10): some of the others are too faint to count on one side."""

STRESS_TODAY: Final = (0.1, 0.25)
MOST_STRESS: Final = 0.7
"""How stressed she is, mean and spread, where 1 is the laboratory's stress of Ueda 1994 (PMID
8041543); and the largest share of oxytocin that it may take away. Assumed."""

CUE_GAIN: Final[Mapping[str, float]] = {"music": 1.25, "photo": 3.25}
"""How much faster oxytocin comes with each cue, at full response. Assumed: no trial gives time, and
effects on volume differ from none to large. That a photo helps beyond a lullaby: 71.3 and 75.9 ml
(Int Breastfeed J 2022, doi 10.1186/s13006-022-00511-7)."""


def draw_body(
    mother: Mother, chance: Chance, *, length_s: float, double: bool, none: bool
) -> BodyPlan:
    """Return one session's body.

    Args:
        mother: whose.
        chance: this day's.
        length_s: of the session; pulses beyond it, or shortly before its end, are left out.
        double: both breasts at once.
        none: no ejection today.
    """
    stress = mother.stress_share * max(0.0, chance.normal(*STRESS_TODAY))
    day_flow = spread(chance, FLOW_DAYS)
    available_g = mother.available_g * spread(chance, FULLNESS_DAYS)
    pulses = [] if none else _pulses(mother, chance, length_s, double=double)
    return BodyPlan(
        pulses=tuple(pulses),
        full_flow_g_s=(
            min(mother.full_flow_g_s * day_flow, FULL_FLOW_RANGE_G_S[1]),
            min(mother.full_flow_g_s * day_flow * mother.right_share, FULL_FLOW_RANGE_G_S[1]),
        ),
        available_g=(available_g, available_g * mother.right_share),
        depletion=mother.depletion,
        drip_g_s=(mother.drip_g_s, mother.drip_g_s * spread(chance, DRIPS_SIDES)),
        stress=min(stress, MOST_STRESS),
        cue_gain={kind: gain * mother.cue_response for kind, gain in CUE_GAIN.items()},
        pattern=mother.pattern,
        late=mother.late,
    )


def weaken(body: BodyPlan, share: float) -> BodyPlan:
    """Return a body whose milk flows at a share of its speed."""
    left, right = body.full_flow_g_s
    return replace(body, full_flow_g_s=(left * share, right * share))


def _pulses(mother: Mother, chance: Chance, length_s: float, *, double: bool) -> list[Pulse]:
    early = chance.random() < EARLY_SHARE
    need_s = chance.uniform(*EARLY_S) if early else mother.first_s * spread(chance, FIRST_DAYS)
    gap_s = max(LENGTH_S[0], (COUNTED_S - mother.first_s) / mother.count_15_min[double])
    late_after = LATE_AFTER[chance.below(len(LATE_AFTER))] if mother.late else None
    strength = 1.0
    at_s = 0.0
    pulses: list[Pulse] = []
    while at_s + need_s < length_s - NO_STOP_S:
        at_s += need_s
        pulses.append(_pulse(mother, chance, need_s, strength))
        strength *= mother.fatigue * spread(chance, STRENGTH_SPREAD)
        if mother.pattern is Pattern.CONTINUOUS:
            need_s = OVERLAP * pulses[-1].length_s * spread(chance, STRENGTH_SPREAD)
        elif len(pulses) == late_after:
            need_s = pulses[-1].length_s + chance.uniform(*LATE_GAP_S)
        else:
            need_s = max(LEAST_GAP_S, gap_s * spread(chance, GAP_SPREAD))
    return pulses


def _pulse(mother: Mother, chance: Chance, need_s: float, strength: float) -> Pulse:
    only = chance.random()
    shape = mother.shapes[chance.below(len(mother.shapes))]
    return Pulse(
        need_s=need_s,
        length_s=clip(mother.length_s * spread(chance, LENGTH_DAYS), *LENGTH_S),
        strength=min(strength, MOST_STRENGTH),
        shape=shape,
        rise_share=clip(mother.rise_share * spread(chance, RISE_SPREAD), *RISE_LIMITS),
        lag_s=chance.normal(0.0, LAG_SPREAD_S),
        left=0.0 if only < UNMATCHED / 2 else spread(chance, SIDE_SPREAD),
        right=0.0 if only > 1.0 - UNMATCHED / 2 else spread(chance, SIDE_SPREAD),
    )

"""Draw one session's whole plan from its family's conditions."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from lullaflow_sim.body import Shape
from lullaflow_sim.body.day import draw_body, weaken
from lullaflow_sim.body.mother import clip, draw_mother
from lullaflow_sim.bottle import BottlePlan
from lullaflow_sim.chance import Chance, stream
from lullaflow_sim.course import Cue, SessionPlan
from lullaflow_sim.generate.accidents import (
    draw_disturbances,
    draw_dribbles,
    draw_faults,
    draw_spells,
)
from lullaflow_sim.generate.conditions import CONDITIONS, Conditions, Family, Forms
from lullaflow_sim.pump import Mode, PumpPlan, Wave
from lullaflow_sim.sensors import GaugePlan, ScalePlan

DOUBLE_SHARE: Final = 0.6
"""Sessions of both breasts at once, as a share; assumed."""

LENGTH_S: Final = (600.0, 1200.0)
DRY_LENGTH_S: Final = (480.0, 1500.0)
"""Sessions with milk and dry ones. 15 min in most studies (Prime 2011), 15 to 20 min is usual
advice; the ranges are assumed."""

LEAD_IN_S: Final = (4.0, 25.0)
LEAD_OUT_S: Final = (20.0, 60.0)
"""What is recorded before and after the pumping, assumed."""

SWITCH_ITSELF: Final = 0.45
SWITCH_BY_HAND: Final = 0.4
ONE_MODE: Final = 0.1
"""Shares of the sessions whose pump changes to expression by itself; whose mother does as she sees
milk; whose pump has one mode only; the rest stay in stimulation. Assumed."""

SWITCH_S: Final = 120.0
"""Default of two-phase pumps (Symphony, FDA K151632 and its description)."""

HAND_SWITCH_S: Final = (120.0, 300.0)
HAND_S: Final = (4.0, 25.0)
"""A mother who sees no milk switches at last; one who does needs this long. Assumed."""

STIMULATION_CYCLES_PER_MIN: Final = (60.0, 120.0)
STIMULATION_MMHG: Final = (60.0, 160.0)
EXPRESSION_CYCLES_PER_MIN: Final = (30.0, 78.0)
EXPRESSION_MMHG: Final = (190.0, 42.0)
EXPRESSION_MMHG_RANGE: Final = (100.0, 250.0)
"""Consumer pumps stimulate at 60 to 120, express at 10 to 70 a minute (a bench study, 'Exploratory
research on comparing breast pumps'); mean comfortable vacuum is 191 mmHg, spread about 42 (Kent
2008, doi 10.1089/bfm.2007.0028). Ranges within these are assumed."""

DUTY: Final = (0.45, 0.75)
RIPPLE_SHARE: Final = 0.2
RIPPLE_MMHG: Final = (2.0, 15.0)
RIPPLE_HZ: Final = (5.0, 15.0)
ALTERNATING_SHARE: Final = 0.3
FOLLOW_S: Final = (0.3, 2.5)
SCATTER: Final = (0.01, 0.06)
SHARED_SHARE: Final = 0.5
SHARED: Final = (0.1, 0.5)
"""A pump: share of a cycle under suction; pumps with micro-vibration, its mmHg and Hz; pumps whose
sides take turns; how fast the peak follows a change; relative scatter of the peaks; pumps whose
sides share a motor, and how much of one side's leak the other loses ('many lose vacuum when both
sides run', same bench study). All assumed."""

TURN: Final = (0.75, 1.2)
MOST_TURNS: Final = 3
BACK_S: Final = (30.0, 120.0)
BACK_AFTER_S: Final = 240.0
BACK_BEFORE_S: Final = 60.0
PAUSE_S: Final = (5.0, 90.0)
PAUSE_AFTER_S: Final = 20.0
PAUSE_BEFORE_S: Final = 30.0
"""Hands on the pump: factor by which suction is turned, and how often; how long stimulation is
asked for again, and a pause lasts, in s; and how long after the start and before the end either may
come. Assumed."""

PHOTO_AFTER_S: Final = (60.0, 180.0)
PHOTO_SHARE: Final = 0.5
"""Cues: music plays from the beginning; in this share of the sessions with music a photo is shown
too, so long after the start, s. Assumed."""

DELAY_S: Final = (0.4, 2.5)
HOLD_UP_G: Final = (0.05, 0.8)
MIX_S: Final = (0.3, 1.5)
DROP_G: Final = (0.03, 0.07)
VALVE_SHARE: Final = 0.8
GULP_G: Final = (0.2, 1.5)
GULP_AFTER_S: Final = 60.0
"""The way into the bottle, see `BottlePlan`: no figures were found, all assumed."""

COLOURED_S: Final = (0.5, 8.0)
OVERTONE: Final = (0.0, 0.8)
CREEP_SHARE: Final = (0.0001, 0.002)
CREEP_S: Final = (20.0, 200.0)
WARM_S: Final = (200.0, 1500.0)
ZERO_G: Final = (-2.0, 2.0)
UNTARED_SHARE: Final = 0.3
UNTARED_G: Final = (0.0, 120.0)
BOTTLE_G: Final = (40.0, 160.0)
LOW_G: Final = (-200.0, -50.0)
HIGH_G: Final = (250.0, 1000.0)
"""A scale, see `ScalePlan`; and the scales that nobody set to zero. Assumed; creep of good cells is
about 0.02 % (data sheets)."""

GAUGE_NOISE_MMHG: Final = (0.2, 1.5)
GAUGE_OFFSET_MMHG: Final = 1.0
GAUGE_GAIN: Final = 0.015
"""A gauge: noise, spread of its offset, and of its gain. Assumed."""

_FORMS: Final = {
    Forms.FITTING: ((Shape.TRIANGULAR, Shape.GAMMA, Shape.JET), (Wave.SINE, Wave.TRAPEZOID)),
    Forms.ALL: (tuple(Shape), tuple(Wave)),
}
"""Forms of ejection and of suction that may occur; the split is by design."""


def draw_session(
    family: Family,
    seed: int,
    forms: Forms,
    mother_seed: int,
    length_s: float | None = None,
) -> SessionPlan:
    """Return the plan of one session.

    Args:
        family: kind of recording.
        seed: of this session.
        forms: which functional forms may occur.
        mother_seed: of the mother, and of the pump that is hers.
        length_s: of the pumping; by default as the family has it.
    """
    conditions = CONDITIONS[family]
    chance = stream(seed, "plan", family.value)
    shapes, waves = _FORMS[forms]
    double = chance.random() < DOUBLE_SHARE
    sides = (0, 1) if double else (int(chance.random() < 0.5),)
    start_s = chance.uniform(*LEAD_IN_S)
    usual_s = chance.uniform(*(DRY_LENGTH_S if family is Family.DRY else LENGTH_S))
    length_s = usual_s if length_s is None else length_s
    home = stream(mother_seed, "mother")
    mother = draw_mother(home, shapes)
    none = chance.random() < conditions.none_share
    body = draw_body(mother, chance, length_s=length_s, double=double, none=none)
    if chance.random() < conditions.weak_share:
        body = weaken(body, chance.uniform(*conditions.weak))
    stop_s = start_s + length_s
    dribbles = draw_dribbles(conditions, chance, sides, start_s, stop_s)
    body = replace(body, dribbles=dribbles)
    return SessionPlan(
        body=body,
        pump=_pump(conditions, chance, _own_pump(home, waves), start_s, stop_s, sides),
        sides=sides,
        bottles=(_bottle(conditions, chance, length_s), _bottle(conditions, chance, length_s)),
        scales=(_scale(conditions, chance), _scale(conditions, chance)),
        gauges=(_gauge(chance), _gauge(chance)),
        disturbances=draw_disturbances(conditions, chance, sides, start_s, length_s),
        cues=_cues(conditions, chance, start_s, stop_s),
    )


def _cues(conditions: Conditions, chance: Chance, start_s: float, stop_s: float) -> tuple[Cue, ...]:
    if chance.random() >= conditions.cue_share:
        return ()
    music = Cue(start_s, stop_s - start_s, "music")
    if chance.random() >= PHOTO_SHARE:
        return (music,)
    photo_s = start_s + chance.uniform(*PHOTO_AFTER_S)
    return (music, Cue(photo_s, stop_s - photo_s, "photo"))


def _pump(
    conditions: Conditions,
    chance: Chance,
    own: PumpPlan,
    start_s: float,
    stop_s: float,
    sides: tuple[int, ...],
) -> PumpPlan:
    way = chance.random()
    switch_s, hand_s = math.inf, math.inf
    if way < SWITCH_ITSELF:
        switch_s = SWITCH_S
    elif way < SWITCH_ITSELF + SWITCH_BY_HAND:
        switch_s, hand_s = chance.uniform(*HAND_SWITCH_S), chance.uniform(*HAND_S)
    elif way < SWITCH_ITSELF + SWITCH_BY_HAND + ONE_MODE:
        switch_s = 0.0
    turns: tuple[tuple[float, float], ...] = ()
    if chance.random() < conditions.turn_share:
        turns = tuple(
            (chance.uniform(start_s, stop_s), chance.uniform(*TURN))
            for _ in range(1 + chance.below(MOST_TURNS))
        )
    return replace(
        own,
        start_s=start_s,
        stop_s=stop_s,
        switch_s=switch_s,
        hand_s=hand_s,
        back_to_stimulation=draw_spells(
            conditions.back_share,
            chance,
            (start_s + BACK_AFTER_S, stop_s - BACK_BEFORE_S),
            BACK_S,
        ),
        turns=turns,
        pauses=tuple(
            (at_s, at_s + for_s)
            for at_s, for_s in draw_spells(
                conditions.pause_share,
                chance,
                (start_s + PAUSE_AFTER_S, stop_s - PAUSE_BEFORE_S),
                PAUSE_S,
            )
        ),
        faults=draw_faults(conditions, chance, sides, start_s, stop_s),
        alternating=own.alternating and len(sides) == 2,
    )


def _own_pump(home: Chance, waves: tuple[Wave, ...]) -> PumpPlan:
    """Return a mother's own pump, at her own settings."""
    return PumpPlan(
        start_s=0.0,
        stop_s=0.0,
        stimulation=Mode(
            home.uniform(*STIMULATION_CYCLES_PER_MIN), home.uniform(*STIMULATION_MMHG)
        ),
        expression=Mode(
            home.uniform(*EXPRESSION_CYCLES_PER_MIN),
            clip(home.normal(*EXPRESSION_MMHG), *EXPRESSION_MMHG_RANGE),
        ),
        wave=waves[home.below(len(waves))],
        duty=home.uniform(*DUTY),
        ripple_mmhg=home.uniform(*RIPPLE_MMHG) if home.random() < RIPPLE_SHARE else 0.0,
        ripple_hz=home.uniform(*RIPPLE_HZ),
        alternating=home.random() < ALTERNATING_SHARE,
        follow_s=home.uniform(*FOLLOW_S),
        scatter=home.uniform(*SCATTER),
        shared=home.uniform(*SHARED) if home.random() < SHARED_SHARE else 0.0,
    )


def _bottle(conditions: Conditions, chance: Chance, length_s: float) -> BottlePlan:
    return BottlePlan(
        delay_s=chance.uniform(*DELAY_S),
        hold_up_g=chance.uniform(*HOLD_UP_G),
        mix_s=chance.uniform(*MIX_S),
        drop_g=chance.uniform(*DROP_G),
        valve=chance.random() < VALVE_SHARE,
        gulps=tuple(
            (chance.uniform(GULP_AFTER_S, length_s), chance.uniform(*GULP_G))
            for _ in range(chance.times(conditions.gulps_h * length_s / 3600.0))
        ),
    )


def _scale(conditions: Conditions, chance: Chance) -> ScalePlan:
    coloured = chance.random() < conditions.coloured_share
    untared = chance.random() < UNTARED_SHARE
    return ScalePlan(
        white_g=chance.evenly(*conditions.white_g),
        coloured_g=chance.evenly(*conditions.coloured_g) if coloured else 0.0,
        coloured_s=chance.evenly(*COLOURED_S),
        walk_g=chance.evenly(*conditions.walk_g),
        drift_g_min=chance.uniform(-conditions.drift_g_min, conditions.drift_g_min),
        warm_s=chance.uniform(*WARM_S),
        vibration_g=chance.evenly(*conditions.vibration_g),
        overtone=chance.uniform(*OVERTONE),
        tube_g=chance.evenly(*conditions.tube_g) * (1.0 if chance.random() < 0.5 else -1.0),
        creep_share=chance.evenly(*CREEP_SHARE),
        creep_s=chance.uniform(*CREEP_S),
        smooth_s=chance.uniform(*conditions.smooth_s),
        spikes=conditions.spikes * chance.random(),
        quantum_g=conditions.quanta_g[chance.below(len(conditions.quanta_g))],
        zero_g=chance.uniform(*(UNTARED_G if untared else ZERO_G)),
        bottle_g=chance.uniform(*BOTTLE_G),
        low_g=chance.uniform(*LOW_G),
        high_g=chance.evenly(*HIGH_G),
    )


def _gauge(chance: Chance) -> GaugePlan:
    return GaugePlan(
        noise_mmhg=chance.evenly(*GAUGE_NOISE_MMHG),
        offset_mmhg=chance.normal(0.0, GAUGE_OFFSET_MMHG),
        gain=chance.normal(1.0, GAUGE_GAIN),
    )

"""One generated recording, with all that is true about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lullaflow_sim.chance import Chance, stream
from lullaflow_sim.course import MILK_G_PER_ML, STRETCH_S, Course, SessionPlan, SideStretch
from lullaflow_sim.generate.conditions import CONDITIONS, Conditions, Family, Forms
from lullaflow_sim.generate.drawing import LEAD_OUT_S, draw_session
from lullaflow_sim.let_downs import SIDES

Curve = NDArray[np.float64]

ROWS_HZ: Final = 50
"""Rows a second, by design: the vacuum's rate."""

FRAME_ROWS: Final = 25
"""Rows of a frame, by design: a lost one takes half a second of every channel with it."""

PER_WEIGHT: Final = 5
"""Rows for each weight at 10 Hz, by design."""

FLOW_STEP_S: Final = 0.1
"""Step of the true curves, by design."""

SILENT_S: Final = (5.0, 90.0)
"""How long a sensor may give no sample, assumed."""

BURST_SHARE: Final = 0.5
BURST_FRAMES: Final = (2, 40)
"""Sessions with losses that lose many frames in a row, as a share, and how many; assumed."""

QUIET_ROWS: Final = 51
"""Readings about which an untouched scale's error is taken, by design: 5 s."""


@dataclass(frozen=True, slots=True)
class SideTruth:
    """What is true of one side, every 0.1 s; see `GeneratedSession.true_t_s`.

    Attributes:
        flow_g_s: flow that reaches the bottle, before it breaks into drops and spurts.
        milk_ml: milk in the bottle, drop by drop.
        unrounded_ml: what the scale would show in steps without size.
        suction_mmhg: peak suction of the cycles.
        touched: something touches the bottle.
        noise_ml: standard deviation of the untouched scale's readings about the milk (slow drift
            apart): noise, vibration and quantisation.
    """

    flow_g_s: Curve
    milk_ml: Curve
    unrounded_ml: Curve
    suction_mmhg: Curve
    touched: NDArray[np.bool_]
    noise_ml: float


@dataclass(frozen=True, slots=True)
class GeneratedSession:
    """A recording and its truth. All times are the recording's own (its clock may be off).

    Attributes:
        family, seed, mother_seed, forms: what made it.
        t_s: its rows, 50 a second (a plain scale: its own rate); rows of lost frames are missing.
        left_vacuum_mmhg, left_volume_ml, right_vacuum_mmhg, right_volume_ml: NaN: no sample.
        let_downs: what there is to be found, JSON-able: `onset_s`, `side`, `length_s`, `peak_g_s`,
            `before_g_s`, `grams`; both sides within 10 s are one.
        onsets_s: onsets of each side.
        ejections_s: when ejections began in each breast, also those too faint to count.
        resumptions_s: rises that no ejection brought: milk that a pause, a clog or a leak held up.
        sides: the truth of each side in use, `left` and `right`.
        true_t_s: the moments of the curves in `sides`.
        plan: all that was drawn.
        start_s, stop_s: of the pump.
        phases: `(at_s, name)`.
        silences: `(channel, at_s, for_s)`, where one sensor gave no sample.
    """

    family: Family
    seed: int
    mother_seed: int
    forms: Forms
    t_s: Curve
    left_vacuum_mmhg: Curve
    left_volume_ml: Curve
    right_vacuum_mmhg: Curve
    right_volume_ml: Curve
    let_downs: tuple[Mapping[str, Any], ...]
    onsets_s: Mapping[str, tuple[float, ...]]
    ejections_s: Mapping[str, tuple[float, ...]]
    resumptions_s: tuple[float, ...]
    sides: Mapping[str, SideTruth]
    true_t_s: Curve
    plan: SessionPlan
    start_s: float
    stop_s: float
    phases: tuple[tuple[float, str], ...]
    silences: tuple[tuple[str, float, float], ...]

    def true_flow(self, side: str) -> Curve:
        """Return the flow that reaches a bottle at `true_t_s`, g/s; zeros for a side not in use."""
        if side not in self.sides:
            return np.zeros(len(self.true_t_s))
        return self.sides[side].flow_g_s


def generate_session(
    family: Family | str,
    seed: int,
    forms: Forms | str = Forms.ALL,
    mother_seed: int | None = None,
) -> GeneratedSession:
    """Make one recording: same arguments, same recording, on every platform.

    Args:
        family: kind of recording.
        seed: of everything in it.
        forms: which functional forms of ejections and pumps may occur.
        mother_seed: of the mother; by default every session has a mother of its own.
    """
    family, forms = Family(family), Forms(forms)
    mother_seed = seed if mother_seed is None else mother_seed
    conditions = CONDITIONS[family]
    chance = stream(seed, "recording", family.value)
    plan = draw_session(family, seed, forms, mother_seed)
    course = Course(plan, seed)
    length_s = plan.pump.stop_s + chance.uniform(*LEAD_OUT_S)
    stretches = [course.advance() for _ in range(round(length_s / STRETCH_S))]
    whole: dict[str, dict[str, NDArray[Any]]] = {
        SIDES[side]: {
            name: np.concatenate([getattr(each[side], name) for each in stretches])
            for name in SideStretch.__slots__
        }
        for side in plan.sides
    }
    clock = 1.0 + chance.uniform(-1.0, 1.0) * conditions.clock_ppm * 1e-6
    rows = len(stretches) * round(STRETCH_S * ROWS_HZ)
    columns, silent = _columns(whole, rows, conditions, chance)
    jitter_s = (2.0 * chance.randoms(rows) - 1.0) * conditions.jitter_s
    moments_s: Curve = np.arange(rows, dtype=np.float64) * (clock / ROWS_HZ) + jitter_s
    t_s: Curve = moments_s.clip(min=0.0).round(3)
    kept = _kept(rows, conditions, chance)
    if not conditions.vacuum:
        kept &= ~np.isnan(columns["left_volume_ml"]) | ~np.isnan(columns["right_volume_ml"])
    let_downs, own, other_s = course.let_downs()
    return GeneratedSession(
        family=family,
        seed=seed,
        mother_seed=mother_seed,
        forms=forms,
        t_s=t_s[kept],
        **{name: column[kept] for name, column in columns.items()},
        let_downs=tuple(
            {**each.as_dict(), "onset_s": round(each.onset_s * clock, 3)} for each in let_downs
        ),
        onsets_s={
            SIDES[side]: tuple(round(rise.onset_s * clock, 3) for rise in own[side])
            for side in plan.sides
        },
        ejections_s={
            SIDES[side]: tuple(
                round(each.at_s[side] * clock, 3)
                for each in course.body.released
                if course.body.reaches(each, side)
            )
            for side in plan.sides
        },
        resumptions_s=tuple(round(at_s * clock, 3) for at_s in other_s),
        sides={side: _side_truth(curves) for side, curves in whole.items()},
        true_t_s=np.arange(rows // PER_WEIGHT, dtype=np.float64) * FLOW_STEP_S * clock,
        plan=plan,
        start_s=round(plan.pump.start_s * clock, 3),
        stop_s=round(plan.pump.stop_s * clock, 3),
        phases=tuple((round(at_s * clock, 3), name) for at_s, name in course.phases),
        silences=tuple(
            (name, round(at_s * clock, 3), round(for_s, 3)) for name, at_s, for_s in silent
        ),
    )


def _columns(
    whole: Mapping[str, Mapping[str, NDArray[Any]]],
    rows: int,
    conditions: Conditions,
    chance: Chance,
) -> tuple[dict[str, Curve], tuple[tuple[str, float, float], ...]]:
    """Return the four columns of a recording, no frame lost yet, and when which one is silent."""
    rate_hz = conditions.rates_hz[chance.below(len(conditions.rates_hz))]
    every = round(ROWS_HZ / rate_hz)
    columns: dict[str, Curve] = {}
    for side in SIDES:
        vacuum, volume = np.full(rows, np.nan), np.full(rows, np.nan)
        if side in whole:
            if conditions.vacuum:
                vacuum = np.round(whole[side]["vacuum_mmhg"], 2)
            weight = whole[side]["weight_g"][:: every // PER_WEIGHT]
            volume[::every] = np.round(weight / MILK_G_PER_ML, 4)
        columns[f"{side}_vacuum_mmhg"], columns[f"{side}_volume_ml"] = vacuum, volume
    used = [name for name, column in columns.items() if not np.isnan(column).all()]
    if chance.random() >= conditions.silent_share:
        return columns, ()
    name = used[chance.below(len(used))]
    first, count = chance.below(rows), int(chance.uniform(*SILENT_S) * ROWS_HZ)
    columns[name][first : first + count] = np.nan
    return columns, ((name, first / ROWS_HZ, count / ROWS_HZ),)


def _kept(rows: int, conditions: Conditions, chance: Chance) -> NDArray[np.bool_]:
    """Return which rows arrive: single frames are lost, and now and then many in a row."""
    frames = rows // FRAME_ROWS
    lost = np.zeros(frames, dtype=np.bool_)
    if chance.random() < conditions.lost_share:
        lost |= chance.randoms(frames) < chance.uniform(*conditions.lost)
        if chance.random() < BURST_SHARE:
            first, (least, most) = chance.below(frames), BURST_FRAMES
            lost[first : first + least + chance.below(most - least)] = True
    return ~np.repeat(lost, FRAME_ROWS)


def _side_truth(curves: Mapping[str, NDArray[Any]]) -> SideTruth:
    error = curves["weight_g"] - curves["milk_g"]
    return SideTruth(
        flow_g_s=curves["flow_g_s"],
        milk_ml=curves["milk_g"] / MILK_G_PER_ML,
        unrounded_ml=curves["unrounded_g"] / MILK_G_PER_ML,
        suction_mmhg=curves["suction_mmhg"],
        touched=curves["touched"],
        noise_ml=_noise(error, curves["touched"]) / MILK_G_PER_ML,
    )


def _noise(error: Curve, touched: NDArray[np.bool_]) -> float:
    """Return the spread of an untouched scale's error about its own mean of 5 s."""
    half = QUIET_ROWS // 2
    if len(error) <= 2 * QUIET_ROWS:
        return 0.0
    # Windows as differences of running sums: in one order, and so the same on every machine.
    means = _windows(error) / QUIET_ROWS
    quiet = _windows(touched.astype(np.float64)) < 0.5
    off = (error[half:-half] - means)[quiet]
    if len(off) <= QUIET_ROWS:
        return 0.0
    squares = math.fsum((off * off).tolist()) / len(off)
    return math.sqrt(squares * QUIET_ROWS / (QUIET_ROWS - 1.0))


def _windows(values: Curve) -> Curve:
    sums = np.cumsum(np.concatenate((np.zeros(1), values)))
    windows: Curve = sums[QUIET_ROWS:] - sums[:-QUIET_ROWS]
    return windows

"""Published figures of pumping, and the same figures of generated sessions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow_sim.course import MILK_G_PER_ML, STRETCH_S, Course
from lullaflow_sim.generate.conditions import Family, Forms
from lullaflow_sim.generate.drawing import draw_session
from lullaflow_sim.let_downs import STEP_S, LetDown, Rise

Curve = NDArray[np.float64]

STUDY_S: Final = 900.0
"""Most studies pump for 15 min."""

HIGH_G_S: Final = 0.1
"""A high-flow period, by Idei 2024."""

SHARE_S: Final = 600.0
"""Ramsay 2005 pumped for 10 min."""

READ_S: Final = 5.0
"""Ramsay 2006 read the balance every 5 s, so that no flow of less time was seen."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure and its generated counterpart.

    Attributes:
        name: what is measured, with its unit.
        published: the number, and its spread where there is one.
        source: who found it.
        low, high: bounds of generated over published that the tests hold; wide where sources differ
            or the figure is soft.
        generated: mean (or median, where the name says so) and spread.
    """

    name: str
    published: tuple[float, float | None]
    source: str
    low: float
    high: float
    generated: tuple[float, float] = (0.0, 0.0)

    @property
    def ratio(self) -> float:
        """Return generated over published."""
        return self.generated[0] / self.published[0]


@dataclass(frozen=True, slots=True)
class StudySession:
    """A session as a study sees it: flows at 0.1 s from the first suction, and what they show."""

    double: bool
    flows: tuple[Curve, ...]
    let_downs: tuple[LetDown, ...]
    rises: tuple[tuple[Rise, ...], ...]
    pulses: int
    removed_share: float
    start_s: float


PUBLISHED: Final = (
    Figure("time to first ejection, median (s)", (90.0, None), "review-level figure", 0.8, 1.25),
    Figure("sessions without ejection (%)", (6.5, None), "3 to 10 %, after Kent 2003", 0.2, 2.0),
    Figure("ejections in 15 min, both breasts", (5.1, 2.0), "Prime 2011, by flow", 0.75, 1.15),
    Figure("ejections in 15 min, one breast", (4.2, 2.0), "Prime 2009, by flow", 0.75, 1.15),
    Figure("milk of a breast in 15 min (g)", (69.8, 42.5), "Idei 2024", 0.75, 1.25),
    Figure("milk removed of milk available (%)", (58.2, 28.4), "Gardner 2019", 0.8, 1.25),
    Figure("right over left, mean difference (g)", (5.0, 10.9), "Engstrom 2007", 0.4, 1.8),
    Figure("share of 10 min in the first ejection (%)", (41.4, 21.5), "Ramsay 2005", 0.8, 1.3),
    Figure("share of milk in the first two (%)", (62.0, None), "Prime 2011", 0.85, 1.25),
    Figure("peak flow of a breast (g/s)", (0.5, 0.2), "Idei 2024", 0.8, 1.2),
    Figure("highest flow of all, over 5 s (g/s)", (0.92, None), "Ramsay 2006", 0.7, 1.0),
    Figure("interval of high-flow periods, median (s)", (221.0, None), "Idei 2024", 0.5, 1.2),
    Figure("highest flow in the first or second (%)", (94.0, None), "secondary", 0.85, 1.07),
    Figure("share of milk at 0.1 g/s or more, median (%)", (82.5, None), "Idei 2024", 0.8, 1.15),
    Figure("rises matched between breasts (%)", (95.5, None), "Prime 2009", 0.93, 1.05),
)
"""What generated sessions must resemble. In full: Prime 2011 Breastfeed Med 6:183, Prime 2009 Int
Breastfeed J 4:10, Idei 2024 Midwifery 136:104039, Gardner 2019 Int Breastfeed J 14:47, Ramsay 2005
J Hum Lact 21:421 (10 min), Ramsay 2006 Breastfeed Med 1:14, Kent 2003 J Hum Lact 19:179, Engstrom
2007 Breastfeed Med (PMID 17661579; mothers of very small infants, who have less milk). Studies
differ: who has 5.1 ejections in 15 min cannot have 221 s between them."""


def study(seeds: Sequence[int]) -> list[StudySession]:
    """Return 15-minute sessions of mothers each seen once, nothing going wrong."""
    return [_session(seed) for seed in seeds]


def compare(sessions: Sequence[StudySession]) -> list[Figure]:
    """Return the published figures with their generated counterparts."""
    milky = [each for each in sessions if each.let_downs]
    breasts = [flow for each in sessions for flow in each.flows]
    let_downs = {
        double: [len(each.let_downs) for each in milky if each.double is double]
        for double in (True, False)
    }
    flowing = [flow for each in milky for flow in each.flows]
    early_shares = [100.0 * _share(each, 1, SHARE_S) for each in milky]
    shares = [100.0 * _share(each, 2, STUDY_S) for each in milky]
    pairs = [each.flows for each in sessions if each.double]
    single = [each.flows[0] for each in milky if not each.double]
    rises = [rise for each in milky if each.double for side in each.rises for rise in side]
    matched = [each for one in milky if one.double for each in one.let_downs if each.side == "both"]
    first_s = [each.let_downs[0].onset_s - each.start_s for each in milky]
    high = [100.0 * flow[flow >= HIGH_G_S].sum() / flow.sum() for flow in flowing]
    several = [each for each in milky if len(each.let_downs) > 2]
    early_best = [max(_peaks(each)[:2]) >= max(_peaks(each)) for each in (several or milky)]
    found = (
        _median(first_s),
        (100.0 * (1.0 - len(milky) / len(sessions)), 0.0),
        _mean(let_downs[True]),
        _mean(let_downs[False]),
        _mean([float(flow.sum()) * STEP_S for flow in breasts]),
        _mean([100.0 * each.removed_share for each in sessions]),
        _mean([float((right - left).sum()) * STEP_S for left, right in pairs]),
        _mean(early_shares),
        _mean(shares),
        _mean([float(flow.max()) for flow in flowing]),
        (max(float(_read(flow).max()) for flow in flowing), 0.0),
        _median([gap_s for flow in single for gap_s in _intervals_s(_read(flow))]),
        (100.0 * float(np.mean(early_best)), 0.0),
        _median(high),
        (200.0 * len(matched) / max(len(rises), 1), 0.0),
    )
    return [
        replace(figure, generated=generated)
        for figure, generated in zip(PUBLISHED, found, strict=True)
    ]


def _session(seed: int) -> StudySession:
    plan = draw_session(Family.CLEAN, seed, Forms.ALL, seed, STUDY_S)
    course = Course(plan, seed)
    for _ in range(round(plan.pump.stop_s / STRETCH_S) + 1):
        course.advance_unseen()
    let_downs, own, _ = course.let_downs()
    flows = tuple(course.flow_g_s(side) for side in plan.sides)
    available_g = sum(plan.body.available_g[side] for side in plan.sides)
    return StudySession(
        double=len(plan.sides) == 2,
        flows=flows,
        let_downs=tuple(let_downs),
        rises=tuple(tuple(own[side]) for side in plan.sides),
        pulses=len(course.body.released),
        removed_share=sum(course.volume_ml().values()) * MILK_G_PER_ML / available_g,
        start_s=plan.pump.start_s,
    )


def _share(session: StudySession, first: int, within_s: float) -> float:
    """Return the share that the first let-downs brought of the milk of the first seconds."""
    end = round((session.start_s + within_s) / STEP_S)
    total_g = math.fsum(float(flow[:end].sum()) for flow in session.flows) * STEP_S
    rises = [rise for each in session.let_downs[:first] for rise in each.rises if rise is not None]
    return sum(rise.grams for rise in rises) / total_g


def _read(flow: Curve) -> Curve:
    """Return the flow as a balance that is read every few seconds has it, at every step."""
    steps = round(READ_S / STEP_S)
    milk_g = np.cumsum(flow) * STEP_S
    return (milk_g[steps:] - milk_g[:-steps]) / READ_S


def _intervals_s(flow: Curve) -> list[float]:
    """Return the times from one high-flow period's begin to the next one's."""
    begins = np.flatnonzero(np.diff((flow >= HIGH_G_S).astype(np.int8)) == 1)
    intervals: list[float] = (np.diff(begins) * STEP_S).tolist()
    return intervals


def _peaks(session: StudySession) -> list[float]:
    return [
        max(rise.peak_g_s for rise in each.rises if rise is not None) for each in session.let_downs
    ]


def _mean(values: Sequence[float]) -> tuple[float, float]:
    return float(np.mean(values)), float(np.std(values))


def _median(values: Sequence[float]) -> tuple[float, float]:
    return float(np.median(values)), float(np.std(values))

"""What the taught eye sees of a rise: how both bottles filled, and what they are like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lullaflow.detection import LetDownDetector, Samples
from lullaflow.detection.bottle import Bottle
from lullaflow.detection.evidence import NOTHING
from lullaflow.detection.sight import APART_S, FIGURES, MOST_SINCE_S, PUMPED_AGO, ROSE, Sight
from lullaflow.detection.vacuum import VacuumTracker
from lullaflow.detection.verdict import Seen

RATE_HZ = 10.0
T_S = np.arange(0.0, 140.0, 1.0 / RATE_HZ)
NONE = np.full_like(T_S, np.nan)
ONSET_S = 100.0


def milk(flow_ml_s: float, seed: int = 1, onset_s: float = ONSET_S) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0.0, 0.01, len(T_S))
    return np.clip(T_S - onset_s, 0.0, None) * flow_ml_s + noise


def seen(left: np.ndarray, right: np.ndarray = NONE, mmhg: float = np.nan) -> list[dict]:
    """Return all that is seen of each rise, by name, none of which is told."""
    sights: list[Seen] = []

    def judge(sight: Seen) -> bool:
        sights.append(sight)
        return False

    pull = 0.0 * T_S + mmhg
    LetDownDetector(judge).update(Samples(T_S, pull, left, pull, right))
    return [dict(zip(FIGURES, each.figures, strict=True)) for each in sights]


def test_every_figure_has_one_name() -> None:
    assert len(set(FIGURES)) == len(FIGURES)


def test_flow_is_read_closely_of_late_and_coarsely_before() -> None:
    last = seen(milk(0.2))[10]
    assert last["stronger flow_0_1_ml_s"] == pytest.approx(0.2, abs=0.05)
    assert last["stronger flow_4_5_ml_s"] == pytest.approx(0.2, abs=0.05)
    assert last["stronger flow_80_128_ml_s"] == pytest.approx(0.0, abs=0.01)


def test_the_bottle_that_rises_more_clearly_comes_first_and_the_other_after_it() -> None:
    for bottles in ((milk(0.3), milk(0.1, 2)), (milk(0.1, 2), milk(0.3))):
        both = [each for each in seen(*bottles) if each["weaker against_none"]]
        last = both[15]
        assert last["stronger against_none"] > last["weaker against_none"]
        assert last["stronger gained_ml_s"] == pytest.approx(0.3, abs=0.03)
        assert last["weaker gained_ml_s"] == pytest.approx(0.1, abs=0.03)
        assert last["apart_s"] < 3.0


def test_a_bottle_that_does_not_rise_is_far_and_one_that_is_not_there_is_nothing() -> None:
    still = seen(milk(0.3), milk(0.0, 2))[5]
    assert (still["weaker present"], still["apart_s"]) == (1.0, APART_S)
    alone = seen(milk(0.3))[5]
    assert not any(value for name, value in alone.items() if name.startswith("weaker"))


def test_a_bottle_that_fell_within_the_last_minute_lies_below_its_top() -> None:
    fallen = milk(0.0, 2)
    fallen[T_S > 85.0] -= 0.12
    first = seen(milk(0.3), fallen)[0]
    assert first["weaker sunk_ml"] == pytest.approx(0.12, abs=0.03)
    assert first["stronger sunk_ml"] < 0.05


def test_the_scale_the_suction_and_the_calm_are_as_they_are() -> None:
    last = seen(np.round(milk(0.2) / 0.1) * 0.1, mmhg=120.0)[-1]
    assert last["stronger step_ml"] == pytest.approx(0.1)
    assert last["stronger mmhg"] == pytest.approx(120.0)
    assert last["stronger calm_bins"] > 200.0
    assert last["since_s"] == MOST_SINCE_S
    assert (last["stronger settled"], last["proven"]) == (1.0, 0.0)


@pytest.mark.parametrize("last", [40, 511, 512, 1500])
def test_what_rose_and_how_the_pump_sucked_is_remembered_by_time_even_where_bins_are_lost(
    last: int,
) -> None:
    chance = np.random.default_rng(last)
    bottles, suction = (Bottle(), Bottle()), (VacuumTracker(), VacuumTracker())
    bottles[0].present = True
    sight, rose, mmhg = Sight(), {}, {}
    for index in range(20, last + 1):
        if chance.random() < 0.1 or 100 < last - index < 140:
            continue
        rose[index], mmhg[index] = chance.uniform(0.0, 60.0, 2).tolist()
        bottles[0].rise = replace(NOTHING, against_none=rose[index])
        suction[0].peak_mmhg = mmhg[index]
        sight.push(index, bottles, suction)
    end = max(rose)
    figures = sight.figures(bottles, suction, 0.0, proven=False, since_s=None)
    named = dict(zip(FIGURES, figures, strict=True))
    for later, sooner in ROSE:
        most = max(rose.get(end - ago, 0.0) for ago in range(later, sooner))
        assert named[f"stronger rose_{later}_{sooner}"] == pytest.approx(most)
    for ago in PUMPED_AGO:
        assert named[f"stronger peak_mmhg_{ago}"] == pytest.approx(mmhg.get(end - ago, 0.0))


def told_then_seen(ml: float) -> list[dict]:
    """Return what is seen of a second rise after a first was told that has brought so much."""
    sights: list[Seen] = []

    def judge(sight: Seen) -> bool:
        sights.append(sight)
        return sight.proven is False and len(sights) == 5

    flow = 0.3 * ((T_S >= 40.0) & (40.0 + ml / 0.3 > T_S)) + 0.3 * (T_S >= 115.0)
    scale_ml = np.cumsum(flow) / RATE_HZ + np.random.default_rng(4).normal(0.0, 0.01, len(T_S))
    LetDownDetector(judge).update(Samples(T_S, NONE, scale_ml, NONE, NONE))
    seen_then = [dict(zip(FIGURES, each.figures, strict=True)) for each in sights[5:]]
    assert seen_then
    return seen_then


@pytest.mark.parametrize(("ml", "proven"), [(3.0, 0.0), (12.0, 1.0)])
def test_milk_is_taken_to_come_once_a_let_down_has_brought_some(ml: float, proven: float) -> None:
    last = told_then_seen(ml)[-1]
    assert last["proven"] == proven
    assert last["since_s"] == pytest.approx(85.0, abs=15.0)
    assert last["stronger peak_ml_s"] == pytest.approx(0.3, abs=0.05)


def test_figures_are_rounded_as_those_that_taught() -> None:
    for each in seen(milk(0.2))[0].values():
        assert each == float(np.float32(each))

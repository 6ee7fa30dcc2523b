"""What the taught eye may do: tell sooner what is clear, hold back what looks least like milk."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.detection.ours import patient
from lullaflow.detection import LetDownDetector, LetDownFound, Samples
from lullaflow.detection.forest import Trees
from lullaflow.detection.likeness import likeness
from lullaflow.detection.sight import FIGURES
from lullaflow.detection.trees import TREES
from lullaflow.detection.verdict import ALONE_BINS, LEAST_LIKELY_UNPROVEN, Seen, is_let_down

RATE_HZ = 10
T_S = np.arange(0.0, 200.0, 1.0 / RATE_HZ)
NONE = np.full_like(T_S, np.nan)
ONSET_S = 90.0


def milk(flow_ml_s, seed):
    flow = np.clip((T_S - ONSET_S) / 10.0, 0.0, 1.0) * flow_ml_s
    return np.cumsum(flow) / RATE_HZ + np.random.default_rng(seed).normal(0.0, 0.02, len(T_S))


def told(left, right=NONE):
    findings = LetDownDetector().update(Samples(T_S, NONE, left, NONE, right))
    return [each.detected_s for each in findings if isinstance(each, LetDownFound)]


def told_without(left, right=NONE):
    with patient():
        return told(left, right)


@pytest.mark.parametrize("seed", range(5))
def test_a_clear_let_down_of_one_bottle_is_told_seconds_before_an_arm_is_ruled_out(seed):
    (sooner,) = told(milk(0.3, seed))
    (later,) = told_without(milk(0.3, seed))
    assert ONSET_S < sooner < later - 1.0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("flow_ml_s", [0.06, 0.1, 0.2, 0.5])
def test_it_makes_no_let_down_later_that_comes_as_milk_does(flow_ml_s, seed):
    both = milk(flow_ml_s, seed), milk(flow_ml_s, seed + 50)
    for bottles in (both, both[:1]):
        (sooner,), (later,) = told(*bottles), told_without(*bottles)
        assert sooner <= later


@pytest.mark.parametrize(
    ("weight_ml", "seconds"),
    [(0.5, 1.0), (0.5, 2.0), (1.0, 2.0), (2.0, 3.0), (2.0, 4.5), (4.0, 6.5), (8.0, 6.5)],
)
def test_an_arm_that_leans_on_a_quiet_bottle_is_no_milk_unless_it_is_light_and_slow(
    weight_ml, seconds
):
    way = np.clip((T_S - ONSET_S) / seconds, 0.0, 1.0)
    for seed in range(2):
        noise = np.random.default_rng(seed).normal(0.0, 0.03, len(T_S))
        assert told(weight_ml * (0.5 - 0.5 * np.cos(np.pi * way)) + noise) == []


@pytest.mark.parametrize("bottles", [(milk(0.3, 1),), (milk(0.3, 1), milk(0.3, 2))])
def test_what_looks_least_like_milk_has_to_weigh_far_more(bottles):
    def at(likeness):
        with patch("lullaflow.detection.verdict.likeness", return_value=likeness):
            return told(*bottles)

    least = LEAST_LIKELY_UNPROVEN
    (unlikely,), (likely,) = at(least - 0.01), at(least + 0.01)
    assert likely < unlikely


def test_who_is_patient_is_not_held_back_by_what_the_eye_thinks():
    (later,) = told_without(milk(0.3, 1))
    with patch("lullaflow.detection.verdict.likeness", return_value=0.01):
        (unseen,) = told_without(milk(0.3, 1))
        (held_back,) = told(milk(0.3, 1))
    assert later == unseen < held_back


def sides_told(left, right=NONE, left_mmhg=NONE, right_mmhg=NONE):
    findings = LetDownDetector().update(Samples(T_S, left_mmhg, left, right_mmhg, right))
    return [each.side for each in findings if isinstance(each, LetDownFound)]


PULLS_MMHG = 75.0 - 75.0 * np.cos(2.0 * np.pi * T_S)
STILL = np.random.default_rng(9).normal(0.0, 0.02, len(T_S))


def test_told_before_the_other_side_shows_it_is_of_all_sides_that_are_pumped():
    one = milk(0.3, 1)
    assert sides_told(one) == ["left"]
    assert sides_told(one, STILL, PULLS_MMHG, PULLS_MMHG) == ["both"]
    assert sides_told(one, STILL, PULLS_MMHG, 0.0 * PULLS_MMHG) == ["left"]
    assert sides_told(one, STILL, 0.0 * PULLS_MMHG, 0.0 * PULLS_MMHG) == ["left"]
    with patient():
        assert sides_told(one, STILL, PULLS_MMHG, PULLS_MMHG) == ["left"]


def test_without_gauges_bottles_that_are_there_are_in_use():
    with patch("lullaflow.detection.verdict.likeness", return_value=0.99):
        assert sides_told(milk(0.3, 1), STILL) == ["both"]
    with patient():
        assert sides_told(milk(0.3, 1), STILL) == ["left"]


@given(st.lists(st.floats(-1e6, 1e6), min_size=len(FIGURES), max_size=len(FIGURES)))
def test_whatever_a_rise_looks_like_it_is_more_or_less_likely(figures):
    assert 0.0 <= likeness(np.array(figures, np.float32)) <= 1.0


MORE_IS_MILK = {
    "weight",
    "stronger against_all",
    "stronger against_all_ample",
    "weaker against_all",
    "weaker against_all_ample",
}


EYE = Trees(TREES)
BRANCHES = [at for at, below in enumerate(EYE.below) if below != at]


def leaves(at):
    if EYE.below[at] == at:
        return [EYE.odds[at]]
    return [*leaves(EYE.below[at]), *leaves(EYE.below[at] + 1)]


def test_more_evidence_against_all_else_never_makes_a_rise_less_likely_to_the_trees():
    seen = set()
    for at in BRANCHES:
        name = FIGURES[EYE.asked[at]]
        seen.add(name)
        if name in MORE_IS_MILK:
            assert max(leaves(EYE.below[at])) <= min(leaves(EYE.below[at] + 1))
    assert seen >= MORE_IS_MILK


def test_the_eye_looks_at_both_bottles_and_at_what_came_before():
    seen = {FIGURES[EYE.asked[at]] for at in BRANCHES}
    assert seen >= {"since_s", "proven", "apart_s", "weaker flow_0_1_ml_s", "stronger rose_8_32"}


def a_rise(**known):
    known = {"weight": 20.0, "bins": 8, "alone": False, "proven": False, "untimely": 0.0} | known
    return Seen(figures=(), **known)


@pytest.mark.parametrize(
    ("like", "known", "told"),
    [
        (0.93, {"weight": 1.0, "proven": True}, True),
        (0.91, {"weight": 1.0, "proven": True}, False),
        (0.93, {"weight": 1.0, "proven": True, "alone": True}, False),
        (0.95, {"weight": 1.0, "proven": True, "alone": True}, True),
        (0.94, {"weight": 1.0}, False),
        (0.96, {"weight": 1.0}, True),
        (0.96, {"weight": 1.0, "alone": True}, False),
        (0.98, {"weight": 1.0, "alone": True}, True),
        (0.99, {"weight": 1.0, "alone": True, "bins": ALONE_BINS - 1}, False),
        (0.99, {"weight": 1.0, "bins": 2}, True),
        (0.76, {}, True),
        (0.74, {}, False),
        (0.74, {"proven": True}, True),
        (0.49, {"proven": True}, False),
        (0.01, {"weight": 41.0}, True),
        (0.80, {"weight": 11.0}, False),
        (0.80, {"weight": 13.0, "untimely": 2.0}, False),
    ],
)
def test_what_is_told(like, known, told):
    with patch("lullaflow.detection.verdict.likeness", return_value=like):
        assert is_let_down(a_rise(**known)) is told


@pytest.mark.parametrize(
    ("bins", "alone", "asked"),
    [
        (2, False, 0.920),
        (12, False, 0.920),
        (13, False, 0.915),
        (20, False, 0.877),
        (40, False, 0.682),
        (12, True, 0.940),
        (20, True, 0.906),
        (40, True, 0.745),
    ],
)
def test_once_milk_has_come_less_is_asked_of_an_older_rise(bins, alone, asked):
    for like, told in ((asked - 0.001, False), (asked + 0.001, True)):
        rise = a_rise(weight=1.0, bins=bins, alone=alone, proven=True)
        with patch("lullaflow.detection.verdict.likeness", return_value=like):
            assert is_let_down(rise) is told


@pytest.mark.parametrize(("alone", "asked"), [(False, 0.95), (True, 0.97)])
@pytest.mark.parametrize("bins", [4, 16, 24, 40])
def test_until_milk_has_come_as_much_is_asked_of_an_older_rise(bins, alone, asked):
    for like, told in ((asked - 0.001, False), (asked + 0.001, True)):
        with patch("lullaflow.detection.verdict.likeness", return_value=like):
            assert is_let_down(a_rise(weight=1.0, bins=bins, alone=alone)) is told

"""What the taught eye may do: tell sooner what is clear, hold back what looks least like milk."""

from dataclasses import fields
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.detection.ours import patient
from lullaflow.detection import LetDownDetector, LetDownFound, Samples
from lullaflow.detection.evidence import Rise
from lullaflow.detection.level import Reading
from lullaflow.detection.likeness import APART_S, Looks, likeness, read_trees
from lullaflow.detection.shape import Shape, shape_of
from lullaflow.detection.track import Track
from lullaflow.detection.trees import TREES

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
        for sooner, later in zip(told(*bottles), told_without(*bottles), strict=True):
            assert sooner <= later


@pytest.mark.parametrize(
    ("weight_ml", "seconds"),
    [(0.5, 1.0), (0.5, 3.0), (1.0, 2.0), (1.0, 4.5), (2.0, 3.0), (2.0, 6.5), (4.0, 6.5)],
)
def test_an_arm_that_leans_on_a_quiet_bottle_is_no_milk_however_smooth(weight_ml, seconds):
    way = np.clip((T_S - ONSET_S) / seconds, 0.0, 1.0)
    for seed in range(2):
        noise = np.random.default_rng(seed).normal(0.0, 0.03, len(T_S))
        assert told(weight_ml * (0.5 - 0.5 * np.cos(np.pi * way)) + noise) == []


@pytest.mark.parametrize(("alone", "least"), [(True, 0.9), (False, 0.77)])
def test_what_looks_least_like_milk_has_to_weigh_far_more_above_all_on_one_bottle(alone, least):
    bottles = (milk(0.3, 1),) if alone else (milk(0.3, 1), milk(0.3, 2))

    def at(likeness):
        with patch("lullaflow.detection.verdict.likeness", return_value=likeness):
            return told(*bottles)

    (unlikely,), (likely,) = at(least - 0.04), at(least)
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
    with patient():
        assert sides_told(one, STILL, PULLS_MMHG, PULLS_MMHG) == ["left"]


def test_without_gauges_it_is_of_the_side_that_shows():
    assert sides_told(milk(0.3, 1), STILL) == ["left"]


NUMBER = st.floats(-1e3, 1e3)
LOOKS = st.builds(
    Looks,
    weight=NUMBER,
    against_none=NUMBER,
    against_all_ample=NUMBER,
    bins=st.integers(2, 40),
    apart_s=st.floats(0.0, APART_S),
    shape=st.builds(
        Shape, NUMBER, NUMBER, NUMBER, st.floats(0.0, 1e3), NUMBER, NUMBER, st.integers(0, 4000)
    ),
)


@given(LOOKS)
def test_whatever_a_rise_looks_like_it_is_more_or_less_likely(looks):
    assert 0.0 < likeness(looks) < 1.0


NAMES = [each.name for each in (*fields(Looks)[:-1], *fields(Shape))]
MORE_IS_MILK = {"weight", "against_none", "against_all_ample", "calm_bins"}
MORE_IS_NONE = {"sunk_ml"}


def leaves(node):
    return [node] if isinstance(node, float) else [*leaves(node[2]), *leaves(node[3])]


def splits(node):
    if not isinstance(node, float):
        yield node
        yield from splits(node[2])
        yield from splits(node[3])


def test_more_evidence_never_makes_a_rise_less_likely():
    seen = set()
    for tree in read_trees(TREES):
        for which, _, below, above in splits(tree):
            seen.add(NAMES[which])
            if NAMES[which] in MORE_IS_MILK:
                assert max(leaves(below)) <= min(leaves(above))
            elif NAMES[which] in MORE_IS_NONE:
                assert min(leaves(below)) >= max(leaves(above))
    assert seen == set(NAMES)


@given(LOOKS)
def test_figures_stand_in_the_order_of_their_names(looks):
    assert looks.figures == tuple(
        getattr(looks.shape if hasattr(looks.shape, name) else looks, name) for name in NAMES
    )


def shape(levels, rise):
    track = Track()
    for number, level in enumerate(levels):
        track.add(Reading(0.5 * (number + 1), float(level), follows=True))
    return shape_of(track, rise, white=0.02**2)


def rise(bins, gained_ml_s):
    return Rise(50.0, 20.0, 20.0, bins, base_ml_s=0.0, gained_ml_s=gained_ml_s, onset_s=0.0)


def test_milk_goes_on_in_many_parts():
    levels = np.concatenate((np.zeros(100), 0.1 * np.arange(1, 13)))
    seen = shape(levels, rise(12, 0.2))
    assert seen.lately_ml_s == pytest.approx(0.2)
    assert seen.parts_ml_s == pytest.approx(0.2)
    assert (seen.latest, seen.now) == pytest.approx((1.0, 1.0))
    assert seen.rough < 0.01
    assert seen.sunk_ml == pytest.approx(0.0, abs=1e-9)


def test_what_settles_has_come_to_rest_and_in_one_part():
    seen = shape(np.concatenate((np.zeros(100), np.full(12, 1.2))), rise(12, 0.2))
    still = (seen.lately_ml_s, seen.parts_ml_s, seen.latest)
    assert still == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)


def test_a_bottle_that_was_tilted_had_been_as_high_before():
    tilt = np.concatenate((np.full(90, 1.0), np.full(10, -0.2), 0.1 * np.arange(-1, 11)))
    assert shape(tilt, rise(12, 0.2)).sunk_ml == pytest.approx(1.2)

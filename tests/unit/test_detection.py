"""The detector on signals whose truth can be written down in a line."""

import dataclasses

import numpy as np
import pytest

from lullaflow.detection import FlowOver, LetDownDetector, LetDownFound, Samples, evidence
from lullaflow.detection.confidence import Signs, confidence
from lullaflow.detection.noise import REACH, Noise
from lullaflow.detection.templates import bank

RATE_HZ = 10
LENGTH_S = 200.0
T_S = np.arange(0.0, LENGTH_S, 1.0 / RATE_HZ)
NONE = np.full_like(T_S, np.nan)
ONSET_S = 90.0


def noise(seed, ml=0.02):
    return np.random.default_rng(seed).normal(0.0, ml, len(T_S))


def milk(onset_s=ONSET_S, rise_s=10.0, flow_ml_s=0.4):
    """Return milk whose flow rises on a line from an onset, and stays."""
    flow = np.clip((T_S - onset_s) / rise_s, 0.0, 1.0) * flow_ml_s
    return np.cumsum(flow) / RATE_HZ


def eased(at_s, for_s=5.0):
    """Return what comes softly within seconds."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip((T_S - at_s) / for_s, 0.0, 1.0))


TREMBLING = 1.0 + np.random.default_rng(1).normal(0.0, 0.04, len(T_S))


def found(left, right=NONE):
    findings = LetDownDetector().update(Samples(T_S, NONE, left, NONE, right))
    return [each for each in findings if isinstance(each, LetDownFound)]


@pytest.mark.parametrize("seed", range(5))
def test_a_rise_on_both_sides_is_one_let_down_and_found_in_seconds(seed):
    (one,) = found(milk() + noise(seed), milk(ONSET_S + 2.0) + noise(seed + 50))
    assert one.side == "both"
    assert ONSET_S < one.detected_s < ONSET_S + 6.0
    assert one.onset_s == pytest.approx(ONSET_S, abs=2.5)


@pytest.mark.parametrize("seed", range(5))
def test_the_only_bottle_is_enough_once_an_arm_is_ruled_out(seed):
    (one,) = found(milk() + noise(seed))
    assert one.side == "left"
    assert one.detected_s < ONSET_S + 12.0


@pytest.mark.parametrize("seed", range(5))
def test_strong_flow_is_found_as_soon_as_weak_flow(seed):
    (one,) = found(milk(flow_ml_s=0.8) + noise(seed, 0.01))
    assert one.detected_s < ONSET_S + 12.0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "other",
    [
        pytest.param(1.2 * (T_S > ONSET_S), id="settled by a gram"),
        pytest.param(-2.0 * (T_S > ONSET_S), id="lighter"),
        pytest.param(60.0 * ((T_S > 90.0) & (T_S < 100.0)), id="a hand"),
        pytest.param(-80.0 * ((T_S > 90.0) & (T_S < 100.0)), id="lifted"),
        pytest.param(0.002 * T_S, id="drift"),
        pytest.param(-2.5 * (eased(50.0) - eased(ONSET_S)), id="tilted, and put straight"),
        pytest.param(1.1 * (T_S > 80.0) + 1.3 * (T_S > 88.0), id="settled twice"),
        pytest.param(4.0 * eased(ONSET_S) * TREMBLING, id="an arm that trembles"),
        pytest.param(
            30.0
            * np.exp(-np.clip(T_S - ONSET_S, 0.0, None))
            * np.cos(23.0 * T_S)
            * (T_S > ONSET_S),
            id="a knock",
        ),
        pytest.param(np.floor(T_S / 8.0) * 0.05, id="drips"),
    ],
)
def test_what_is_no_milk_is_no_let_down(other, seed):
    assert not found(other + noise(seed))
    assert not found(other + noise(seed), noise(seed + 50))


def test_a_let_down_after_a_touch_is_found():
    touch = 70.0 * ((T_S > 70.0) & (T_S < 78.0)) + 0.4 * (T_S >= 78.0)
    (one,) = found(milk() + touch + noise(3))
    assert one.detected_s < ONSET_S + 12.0


def test_a_second_let_down_needs_flow_that_fell():
    flow = np.interp(
        T_S, [0, 40, 50, 80, 95, 130, 140, 170, 185], [0, 0, 0.4, 0.4, 0, 0, 0.3, 0.3, 0]
    )
    twice = np.cumsum(flow) / RATE_HZ
    assert len(found(twice + noise(1), twice + noise(2))) == 2
    steady = np.cumsum(np.interp(T_S, [0, 40, 50, 100, 110], [0, 0, 0.3, 0.3, 0.4])) / RATE_HZ
    assert len(found(steady + noise(1), steady + noise(2))) == 1


def after(*flow_ml_s):
    """Return the findings of a pair of bottles into which milk flows along these points."""
    points = np.array([(0.0, 0.0), *flow_ml_s, (LENGTH_S, flow_ml_s[-1][1])])
    milk_ml = np.cumsum(np.interp(T_S, *points.T)) / RATE_HZ
    samples = Samples(T_S, NONE, milk_ml + noise(1), NONE, milk_ml + noise(2))
    detector = LetDownDetector()
    return [*detector.update(samples), *detector.stop(LENGTH_S)], milk_ml


def test_a_flow_is_over_when_it_has_ebbed_and_its_volume_counts_from_the_onset():
    (_, over), milk_ml = after((60.0, 0.0), (65.0, 0.4), (110.0, 0.4), (130.0, 0.0))
    assert isinstance(over, FlowOver)
    assert over.end_s == pytest.approx(127.0, abs=3.0)
    assert over.volume_ml == pytest.approx(2.0 * milk_ml[-1], rel=0.03)


def test_a_flow_on_which_another_comes_ends_where_that_begins():
    curve = (60.0, 0.0), (65.0, 0.4), (90.0, 0.4), (110.0, 0.15), (125.0, 0.15), (130.0, 0.6)
    (_, over, _, last), milk_ml = after(*curve)
    onset = np.searchsorted(T_S, 126.0)
    assert isinstance(over, FlowOver)
    assert over.end_s == pytest.approx(126.0, abs=3.0)
    assert over.volume_ml == pytest.approx(2.0 * milk_ml[onset], rel=0.06)
    assert isinstance(last, FlowOver)
    assert last.end_s == LENGTH_S
    assert last.volume_ml == pytest.approx(2.0 * (milk_ml[-1] - milk_ml[onset]), rel=0.06)


def test_what_are_no_samples_is_said_in_a_sentence_and_nothing_is_taken():
    detector = LetDownDetector()
    good = Samples(T_S, NONE, milk() + noise(1), NONE, milk() + noise(2))
    half = len(T_S) // 2
    first, second = (
        Samples(*(getattr(good, name)[part] for name in Samples.__slots__))
        for part in (slice(half), slice(half, None))
    )
    told = detector.update(first)
    late = T_S.copy()
    late[half + 5] = np.nan
    for wrong, why in (
        (dataclasses.replace(second, left_volume_ml=NONE[: half // 2]), "left_volume_ml has not"),
        (dataclasses.replace(second, right_volume_ml=[1.0] * half), "right_volume_ml is no"),
        (dataclasses.replace(second, right_volume_ml=np.array(["1"] * half)), "is no NumPy array"),
        (dataclasses.replace(second, t_s=list(second.t_s)), "t_s is no NumPy array"),
        (dataclasses.replace(second, t_s=second.t_s + 1e300), "seconds that do not fall"),
        (dataclasses.replace(second, left_vacuum_mmhg=np.full(half, 1e300)), "over 1e"),
        (dataclasses.replace(second, t_s=late[half:]), "do not fall"),
        (dataclasses.replace(second, t_s=second.t_s[::-1]), "do not fall"),
        (first, "nor from piece to piece"),
    ):
        with pytest.raises(ValueError, match=why):
            detector.update(wrong)
    told += detector.update(second)
    assert told == LetDownDetector().update(good) != []


def test_a_scale_of_whole_millilitres_finds_it_too():
    (one,) = found(np.round(milk(flow_ml_s=0.6) + noise(4, 0.1)))
    assert one.detected_s < ONSET_S + 20.0


@pytest.mark.parametrize("seed", range(3))
def test_weak_flow_on_such_a_scale_is_not_taken_for_two_gulps(seed):
    weak = milk(rise_s=0.1, flow_ml_s=0.12) + noise(seed, 0.05)
    (one,) = found(np.floor(weak + 0.8))
    assert one.detected_s < ONSET_S + 16.0


def rises(left, right):
    detector = LetDownDetector()
    seen = []
    for part in np.array_split(np.arange(len(T_S)), int(2 * LENGTH_S)):
        detector.update(Samples(T_S[part], NONE[part], left[part], NONE[part], right[part]))
        seen.append([bottle.rise for bottle in detector.bottles])
    return seen


def test_what_is_left_without_a_closer_look_would_not_have_been_a_rise(monkeypatch):
    wandering = np.cumsum(noise(3, 0.01)) + noise(4, 0.05)
    left = milk(40.0, 4.0, 0.3) - milk(70.0, 10.0, 0.3) + milk(110.0) + wandering
    right = milk(150.0, 2.0, 0.1) + noise(5, 0.05)
    usual = rises(left, right)
    looked_at_all = dataclasses.replace(
        bank(), least_white=np.zeros_like(bank().least_white), least_walk=0.0 * bank().least_walk
    )
    monkeypatch.setattr(evidence, "bank", lambda: looked_at_all)
    assert rises(left, right) == usual
    assert sum(each.against_none > 0.0 for pair in usual for each in pair) > 20


@pytest.mark.parametrize("ml", [0.03, 0.3])
def test_noise_is_learnt_from_the_session(ml):
    learnt = Noise()
    levels = np.random.default_rng(1).normal(0.0, ml, 600)
    for end in range(REACH, len(levels)):
        learnt.learn(levels[end - REACH : end].tolist(), still=True)
    assert np.sqrt(learnt.white + learnt.walk) == pytest.approx(ml, rel=0.4)


def test_confidence_is_a_probability_and_less_the_longer_it_took_to_tell():
    soon, long = (
        confidence(Signs(since_s, 20.0, gained_ml_s=0.2, base_ml_s=0.0)) for since_s in (4.0, 16.0)
    )
    assert 0.5 < long < soon < 1.0

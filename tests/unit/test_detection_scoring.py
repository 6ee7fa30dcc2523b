"""The judge of the detector is judged: scoring, the limit, seeds and what is kept on disk."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.detection import recording as recordings
from bench.detection.binned_flow import binned_flow
from bench.detection.falling_short import short_rises_s
from bench.detection.limit import limits
from bench.detection.other import other_session
from bench.detection.ours import find, find_soon
from bench.detection.readings import Readings
from bench.detection.recording import (
    COLUMNS,
    CURVES,
    Recording,
    TrueLetDown,
    TrueSide,
    read_recording,
    write_recording,
)
from bench.detection.scoring import (
    EARLIEST_S,
    LATEST_S,
    Told,
    calibration_error,
    pair,
    score_session,
    sum_up,
)
from bench.detection.seeds import FAMILIES, MOST_SESSIONS, Use, seeds
from bench.detection.slowness import FLOWING_G_S, KNOWN_S, _judge
from lullaflow.detection import Samples
from lullaflow_sim.let_downs import find_rises

RISE_S = (100.0, 240.0, 400.0)


def session(
    rise_s=RISE_S,
    noise_ml=0.01,
    length_s=600.0,
    peak_g_s=0.4,
    step_ml=0.01,
    held_up_s=(),
    base_g_s=0.0,
):
    """Return a recording of one bottle, with a let-down of a minute at each moment."""
    random = np.random.default_rng(3)
    true_t_s = np.arange(0.0, length_s, 0.1)
    flow = np.full(len(true_t_s), base_g_s)
    for at_s in (*rise_s, *held_up_s):
        since = true_t_s - at_s
        flow += peak_g_s * np.clip(np.minimum(since / 4.0, (60.0 - since) / 20.0), 0.0, 1.0)
    milk_ml = np.cumsum(flow) * 0.1 / 1.03
    unrounded = milk_ml + noise_ml * random.standard_normal(len(milk_ml))
    t_s = np.arange(0.0, length_s, 0.02).round(3)
    volume = np.full(len(t_s), np.nan)
    volume[::5] = np.round(unrounded / step_ml) * step_ml
    suction = np.where(true_t_s > 5.0, 150.0, 0.0)
    vacuum = np.where(t_s > 5.0, 75.0 - 75.0 * np.cos(2.0 * np.pi * t_s), 0.0)
    none = np.full(len(t_s), np.nan)
    held = {round(at_s) for at_s in held_up_s}
    rises = [each for each in find_rises(flow) if round(each.onset_s - 0.5) not in held]
    return Recording(
        family="clean",
        seed=1,
        samples=Samples(t_s, vacuum, volume, none, none),
        let_downs=tuple(
            TrueLetDown(r.onset_s, "left", r.end_s - r.onset_s, r.peak_g_s, r.before_g_s, r.grams)
            for r in rises
        ),
        resumptions_s=tuple(held_up_s),
        sides={
            "left": TrueSide(
                flow_g_s=flow,
                milk_ml=milk_ml,
                unrounded_ml=unrounded,
                suction_mmhg=suction,
                touched=np.zeros(len(true_t_s), dtype=bool),
                step_ml=step_ml,
                filter_s=0.0,
            )
        },
        true_t_s=true_t_s,
        start_s=5.0,
        stop_s=length_s,
        steps_per_hour=4.0,
    )


MADE = session()
ONSETS_S = [each.onset_s for each in MADE.let_downs]


def perfect(made=MADE, later_s=1.0):
    return [Told(each.onset_s + later_s, each.onset_s, 0.9) for each in made.let_downs]


def test_who_tells_everything_at_once_scores_one():
    figures = sum_up([score_session(MADE, perfect())])
    assert figures.let_downs == 3
    assert figures.f1 == figures.precision == figures.recall == figures.first_found == 1.0
    assert figures.delay_s == pytest.approx(1.0)
    assert figures.onset_error_s == figures.false_per_hour == 0.0
    assert figures.calibration_error == pytest.approx(0.1)


def test_who_tells_nothing_scores_nought():
    figures = sum_up([score_session(MADE, [])])
    assert figures.f1 == figures.recall == figures.first_found == figures.false_per_hour == 0.0
    assert np.isnan(figures.delay_s)
    assert np.isnan(figures.calibration_error)


@pytest.mark.parametrize(
    ("later_s", "hits"),
    [
        (-EARLIEST_S, 3),
        (-EARLIEST_S - 0.1, 0),
        (LATEST_S, 3),
        (LATEST_S + 0.1, 0),
    ],
)
def test_the_window_ends_where_it_says(later_s, hits):
    score = score_session(MADE, perfect(later_s=later_s))
    assert sum(delay is not None for delay in score.delays_s) == hits
    assert len(score.false_s) == 3 - hits


def test_telling_the_same_twice_is_once_right_and_once_false():
    score = score_session(MADE, [*perfect(), Told(ONSETS_S[1] + 20.0, ONSETS_S[1], 0.5)])
    assert None not in score.delays_s
    assert score.false_s == (ONSETS_S[1] + 20.0,)
    assert sorted(score.confidences) == [(0.5, False), (0.9, True), (0.9, True), (0.9, True)]


def test_milk_that_was_held_up_counts_neither_way_but_once_only():
    made = session(rise_s=(100.0,), held_up_s=(300.0,))
    assert len(made.let_downs) == 1
    told = [*perfect(made), Told(303.0, 300.0, 0.8), Told(320.0, 320.0, 0.8)]
    score = score_session(made, told)
    assert score.resumptions_told == 1
    assert score.false_s == (320.0,)
    assert (0.8, False) in score.confidences
    assert len(score.confidences) == 2


MOMENTS = st.lists(st.integers(0, 200).map(float), max_size=5, unique=True).map(sorted)


def most_pairs(moments, onsets):
    """Return how many can be paired at most, by trying everything."""
    for size in range(min(len(moments), len(onsets)), 0, -1):
        for chosen in combinations(onsets, size):
            for told in permutations(moments, size):
                if all(-EARLIEST_S <= t - o <= LATEST_S for t, o in zip(told, chosen, strict=True)):
                    return size
    return 0


@given(MOMENTS, MOMENTS)
def test_pairing_is_one_to_one_within_the_window_and_as_large_as_can_be(moments, onsets):
    pairs = pair(moments, onsets)
    taken = [at for at in pairs if at is not None]
    assert len(taken) == len(set(taken)) == most_pairs(moments, onsets)
    for at, onset in zip(pairs, onsets, strict=True):
        assert at is None or -EARLIEST_S <= moments[at] - onset <= LATEST_S


@given(MOMENTS)
def test_nothing_told_is_lost_or_counted_twice(moments):
    score = score_session(MADE, [Told(3.0 * at_s, 3.0 * at_s, 0.7) for at_s in moments])
    hits = sum(delay is not None for delay in score.delays_s)
    assert hits + len(score.false_s) + score.resumptions_told == len(moments)
    assert hits == sum(true for _, true in score.confidences)


def test_calibration_error_is_the_mean_gap_between_confidence_and_truth():
    honest = [(0.75, True)] * 3 + [(0.75, False)]
    assert calibration_error(honest) == pytest.approx(0.0)
    assert calibration_error([(0.75, True)] * 4) == pytest.approx(0.25)
    assert calibration_error([(1.0, False), (1.0, True)]) == pytest.approx(0.5)
    # Two errors in different tenths do not make up for each other.
    assert calibration_error([(0.95, False), (0.05, True)]) == pytest.approx(0.95)


def test_the_clairvoyant_is_soon_and_sooner_in_less_noise():
    quiet, noisy = limits(MADE), limits(session(noise_ml=0.2))
    for soon, later in zip(quiet, noisy, strict=True):
        assert 0.0 <= soon.delay_s < later.delay_s < LATEST_S
        assert soon.past_eases_s >= soon.past_steps_s >= soon.delay_s


def test_who_has_to_look_for_the_milk_knows_less():
    quiet, noisy = limits(MADE), limits(session(noise_ml=0.2))
    for soon, later in zip(quiet, noisy, strict=True):
        assert soon.delay_s < soon.searching_s < later.searching_s < LATEST_S


def test_who_must_know_that_it_will_count_waits_for_the_milk_that_proves_it():
    high, low = limits(session(noise_ml=0.1)), limits(session(peak_g_s=0.06, noise_ml=0.1))
    for soon, late in zip(high, low, strict=True):
        assert soon.delay_s <= soon.past_smaller_s <= soon.past_halted_s < LATEST_S
        # One that adds hardly more than counts is hardly to be told from one that does not.
        assert late.past_halted_s is None or late.past_halted_s > 2.0 * late.delay_s
        assert late.past_smaller_s is None or late.past_smaller_s > 2.0 * late.delay_s


def test_nothing_speaks_against_a_rise_that_falls_short_before_it_counts():
    for made in (session(), session(base_g_s=0.2)):
        readings, each = Readings(made, "left"), made.let_downs[1]
        halted, smaller = readings.against_short(each.onset_s, each.length_s)
        least_g_s = max(0.05, each.before_g_s / 0.6 - each.before_g_s)
        counts_s = 4.0 * (least_g_s - 0.03) / 0.4
        before = round(counts_s / 0.1) - 1
        assert not halted.ratio[:before].any()
        assert not halted.differs[:before].any()
        assert smaller.ratio[:before].any()
        assert halted.ratio[-1] > 100.0 < smaller.ratio[-1]


def test_what_adds_just_enough_to_count_is_like_what_falls_short():
    made = session(peak_g_s=0.0501, noise_ml=0.1)
    (each, *_) = made.let_downs
    _, smaller = Readings(made, "left").against_short(each.onset_s, each.length_s)
    assert abs(smaller.ratio).max() < 1.0
    assert all(each.past_smaller_s is None for each in limits(made))


def test_rises_that_fall_short_are_those_of_no_let_down():
    made = session(peak_g_s=0.04)
    assert made.let_downs == ()
    assert short_rises_s(made) == pytest.approx([at_s + 3.0 for at_s in RISE_S], abs=0.11)
    assert short_rises_s(replace(made, resumptions_s=(RISE_S[0],))) == pytest.approx(
        [at_s + 3.0 for at_s in RISE_S[1:]], abs=0.11
    )
    assert short_rises_s(MADE) == []


def test_who_asks_for_less_tells_sooner_and_no_fewer():
    made = session(noise_ml=0.1)
    usual, soon = find(made.samples), find_soon(made.samples)
    assert len(usual) <= len(soon)
    assert sum(each.detected_s for each in soon[:3]) < sum(each.detected_s for each in usual[:3])


def test_the_clairvoyant_waits_for_a_figure_that_changes():
    fine, coarse = limits(session(step_ml=0.01)), limits(session(step_ml=1.0))
    for each, late in zip(fine, coarse, strict=True):
        assert each.delay_s < late.delay_s < LATEST_S


def test_the_clairvoyant_cannot_see_what_no_scale_shows():
    made = session(peak_g_s=0.06, noise_ml=12.0)
    assert len(made.let_downs) == 3
    assert all(each.delay_s is None is each.searching_s for each in limits(made))


@pytest.mark.parametrize(
    ("after_s", "milk", "known", "off"),
    [
        (-1.0, False, False, False),
        (KNOWN_S - 0.5, True, False, False),
        (KNOWN_S + 0.5, True, True, False),
    ],
)
def test_slow_is_false_when_milk_could_be_known(after_s, milk, known, off):
    slowness = _judge(MADE, ONSETS_S[0] + after_s, 90.0)
    assert (slowness.any_milk, slowness.known_milk, slowness.pump_off) == (milk, known, off)
    assert slowness.false == known


def test_a_let_down_that_came_and_went_unseen_is_told_apart():
    still = np.interp(ONSETS_S[0] + 5.0, MADE.true_t_s, MADE.sides["left"].flow_g_s)
    assert still >= FLOWING_G_S
    over = np.flatnonzero(
        (MADE.true_t_s > ONSETS_S[0] + 5.0) & (MADE.sides["left"].flow_g_s < FLOWING_G_S)
    )
    slowness = _judge(MADE, float(MADE.true_t_s[over[0]]), 90.0)
    assert slowness.known_milk
    assert slowness.gone
    assert not slowness.false


def test_slow_is_false_when_there_was_no_suction():
    made = session()
    made.sides["left"].suction_mmhg[made.true_t_s > 40.0] = 0.0
    assert _judge(made, 50.0, 40.0).pump_off
    assert _judge(made, 39.0, 60.0).pump_off
    assert not _judge(made, 39.0, 34.0).pump_off


def test_no_seed_has_two_uses():
    spans = [seeds(family, use, MOST_SESSIONS) for family in FAMILIES for use in Use]
    for one, another in combinations(spans, 2):
        assert one.stop <= another.start or another.stop <= one.start
    with pytest.raises(ValueError, match="more than"):
        seeds("typical", Use.TRAINING, MOST_SESSIONS + 1)


def test_a_recording_comes_back_from_disk_as_it_was(tmp_path):
    path = tmp_path / "one.npz"
    write_recording(path, MADE)
    back = read_recording(path)
    assert back.let_downs == MADE.let_downs
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(back.samples, name), getattr(MADE.samples, name))
    for name in CURVES:
        mine, theirs = getattr(MADE.sides["left"], name), getattr(back.sides["left"], name)
        np.testing.assert_array_equal(mine, theirs)
    assert list(tmp_path.iterdir()) == [path]


def test_a_torn_file_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "CACHE", tmp_path)
    made = recordings.recording("other", Use.TRAINING, 5)
    (path,) = tmp_path.rglob("*.npz")
    path.write_bytes(path.read_bytes()[:1000])
    (tmp_path / "0123456789abcdef").mkdir()
    recordings.forget_old()
    assert [each.name for each in tmp_path.iterdir()] == [path.parent.name]
    again = recordings.recording("other", Use.TRAINING, 5)
    np.testing.assert_array_equal(again.samples.t_s, made.samples.t_s)


def test_the_other_generator_keeps_the_rule_of_truth():
    sessions = [other_session(seed) for seed in range(12)]
    assert sum(len(each.let_downs) for each in sessions) > 30
    for each in sessions:
        onsets = [let_down["onset_s"] for let_down in each.let_downs]
        assert onsets == sorted(onsets)
        for let_down in each.let_downs:
            assert let_down["peak_g_s"] - let_down["before_g_s"] >= 0.0499
        for side in each.sides.values():
            assert np.diff(side.milk_ml).min() >= 0.0
            meant_ml = side.flow_g_s.sum() * 0.1 / 1.03
            assert side.milk_ml[-1] == pytest.approx(meant_ml, abs=2.0)


def test_peers_see_milk_and_no_knocks():
    made = session()
    made.samples.left_volume_ml[15_000:15_050] += 60.0
    flow = binned_flow(made.samples)
    assert flow.total_ml_s.sum() * 0.5 == pytest.approx(made.sides["left"].milk_ml[-1], abs=0.3)
    assert flow.total_ml_s.max() < 1.0

"""What recordings are altered by before they teach: arms of all weights, and other drops."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bench.detection.altered import (
    HEAVIEST_ML,
    LEANS_H,
    LIGHTEST_ML,
    MOST_DROP_ML,
    SHORTEST_S,
    dripping,
    leant_on,
)
from bench.detection.recording import Recording, TrueSide
from lullaflow.detection import Samples

T_S = np.arange(0.0, 3600.0, 0.1)
NONE = np.full_like(T_S, np.nan)
PULLS_MMHG = 75.0 - 75.0 * np.cos(2.0 * np.pi * T_S)
FULL_ML = 50.0


def made(milk_ml=None, *, seed=1, step_ml=0.1):
    """Return an hour of one bottle, in which milk comes or none does."""
    milk_ml = np.zeros(len(T_S)) if milk_ml is None else milk_ml
    zeros = np.zeros(len(T_S))
    side = TrueSide(
        flow_g_s=zeros,
        milk_ml=milk_ml,
        unrounded_ml=FULL_ML + milk_ml,
        suction_mmhg=zeros,
        touched=zeros > 0.0,
        step_ml=step_ml,
        filter_s=0.0,
    )
    shown_ml = np.round((FULL_ML + milk_ml) / step_ml) * step_ml
    shown_ml[5000:5100] = np.nan
    return Recording(
        family="typical",
        seed=seed,
        samples=Samples(T_S, PULLS_MMHG, shown_ml, NONE, NONE),
        let_downs=(),
        resumptions_s=(),
        sides={"left": side},
        true_t_s=T_S,
        start_s=0.0,
        stop_s=T_S[-1],
        steps_per_hour=0.0,
    )


def arms_ml(seed, step_ml=0.1):
    """Return what leans on a bottle at each moment."""
    calm = made(seed=seed, step_ml=step_ml)
    return leant_on(calm, calm.samples).left_volume_ml - FULL_ML


def test_arms_come_in_a_scale_s_steps_stay_and_go_whole():
    weight_ml = arms_ml(3)
    known = weight_ml[~np.isnan(weight_ml)]
    assert known / 0.1 == pytest.approx(np.round(known / 0.1), abs=1e-6)
    assert known.min() >= 0.0
    assert LIGHTEST_ML <= known.max() <= 3.0 * HEAVIEST_ML
    assert np.mean(known < 0.05) > 0.5


def test_no_arm_comes_faster_than_is_said():
    steepest = np.pi / 2.0 * HEAVIEST_ML / SHORTEST_S
    for seed in range(5):
        assert np.nanmax(np.abs(np.diff(arms_ml(seed, 0.001)))) <= 1.5 * 0.1 * steepest


def test_arms_come_as_often_as_is_said():
    counts = []
    for seed in range(60):
        weight_ml = arms_ml(seed, 0.001)
        leant_on_ml = (weight_ml[~np.isnan(weight_ml)] > 0.15).tolist()
        counts.append(sum(after and not before for before, after in pairwise(leant_on_ml)))
    # Some come while another still leans, and are not seen apart.
    assert 0.75 * LEANS_H < np.mean(counts) < 1.05 * LEANS_H


def test_only_the_scales_are_altered_and_what_was_not_seen_is_not_seen():
    calm = made()
    other = leant_on(calm, calm.samples)
    np.testing.assert_array_equal(
        np.isnan(other.left_volume_ml), np.isnan(calm.samples.left_volume_ml)
    )
    np.testing.assert_array_equal(other.left_vacuum_mmhg, PULLS_MMHG)
    assert np.isnan(other.right_volume_ml).all()


def test_milk_that_falls_anew_falls_in_drops_and_is_as_much():
    even_ml = 0.01 * T_S
    milky = made(even_ml, step_ml=1e-6)
    fallen_ml = dripping(milky).left_volume_ml - FULL_ML
    gains_ml = np.diff(fallen_ml[:5000])
    drop_ml = gains_ml[gains_ml > 1e-4].min()
    assert drop_ml <= MOST_DROP_ML + 1e-6
    assert gains_ml / drop_ml == pytest.approx(np.round(gains_ml / drop_ml), abs=1e-3)
    assert np.mean(gains_ml < 1e-4) > 0.9
    # As many as are meant, within four standard deviations of a Poisson count.
    assert fallen_ml[-1] == pytest.approx(even_ml[-1], abs=4.0 * np.sqrt(even_ml[-1] * drop_ml))


def test_milk_that_tips_over_at_once_stays_at_once():
    gulp = made(np.where(T_S < 1800.0, 0.0, 2.0))
    np.testing.assert_array_equal(dripping(gulp).left_volume_ml, gulp.samples.left_volume_ml)


@pytest.mark.parametrize("alter", [dripping, lambda each: leant_on(each, each.samples)])
def test_the_same_seed_alters_alike_and_another_otherwise(alter):
    one, two, third = (alter(made(0.01 * T_S, seed=seed)).left_volume_ml for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, third, equal_nan=True)

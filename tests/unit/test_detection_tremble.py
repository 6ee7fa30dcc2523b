"""Whether a bottle trembles more than its scale's noise."""

import numpy as np

from lullaflow.detection.tremble import Tremble

BINS = 240
LAST = (6,)


def after(tremble_ml=0.0, flow_ml_s=0.0, noise_ml=0.03, seed=0):
    """Return what is seen after two calm minutes and three seconds of something else."""
    random, tremble = np.random.default_rng(seed), Tremble()
    for bin_ in range(BINS + LAST[0]):
        now = bin_ >= BINS
        spread_ml = np.hypot(noise_ml, tremble_ml if now else 0.0)
        level_ml = (
            flow_ml_s * 0.1 * np.arange(5 * (bin_ - BINS), 5 * (bin_ - BINS) + 5) if now else 0
        )
        tremble.push((level_ml + random.normal(0.0, spread_ml, 5)).tolist())
    return float(tremble.share(LAST)[0])


def test_noise_is_the_usual():
    assert all(0.4 < after(seed=seed) < 2.0 for seed in range(20))


def test_an_arm_is_told_by_its_trembling():
    assert all(after(tremble_ml=0.1, seed=seed) > 3.0 for seed in range(20))


def test_milk_makes_no_bottle_tremble():
    assert all(after(flow_ml_s=0.5, seed=seed) < 2.0 for seed in range(20))


def test_a_bottle_that_always_trembles_is_usual_too():
    assert all(0.4 < after(noise_ml=0.2, seed=seed) < 2.0 for seed in range(20))

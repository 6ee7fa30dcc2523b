"""How evenly milk comes, and that milk which comes in random drops is no new let-down."""

import numpy as np
import pytest

from lullaflow.detection import LetDownDetector, LetDownFound, Samples, packets
from lullaflow.detection.noise import REACH
from lullaflow.detection.packets import Packets

RATE_HZ = 20
PER_BIN = RATE_HZ // 2
SECONDS = np.arange(0.0, 240.0, 1.0 / RATE_HZ)
BEGUN_S = 60.0


def at_random(flow_ml_s, drop_ml, random):
    """Return milk in drops that fall as they please."""
    return np.cumsum(random.poisson(flow_ml_s / RATE_HZ / drop_ml) * drop_ml)


def by_strokes(flow_ml_s, stroke_s):
    """Return milk in spurts, one a stroke, each of what has come since the last."""
    whole = np.floor(SECONDS / stroke_s) * stroke_s
    return np.interp(whole, SECONDS, np.cumsum(flow_ml_s) / RATE_HZ)


def learnt_ml(milk_ml, flow_ml_s, random, stroke_s=1.0, noise_ml=0.02):
    """Return the mass of packets that are learnt from a minute without milk, and three with it."""
    levels = milk_ml.reshape(-1, PER_BIN).mean(axis=1)
    levels += random.normal(0.0, noise_ml, len(levels))
    milk = Packets()
    for end in range(REACH, len(levels)):
        lasting = levels[end - REACH : end].tolist()
        if end * PER_BIN <= BEGUN_S * RATE_HZ:
            milk.learn_still(lasting, stroke_s)
        elif (end - 2 * REACH) * PER_BIN > BEGUN_S * RATE_HZ:
            milk.learn_flow(lasting, stroke_s, flow_ml_s)
    return milk.mass_ml


@pytest.mark.parametrize("drop_ml", [0.03, 0.06])
@pytest.mark.parametrize("flow_ml_s", [0.1, 0.3])
def test_the_mass_of_drops_that_fall_at_random_is_learnt(drop_ml, flow_ml_s):
    flow = flow_ml_s * (SECONDS >= BEGUN_S)
    masses = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        masses.append(learnt_ml(at_random(flow, drop_ml, random), flow_ml_s, random))
    assert 0.4 < float(np.median(masses)) / drop_ml < 1.1


@pytest.mark.parametrize("stroke_s", [0.5, 1.0, 1.5, 4.0])
def test_spurts_that_come_with_the_strokes_are_even(stroke_s):
    flow = 0.3 * (SECONDS >= BEGUN_S)
    for seed in range(10):
        random = np.random.default_rng(seed)
        assert learnt_ml(by_strokes(flow, stroke_s), 0.3, random, stroke_s) < 0.01


def told_count(milk, noise_ml=0.02):
    """Return how many let-downs are told in a minute without milk, and nine of one let-down."""
    count = 0
    for seed in range(6):
        random = np.random.default_rng(seed)
        t_s = np.arange(0.0, 600.0, 1.0 / RATE_HZ)
        since_s = np.clip(t_s - BEGUN_S, 0.0, None)
        flow = np.minimum(since_s / 10.0, 1.0) * (0.1 + 0.25 * np.exp(-since_s / 30.0))
        left, right = (milk(flow, random) + random.normal(0.0, noise_ml, len(t_s)) for _ in "lr")
        none = np.full_like(t_s, np.nan)
        findings = LetDownDetector().update(Samples(t_s, none, left, none, right))
        told = [each for each in findings if isinstance(each, LetDownFound)]
        assert any(each.detected_s < BEGUN_S + 10.0 for each in told)
        count += len(told)
    return count


def test_what_goes_on_evenly_is_told_once():
    assert told_count(lambda flow, random: np.cumsum(flow) / RATE_HZ) == 6


def test_random_drops_of_what_goes_on_are_hardly_ever_new_let_downs(monkeypatch):
    def drops(flow, random):
        return at_random(flow, 0.05, random)

    again = told_count(drops) - 6
    monkeypatch.setattr(packets, "SHARE", 0.0)
    assert again < (told_count(drops) - 6) / 10

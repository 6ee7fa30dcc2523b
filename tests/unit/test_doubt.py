"""When `let_down_slow` is held back: while milk may be coming, or a bottle cannot be read."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from unittest.mock import patch

import numpy as np
import pytest

from bench.detection.ours import NOTHING_LIKELY
from lullaflow.detection import LetDownDetector, verdict
from lullaflow.detection.binning import BIN_S, Binner
from lullaflow.detection.samples import Samples
from lullaflow.session.core import Core
from lullaflow.session.doubt import UNREAD_S, Doubt
from lullaflow.session.inputs import CoreSettings, RecordingInfo
from lullaflow_protocol.events import LetDown, LetDownSlow

RATE_HZ = 10.0
STARTED = datetime(2026, 11, 23, 3, 0, 0, tzinfo=UTC)


def held(milk_ml: np.ndarray) -> list[float]:
    """Return the moments at which a doubt about one bottle holds back, from 60 s on."""
    t_s = np.arange(len(milk_ml)) / RATE_HZ
    none = np.full_like(t_s, np.nan)
    detector, doubt = LetDownDetector(), Doubt()
    moments = []
    for bin_ in Binner().push(Samples(t_s, none, milk_ml, none, none)):
        detector.push(bin_)
        if bin_.end_s < 60.0:
            continue
        doubt.look(bin_.end_s, [detector.bottles[0]])
        if doubt.holds:
            moments.append(bin_.end_s)
    return moments


def level(seconds: float, ml_s: float = 0.0, from_s: float = 0.0, noise_ml: float = 0.02):
    t_s = np.arange(0.0, seconds, 1.0 / RATE_HZ)
    noise = np.random.default_rng(5).normal(0.0, noise_ml, len(t_s))
    return 40.0 + ml_s * np.clip(t_s - from_s, 0.0, None) + noise


@pytest.mark.parametrize("drips_ml_s", [0.0, 0.015])
def test_drips_hold_nothing_back(drips_ml_s: float) -> None:
    assert held(level(120.0, drips_ml_s)) == []


def test_flow_too_faint_to_be_told_holds_back_while_it_lasts() -> None:
    milk = level(180.0, 0.05, from_s=80.0)
    over = round(120.0 * RATE_HZ)
    milk[over:] = milk[over - 1] + level(180.0)[over:] - 40.0
    moments = held(milk)
    assert 82.0 < moments[0] < 92.0
    assert 120.0 <= moments[-1] < 135.0
    assert len(moments) > 50


def test_what_ebbs_holds_back_while_half_a_minute_shows_more_than_drips() -> None:
    t_s = np.arange(0.0, 180.0, 1.0 / RATE_HZ)
    flow_ml_s = 0.055 * np.exp(-np.clip(t_s - 80.0, 0.0, None) / 40.0) * (t_s > 60.0)
    moments = held(level(180.0) + np.cumsum(flow_ml_s) / RATE_HZ)
    # It falls under 0.03 ml/s after 104 s; over thirty seconds some fifteen seconds later.
    assert 115.0 < moments[-1] < 125.0


def test_a_hand_on_the_bottle_holds_back_until_it_can_be_read_again() -> None:
    milk = level(120.0)
    hand = slice(round(70.0 * RATE_HZ), round(80.0 * RATE_HZ))
    milk[hand] += np.random.default_rng(6).normal(60.0, 20.0, hand.stop - hand.start)
    moments = held(milk)
    assert moments[0] == pytest.approx(71.5, abs=1.0)
    assert moments[-1] == pytest.approx(85.0, abs=2.0)


def test_a_bottle_that_sinks_holds_back_for_milk_never_leaves_it() -> None:
    moments = held(level(120.0, -0.1, from_s=80.0))
    assert moments[0] == pytest.approx(83.0, abs=2.0)


def test_a_scale_that_wavers_between_two_figures_or_is_noisy_does_not_sink() -> None:
    waver = level(120.0, noise_ml=0.0) + 0.5 * (np.arange(1200) % 80 < 40)
    for milk in (waver, level(240.0, noise_ml=0.2)):
        with patch("lullaflow.session.doubt._sinks", return_value=False):
            as_if_level = held(milk)
        assert held(milk) == as_if_level


def test_a_scale_of_whole_grams_is_read_again_only_when_it_can_have_shown_the_next() -> None:
    milk = np.where(np.arange(round(120.0 * RATE_HZ)) < 20.0 * RATE_HZ, 40.0, 41.0)
    hand = slice(round(70.0 * RATE_HZ), round(80.0 * RATE_HZ))
    milk[hand] += np.round(np.random.default_rng(6).normal(60.0, 20.0, hand.stop - hand.start))
    still = [at_s for at_s in held(milk) if at_s > 80.0]
    # At 0.03 ml/s the next comes within 33 s.
    assert still[-1] == pytest.approx(114.0, abs=2.0)


def test_a_scale_that_is_never_read_again_does_not_hold_back_for_ever() -> None:
    milk = level(180.0)
    milk[round(70.0 * RATE_HZ) :] = np.nan
    t_s = np.arange(len(milk)) / RATE_HZ
    pull = np.full_like(t_s, 100.0)
    detector, doubt = LetDownDetector(), Doubt()
    count = 0
    none = np.full_like(t_s, np.nan)
    for bin_ in Binner().push(Samples(t_s, pull, milk, none, none)):
        detector.push(bin_)
        doubt.look(bin_.end_s, [detector.bottles[0]])
        count += doubt.holds
    assert count * BIN_S == pytest.approx(UNREAD_S, abs=2.0)


def test_without_a_scale_nothing_is_doubted() -> None:
    doubt = Doubt()
    doubt.look(120.0, [])
    assert not doubt.holds


def slow_with(milk_ml: list[tuple[float, float]], slow_after_s: float = 120.0) -> list[float]:
    """When a let-down is called slow if none was told; milk by `(moment, ml)`, even in between."""
    t_s = np.arange(0.0, slow_after_s + 200.0, 0.1)
    moments_s, levels_ml = zip(*milk_ml, strict=True)
    noise_ml = np.random.default_rng(2).normal(0.0, 0.03, len(t_s))
    scale_ml = np.interp(t_s, moments_s, levels_ml) + noise_ml
    none = np.full_like(t_s, np.nan)
    settings = CoreSettings(volume_only=True, slow_after_s=slow_after_s)
    core = Core(RecordingInfo("pump", STARTED, settings))
    with patch.multiple(verdict, THRESHOLD=math.inf, **NOTHING_LIKELY):
        found = list(core.step(Samples(t_s, none, scale_ml, none, none)))
    assert not [event for event in found if isinstance(event, LetDown)]
    return [event.t_s for event in found if isinstance(event, LetDownSlow)]


def test_who_has_milk_in_the_bottle_is_never_told_that_it_is_slow() -> None:
    assert slow_with([(30.0, 0.0), (100.0, 10.0)]) == [pytest.approx(120.0, abs=5.0)]
    (at_s,) = slow_with([(30.0, 0.0), (100.0, 22.0)])
    assert at_s > 250.0  # by then drips may have brought 6 ml of it
    assert slow_with([(30.0, 0.0), (100.0, 45.0)]) == []


def test_drips_are_no_milk_in_the_bottle_however_long_they_last() -> None:
    (at_s,) = slow_with([(0.0, 0.0), (1200.0, 26.0)], slow_after_s=1100.0)
    assert at_s == pytest.approx(1100.0, abs=5.0)


def test_a_rise_that_was_nearly_told_holds_back_for_a_minute() -> None:
    (at_s,) = slow_with([(95.0, 0.0), (110.0, 3.0)])
    assert 165.0 < at_s < 190.0

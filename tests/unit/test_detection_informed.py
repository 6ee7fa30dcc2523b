"""The clairvoyant that knows every law: sooner in less noise, later when it has to be surer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest

from bench.detection.informed import (
    BARS,
    Kind,
    Side,
    Sure,
    _flows,
    _laws,
    informed,
    reckoned,
)
from bench.detection.readings import Readings
from bench.detection.recording import Recording
from bench.detection.searching import BEFORE_S, white_line

from .test_detection_scoring import MADE, session


def kind_of(made: Recording, per_h: float) -> Kind:
    flows = [_flows(made, each.onset_s) for each in made.let_downs]
    return Kind(per_h / 3600.0, np.array(flows))


ONSET_S = MADE.let_downs[1].onset_s
LET_DOWNS = kind_of(MADE, 16.0)
SHORT = Kind(2.0 / 3600.0, 0.11 * LET_DOWNS.flows_ml_s)


@pytest.fixture(autouse=True)
def laws() -> Iterator[None]:
    with patch("bench.detection.informed.kinds", return_value=(LET_DOWNS, SHORT)):
        yield


def delays_s(sure: Sure) -> list[float]:
    return [np.inf if each is None else each[0] for each in sure]


def test_it_tells_within_seconds_and_later_the_surer_it_has_to_be():
    for each in informed(MADE):
        for sure in (each.knowing, each.finding):
            delays = delays_s(sure)
            assert delays == sorted(delays)
            assert 0.0 <= delays[0] <= delays[-1] < 5.0
            for told, bar in zip(sure, BARS, strict=True):
                assert told is not None
                assert told[1] >= bar


def side(line: bool, seen: np.ndarray | None = None) -> Side:
    readings = Readings(MADE, "left")
    window = readings.window(ONSET_S, BEFORE_S)
    if seen is not None:
        window = replace(window, seen=window.seen + seen)
    parts = white_line(readings, window) if line else np.zeros((0, 0))
    return Side(readings, window, parts, np.arange(len(window.seen) + 1))


def test_odds_are_those_of_a_gaussian_law():
    one = side(line=False)
    form = one.readings.step(len(one.window.seen))
    begins_s, size = ONSET_S + 1.0, 0.3
    odds = one.odds(form, np.array([size]), np.array([begins_s]))
    first = np.searchsorted(one.window.t_s, begins_s)
    curve = np.zeros_like(form)
    curve[first:] = size * form[: len(form) - first]
    curve *= one.window.weight
    seen = one.window.seen
    likelier = 0.5 * (seen**2 - (seen - curve) ** 2)
    assert odds.shape == (1, len(seen) + 1)
    assert odds[0] == pytest.approx(np.append(0.0, np.cumsum(likelier)), rel=1e-9)


def test_who_has_to_find_the_flow_before_is_not_moved_by_it():
    still = side(line=True)
    even = 5.0 * still.line[0] + 0.2 * still.line[1]
    form = still.readings.step(len(still.window.seen))
    asked = np.array([0.1, 0.4]), ONSET_S + np.arange(5.0)
    moved = side(line=True, seen=even)
    assert moved.odds(form, *asked)[:, 300:] == pytest.approx(
        still.odds(form, *asked)[:, 300:], abs=1e-6
    )


def test_the_laws_of_accidents_are_those_of_the_body():
    one = side(line=False)
    assert list(_laws(MADE, one)) == []
    laws = list(_laws(replace(MADE, family="typical"), one))
    rates = [per_h for _, per_h, _ in laws]
    assert rates == pytest.approx([1.5, 1.0, *[0.2] * 5])
    settles_ml, gulps_ml, tilts_ml = laws[0][2], laws[1][2], laws[2][2]
    assert 0.0 < settles_ml[0] < 0.01
    assert settles_ml[-1] == pytest.approx(1.5 * 0.9375**2 / 1.03)
    assert gulps_ml.mean() == pytest.approx(0.85 / 1.03)
    assert tilts_ml.mean() == pytest.approx(120.0 * 0.021 / 1.03)


def test_where_nothing_comes_it_does_not_believe_so():
    calm = replace(MADE, let_downs=(replace(MADE.let_downs[0], onset_s=40.0),))
    (each,) = informed(calm)
    assert each.knowing == each.finding == (None,) * len(BARS)


def test_noise_costs_it_time_and_so_does_what_it_has_to_find():
    calm, noisy = informed(MADE), informed(session(noise_ml=0.3))
    for few, more in zip(calm, noisy, strict=True):
        assert delays_s(few.knowing)[-1] < delays_s(more.knowing)[-1]
    knowing = np.mean([delays_s(each.knowing) for each in noisy])
    assert knowing <= np.mean([delays_s(each.finding) for each in noisy])


def test_steps_are_noise_to_who_sees_what_the_scale_shows():
    fine, coarse = informed(MADE), informed(session(step_ml=1.0))
    for few, more in zip(fine, coarse, strict=True):
        assert delays_s(few.finding)[-1] < delays_s(more.finding)[-1] < 15.0
        # Without knowing them it can tell no sooner than a figure changes.
        assert delays_s(few.knowing)[0] < delays_s(more.knowing)[0]


def test_rises_that_fall_short_cost_it_time():
    often = Kind(100.0 * SHORT.per_s, 0.4 * LET_DOWNS.flows_ml_s)
    usual = informed(MADE)
    with patch("bench.detection.informed.kinds", return_value=(LET_DOWNS, often)):
        longer = informed(MADE)
    assert sum(delays_s(each.knowing)[-1] for each in usual) < sum(
        delays_s(each.knowing)[-1] for each in longer
    )


def test_its_f1_follows_from_how_sure_it_is():
    told = ((2.0, 0.8), *(((3.0, 0.5),) * (len(BARS) - 1)))
    never = (None,) * len(BARS)
    first, *rest = reckoned([told, told, never])
    # A quarter of a false one for each true one, and one of three was missed.
    assert first.f1 == pytest.approx(2.0 * 2.0 / (2.0 + 0.5 + 3.0))
    assert (first.delay_s, first.delay_p99_s) == (2.0, 2.0)
    assert rest[0].f1 == pytest.approx(2.0 * 2.0 / (2.0 + 2.0 + 3.0))
    assert reckoned([never])[0].f1 == 0.0

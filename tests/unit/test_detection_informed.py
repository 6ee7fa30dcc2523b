"""The clairvoyant that knows every law: sooner in less noise, later when it has to be surer."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import numpy as np
import pytest

from bench.detection.informed import (
    BARS,
    Kind,
    Sure,
    _flows,
    informed,
    reckoned,
)
from bench.detection.recording import Recording

from .test_detection_scoring import MADE, session


def kind_of(made: Recording, per_h: float) -> Kind:
    flows = [_flows(made, each.onset_s) for each in made.let_downs]
    return Kind(per_h / 3600.0, np.array(flows))


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


def test_noise_costs_it_time_and_so_does_what_it_has_to_find():
    calm, noisy = informed(MADE), informed(session(noise_ml=0.3))
    for few, more in zip(calm, noisy, strict=True):
        assert delays_s(few.knowing)[-1] < delays_s(more.knowing)[-1]
    knowing = np.mean([delays_s(each.knowing) for each in noisy])
    assert knowing <= np.mean([delays_s(each.finding) for each in noisy])


def test_steps_are_noise_to_who_sees_what_the_scale_shows():
    fine, coarse = informed(MADE), informed(session(step_ml=1.0))
    for few, more in zip(fine, coarse, strict=True):
        assert delays_s(few.finding)[-1] < delays_s(more.finding)[-1]
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
    late = ((30.5, 0.9),) * len(BARS)
    assert reckoned([late])[0].f1 == 0.0

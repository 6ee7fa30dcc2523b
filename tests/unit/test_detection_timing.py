"""When a let-down is unlikely, and what that asks of a rise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lullaflow.detection import LetDownDetector, LetDownFound, Samples
from lullaflow.detection.binning import BIN_S
from lullaflow.detection.timing import LATEST, REST_S, SOONEST, Timing


class Pump:
    """Hands a `Timing` bins of `every_s`."""

    def __init__(self, every_s=BIN_S):
        self.timing, self.now_s, self.every_s = Timing(), 0.0, every_s

    def run(self, seconds, *, running=True):
        for _ in range(round(seconds / self.every_s)):
            self.timing.push(self.now_s, running=running)
            self.now_s += self.every_s
        return self

    def untimely(self):
        return self.timing.untimely(self.now_s)


def test_a_first_let_down_is_as_likely_as_ever_for_three_minutes():
    assert Pump().run(200.0).untimely() == 0.0


@pytest.mark.parametrize("every_s", [0.5, 1.0, 3.0])
def test_after_that_it_grows_ever_less_likely_but_never_impossible(every_s):
    late = [Pump(every_s).run(seconds).untimely() for seconds in (300, 420, 540, 3600)]
    assert late == sorted(late)
    assert late[1] == pytest.approx(2.2, abs=0.1)
    assert late[-1] == LATEST


def test_a_scale_of_coarse_steps_shows_too_little_to_call_a_first_let_down_late():
    timing = Pump().run(900.0).timing
    assert timing.untimely(900.0, coarse=True) == 0.0
    timing.begin(890.0)
    assert timing.untimely(910.0, coarse=True) == SOONEST


def test_without_suction_nobody_waits():
    assert Pump().run(3600.0, running=False).untimely() == 0.0


def test_a_short_pause_does_not_begin_the_wait_anew():
    pump = Pump().run(420.0).run(REST_S - 1.0, running=False)
    assert 2.2 <= pump.run(10.0).untimely() < 2.5


@pytest.mark.parametrize("milk", [False, True])
@pytest.mark.parametrize("seen", [False, True])
def test_a_longer_rest_begins_the_wait_anew_whether_or_not_anything_was_seen_of_it(milk, seen):
    pump = Pump().run(420.0)
    if milk:
        pump.timing.begin(400.0)
    if seen:
        pump.run(REST_S + 1.0, running=False)
    else:
        pump.now_s += 7200.0
    assert pump.run(195.0).untimely() == 0.0
    assert pump.run(205.0).untimely() == pytest.approx(2.0, abs=0.1)


def test_after_a_let_down_the_next_is_unlikely_for_a_minute_and_a_half_however_late_it_is():
    timing = Pump().run(900.0).timing
    timing.begin(890.0)
    assert [timing.untimely(890.0 + s) for s in (20.0, 50.0, 70.0, 90.0, 900.0)] == pytest.approx(
        [SOONEST, SOONEST, 1.0, 0.0, 0.0]
    )


STRETCH = st.tuples(st.booleans(), st.integers(1, 2000), st.booleans())


@given(st.lists(STRETCH, max_size=5), st.floats(0.0, 9e3))
def test_whatever_has_been_no_let_down_is_ever_ruled_out(stretches, onset_s):
    pump = Pump()
    for running, bins, milk in stretches:
        pump.run(bins * BIN_S, running=running)
        if milk:
            pump.timing.begin(pump.now_s)
    assert 0.0 <= pump.timing.untimely(onset_s) <= max(LATEST, SOONEST)


RATE_HZ = 10


def told_after(onset_s, flow_ml_s, step_ml):
    """Return the delay with which a let-down is told; the pump runs from the start, one bottle."""
    t_s = np.arange(0.0, onset_s + 60.0, 1.0 / RATE_HZ)
    flow = np.clip((t_s - onset_s) / 10.0, 0.0, 1.0) * flow_ml_s
    milk_ml = np.cumsum(flow) / RATE_HZ + np.random.default_rng(4).normal(0.0, 0.1, len(t_s))
    pull_mmhg = 75.0 - 75.0 * np.cos(2.0 * np.pi * t_s)
    none = np.full_like(t_s, np.nan)
    shown_ml = np.round(milk_ml / step_ml) * step_ml
    findings = LetDownDetector().update(Samples(t_s, pull_mmhg, shown_ml, none, none))
    (found,) = (each for each in findings if isinstance(each, LetDownFound))
    return found.detected_s - onset_s


@pytest.mark.parametrize(
    ("flow_ml_s", "step_ml"), [(0.1, 0.1), (0.25, 0.1), (0.12, 1.0), (0.25, 1.0)]
)
def test_a_very_late_let_down_is_told_some_seconds_later_than_an_early_one(flow_ml_s, step_ml):
    early_s, late_s = (told_after(onset_s, flow_ml_s, step_ml) for onset_s in (90.0, 900.0))
    assert early_s <= late_s < early_s + 12.0

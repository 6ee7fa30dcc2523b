"""When a first let-down is unlikely, and what that asks of a rise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lullaflow.detection import LetDownDetector, LetDownFound, Samples
from lullaflow.detection.binning import BIN_S
from lullaflow.detection.stimulation import REST_S, STIMULATION_MMHG, Stimulation
from lullaflow.detection.timing import LATEST, untimely


class Pump:
    """Hands a `Stimulation` bins of `every_s`, and knows when the last let-down was told."""

    def __init__(self, every_s=BIN_S):
        self.stimulation, self.now_s, self.every_s = Stimulation(), 0.0, every_s
        self.last_onset_s = None

    def run(self, seconds, *, mmhg=100.0):
        for _ in range(round(seconds / self.every_s)):
            self.now_s += self.every_s
            self.stimulation.push(self.now_s, mmhg)
        return self

    def untimely(self, *, coarse=False):
        return untimely(self.last_onset_s, self.stimulation, coarse=coarse)


def test_a_first_let_down_is_as_likely_as_ever_for_three_minutes():
    assert Pump().run(200.0).untimely() == 0.0


@pytest.mark.parametrize("every_s", [0.5, 1.0, 3.0])
def test_after_that_it_grows_ever_less_likely_but_never_impossible(every_s):
    late = [Pump(every_s).run(seconds).untimely() for seconds in (300, 420, 540, 3600)]
    assert late == sorted(late)
    assert late[1] == pytest.approx(2.2, abs=0.1)
    assert late[-1] == LATEST


def test_a_scale_of_coarse_steps_shows_too_little_to_call_a_first_let_down_late():
    pump = Pump().run(900.0)
    assert pump.untimely(coarse=True) == 0.0
    assert pump.untimely() == LATEST


@pytest.mark.parametrize("mmhg", [0.0, STIMULATION_MMHG - 1.0])
def test_without_suction_that_stimulates_nobody_waits(mmhg):
    assert Pump().run(3600.0, mmhg=mmhg).untimely() == 0.0


def test_a_short_pause_does_not_begin_the_wait_anew():
    pump = Pump().run(420.0).run(REST_S - 1.0, mmhg=0.0)
    assert 2.2 <= pump.run(10.0).untimely() < 2.5


@pytest.mark.parametrize("milk", [False, True])
@pytest.mark.parametrize("seen", [False, True])
def test_a_longer_rest_begins_the_wait_anew_whether_or_not_anything_was_seen_of_it(milk, seen):
    pump = Pump().run(420.0)
    if milk:
        pump.last_onset_s = 400.0
    if seen:
        pump.run(REST_S + 1.0, mmhg=0.0)
    else:
        pump.now_s += 7200.0
    assert pump.run(195.0).untimely() == 0.0
    assert pump.run(205.0).untimely() == pytest.approx(2.0, abs=0.1)


def test_after_a_let_down_no_other_is_late():
    pump = Pump().run(900.0)
    pump.last_onset_s = 890.0
    assert pump.run(900.0).untimely() == 0.0


def test_suction_that_begins_after_a_let_down_does_not_make_the_next_a_first_one():
    pump = Pump().run(100.0, mmhg=20.0)
    pump.last_onset_s = 95.0
    assert pump.run(900.0).untimely() == 0.0


def test_a_let_down_shortly_before_suction_is_strong_again_counts_as_the_last():
    pump = Pump().run(120.0).run(70.0, mmhg=28.0)
    pump.last_onset_s = pump.now_s - 5.0
    assert pump.run(635.0).untimely() == 0.0


STRETCH = st.tuples(st.booleans(), st.integers(1, 2000), st.booleans())


@given(st.lists(STRETCH, max_size=5))
def test_whatever_has_been_no_let_down_is_ever_ruled_out(stretches):
    pump = Pump()
    for pulls, bins, milk in stretches:
        pump.run(bins * BIN_S, mmhg=100.0 if pulls else 0.0)
        if milk:
            pump.last_onset_s = pump.now_s
    assert 0.0 <= pump.untimely() <= LATEST


RATE_HZ = 10


def told_after(onset_s, flow_ml_s, step_ml, *, mmhg=150.0, side="left"):
    """Return the delay with which a let-down is told; the pump runs from the start, one bottle."""
    t_s = np.arange(0.0, onset_s + 60.0, 1.0 / RATE_HZ)
    flow = np.clip((t_s - onset_s) / 10.0, 0.0, 1.0) * flow_ml_s
    milk_ml = np.cumsum(flow) / RATE_HZ + np.random.default_rng(4).normal(0.0, 0.1, len(t_s))
    pull_mmhg = mmhg * (0.5 - 0.5 * np.cos(2.0 * np.pi * t_s))
    none = np.full_like(t_s, np.nan)
    shown_ml = np.round(milk_ml / step_ml) * step_ml
    pumped, idle = (pull_mmhg, shown_ml), (none, none)
    sides = (*pumped, *idle) if side == "left" else (*idle, *pumped)
    findings = LetDownDetector().update(Samples(t_s, *sides))
    (found,) = (each for each in findings if isinstance(each, LetDownFound))
    return found.detected_s - onset_s


@pytest.mark.parametrize(
    ("flow_ml_s", "step_ml"), [(0.1, 0.1), (0.25, 0.1), (0.12, 1.0), (0.25, 1.0)]
)
def test_a_very_late_let_down_is_told_some_seconds_later_than_an_early_one(flow_ml_s, step_ml):
    early_s, late_s = (told_after(onset_s, flow_ml_s, step_ml) for onset_s in (90.0, 900.0))
    assert early_s <= late_s < early_s + 12.0


@pytest.mark.parametrize("side", ["left", "right"])
def test_it_is_late_after_suction_that_stimulates_on_whichever_side_and_after_none_else(side):
    weak_s, strong_s = (
        told_after(900.0, 0.1, 0.1, mmhg=mmhg, side=side)
        for mmhg in (STIMULATION_MMHG - 5.0, 150.0)
    )
    assert weak_s < strong_s


def test_another_soon_after_the_last_is_told_later_than_one_at_its_time():
    def second_after(between_s):
        t_s = np.arange(0.0, 200.0 + between_s, 1.0 / RATE_HZ)
        flow = sum(
            0.3 * np.clip((t_s - onset_s) / 5.0, 0.0, np.exp((onset_s - t_s) / 15.0))
            for onset_s in (60.0, 60.0 + between_s)
        )
        milk_ml = np.cumsum(flow) / RATE_HZ + np.random.default_rng(4).normal(0.0, 0.1, len(t_s))
        none = np.full_like(t_s, np.nan)
        findings = LetDownDetector().update(Samples(t_s, none, milk_ml, none, none))
        _, second = (each for each in findings if isinstance(each, LetDownFound))
        return second.detected_s - 60.0 - between_s

    assert second_after(150.0) < second_after(50.0)

"""Pump, bottle and sensors of the simulator."""

import numpy as np
import pytest

from lullaflow_sim.bottle import Bottle, BottlePlan
from lullaflow_sim.chance import stream
from lullaflow_sim.pump import Mode, Pump, PumpPlan, SealFault, Wave
from lullaflow_sim.sensors import Disturbance, Scale, ScalePlan, Touch

QUIET = ScalePlan(
    white_g=0.0, walk_g=0.0, vibration_g=0.0, creep_share=0.0, quantum_g=0.001, bottle_g=70.0
)


def suction(plan, stretches=40):
    pump = Pump(plan, stream(1, "pump"))
    parts = [pump.advance((i * 20 + np.arange(20)) * 0.1) for i in range(stretches)]
    return pump, parts


def vacuum(parts, side=0):
    return np.concatenate([part.vacuum_mmhg[side] for part in parts])


def weigh(plan, *disturbances, milk_g=10.0, stretches=20):
    scale = Scale(plan, disturbances, stream(1, "scale"))
    milk, none = np.full(20, milk_g), np.zeros(20)
    parts = [
        scale.advance((i * 20 + np.arange(20)) * 0.1, milk, none, none) for i in range(stretches)
    ]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


@pytest.mark.parametrize("wave", Wave)
def test_every_family_of_pumps_keeps_its_rate_and_its_peak(wave):
    plan = PumpPlan(0.0, 200.0, stimulation=Mode(60.0, 120.0), wave=wave, scatter=1e-6)
    shown = vacuum(suction(plan)[1])[1000:]
    assert shown.max() == pytest.approx(120.0, rel=0.05)
    assert shown.min() < 0.7 * shown.max()
    spectrum = np.abs(np.fft.rfft(shown - shown.mean()))
    per_min = 60.0 * np.fft.rfftfreq(len(shown), 0.02)[spectrum.argmax()]
    assert per_min == pytest.approx(60.0, abs=2)


def test_the_pump_changes_mode_by_itself_pauses_and_stops():
    plan = PumpPlan(10.0, 70.0, switch_s=20.0, pauses=((40.0, 50.0),))
    pump, parts = suction(plan)
    assert pump.phases == [
        (10.0, "stimulation"),
        (30.0, "expression"),
        (40.0, "paused"),
        (50.0, "expression"),
    ]
    shown = vacuum(parts)
    assert shown[:490].max() == 0.0
    assert shown[42 * 50 : 49 * 50].max() < 5.0
    assert shown[55 * 50 : 69 * 50].max() > 170.0
    assert shown[73 * 50 :].max() < 1.0


def test_the_mother_switches_when_she_sees_milk():
    pump = Pump(PumpPlan(0.0, 300.0, switch_s=120.0, hand_s=5.0), stream(1, "pump"))
    pump.advance(np.arange(20) * 0.1)
    pump.see_flow(2.0, 0.05)
    pump.see_flow(2.0, 0.3)
    for i in range(1, 6):
        pump.advance((i * 20 + np.arange(20)) * 0.1)
    assert pump.phases[-1] == (7.0, "expression")


def test_a_leak_lowers_one_side_and_a_clog_keeps_it_from_letting_go():
    faults = (SealFault(20.0, 30.0, 0, leak=0.6), SealFault(20.0, 30.0, 1, clog=0.5))
    parts = suction(PumpPlan(0.0, 100.0, faults=faults))[1]
    before, during = slice(10 * 50, 19 * 50), slice(25 * 50, 45 * 50)
    left, right = vacuum(parts, 0), vacuum(parts, 1)
    assert left[during].max() < 0.6 * left[before].max()
    assert right[before].min() < 1.0
    assert right[during].min() > 0.4 * right[before].max()


def test_alternating_sides_take_turns():
    parts = suction(PumpPlan(0.0, 100.0, alternating=True))[1]
    left, right = vacuum(parts, 0)[500:2000], vacuum(parts, 1)[500:2000]
    assert np.corrcoef(left, right)[0, 1] < -0.3


def pour(plan, flow_g_s, seconds=60, clog=0.0):
    bottle = Bottle(plan, stream(1, "bottle"))
    flows, milk = [], []
    for i in range(seconds // 2):
        stuck = clog if 10 <= i < 20 else 0.0
        out = bottle.advance(
            (i * 20 + np.arange(20)) * 0.1,
            np.full(20, flow_g_s),
            [int(k % 10 == 0) for k in range(20)],
            [True] * 20,
            [stuck] * 20,
        )
        flows.append(out[0])
        milk.append(out[1])
    return np.concatenate(flows), np.concatenate(milk)


def test_milk_falls_once_a_cycle_in_whole_drops_and_none_is_lost():
    flows, milk = pour(BottlePlan(drop_g=0.05), 0.3)
    steps = np.diff(milk)
    assert 50 <= (steps > 0).sum() <= 65  # one opening a second
    assert milk[-1] == pytest.approx(flows.sum() * 0.1, abs=0.5)
    assert milk[-1] == pytest.approx(0.3 * 60, abs=1.5)


def test_a_trickle_falls_drop_by_drop():
    steps = np.diff(pour(BottlePlan(drop_g=0.05), 0.02)[1])
    drops = steps[steps > 0]
    assert len(drops) < 60 * 0.02 / 0.03
    assert drops.min() > 0.02


def test_a_clog_holds_milk_back_and_lets_it_go_at_once():
    flows, milk = pour(BottlePlan(), 0.3, clog=0.5)
    during, after = slice(215, 400), slice(400, 430)
    assert np.ptp(milk[during]) < 0.4
    assert flows[after].max() > 1.0
    assert milk[-1] == pytest.approx(0.3 * 60, abs=1.5)


def test_milk_that_tips_over_is_in_the_bottle_but_in_no_flow():
    flows, milk = pour(BottlePlan(gulps=((30.0, 1.2),)), 0.0)
    assert flows.max() == 0.0
    assert milk[-1] == pytest.approx(1.2)
    assert milk[280] == 0.0


def test_a_scale_shows_milk_in_its_own_steps():
    shown, touched = weigh(QUIET, milk_g=10.333)
    assert shown == pytest.approx(10.333)
    assert not touched.any()
    coarse = weigh(ScalePlan(white_g=0.0, walk_g=0.0, quantum_g=0.5), milk_g=10.333)[0]
    assert set(coarse) == {10.5}


def test_a_lifted_bottle_leaves_the_scale_and_comes_back():
    shown, touched = weigh(QUIET, Disturbance(Touch.LIFT, 10.0, 5.0, grams=0.2))
    assert shown[:100] == pytest.approx(10.0)
    assert shown[110:140].mean() == pytest.approx(-70.0, abs=0.3)
    assert shown[160:] == pytest.approx(10.2)
    assert touched[101:149].all()
    assert not touched[160:].any()


def test_a_swapped_bottle_is_empty_and_a_tare_shows_nothing():
    swapped = weigh(QUIET, Disturbance(Touch.SWAP, 10.0, 5.0, grams=1.0))[0]
    assert swapped[160:] == pytest.approx(1.0)
    tared, touched = weigh(QUIET, Disturbance(Touch.TARE, 10.0))
    assert tared[105:] == pytest.approx(0.0)
    assert touched.sum() == 1


@pytest.mark.parametrize("kind", [Touch.BUMP, Touch.HAND, Touch.LEAN, Touch.TILT])
def test_other_touches_pass_without_a_trace(kind):
    grams = 0.02 if kind is Touch.TILT else 30.0
    shown, touched = weigh(QUIET, Disturbance(kind, 10.0, 1.5, grams=grams))
    assert np.abs(shown[touched] - 10.0).max() > 1.0
    assert shown[~touched] == pytest.approx(10.0, abs=0.02)


def test_a_scale_saturates():
    plan = ScalePlan(white_g=0.0, low_g=-20.0, high_g=100.0)
    assert weigh(plan, milk_g=500.0)[0].max() == 100.0
    assert weigh(plan, Disturbance(Touch.LIFT, 10.0, 5.0))[0].min() == -20.0


def test_vibration_needs_a_running_pump():
    plan = ScalePlan(white_g=0.0, walk_g=0.0, vibration_g=0.5)
    scale = Scale(plan, (), stream(1, "scale"))
    t_s, milk = np.arange(20) * 0.1, np.full(20, 10.0)
    phase = t_s % 1.0
    still = scale.advance(t_s, milk, phase, np.zeros(20))[0]
    shaken = scale.advance(t_s + 2.0, milk, phase, np.full(20, 150.0))[0]
    assert np.ptp(still) < 0.05
    assert np.ptp(shaken) > 0.5

"""Another generator of sessions: it shares nothing with the simulated body but the rule of truth.

A detector that has learnt our body by heart would fail here. Ejections are gamma and log-normal
pulses at the times of a renewal process; milk arrives in packets of random size (a compound Poisson
process) while the suction lets go; the scale's error has heavy tails, wanders as a first-order
autoregression, and shakes with the pump as a sawtooth; bottles settle slowly, are pushed with half
sines, leaned on with ramps, knocked with two beating tones. Every number here is assumed, around
the published ranges that the simulator's page lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow_sim.let_downs import Rise, brought_by, find_rises, merge

Curve = NDArray[np.float64]
Mask = NDArray[np.bool_]
Random = np.random.Generator

STEP_S: Final = 0.1
FINE: Final = 5
"""Suction is sampled this many times as often as weight: at 50 Hz."""

G_PER_ML: Final = 1.03

TOGETHER: Final = 0.95
"""Ejections that both breasts share (95.5 %: Prime 2009)."""

NONE_SHARE: Final = 0.05
SETTLES_H: Final = 4.0
LEANS_H: Final = 3.0
STEPS_ML: Final = (0.01, 0.02, 0.05, 0.1)

SIDES: Final = ("left", "right")


@dataclass(frozen=True, slots=True)
class OtherSide:
    """One side: truth every 0.1 s, and what its sensors show.

    Attributes:
        flow_g_s: mean flow that reaches the bottle.
        milk_ml: milk in the bottle, packet by packet.
        unrounded_ml: the scale's reading before it is rounded to steps of `step_ml`.
        suction_mmhg: peak suction.
        touched: something touches the bottle.
        vacuum_mmhg: the gauge, every 0.02 s.
    """

    flow_g_s: Curve
    milk_ml: Curve
    unrounded_ml: Curve
    suction_mmhg: Curve
    touched: Mask
    step_ml: float
    vacuum_mmhg: Curve


@dataclass(frozen=True, slots=True)
class OtherSession:
    """A session; moments in seconds. `kept` tells which rows (at 50 Hz) arrive."""

    sides: dict[str, OtherSide]
    let_downs: tuple[dict[str, object], ...]
    resumptions_s: tuple[float, ...]
    start_s: float
    stop_s: float
    kept: Mask


@dataclass(frozen=True, slots=True)
class _Pump:
    """What the pump does, every 0.02 s: phase of the stroke (0 to 1), and peak suction in mmHg."""

    phase: Curve
    peak_mmhg: Curve
    start_s: float
    stop_s: float


def other_session(seed: int) -> OtherSession:
    """Make one session."""
    random = np.random.default_rng([seed, 0x0E7])
    length = round(random.uniform(600.0, 1500.0) / STEP_S)
    both = random.random() < 0.7
    used = SIDES if both else (SIDES[int(random.integers(2))],)
    start_s, stop_s = random.uniform(3.0, 20.0), length * STEP_S - random.uniform(10.0, 40.0)
    begins_s = _ejections(random, start_s, stop_s)
    switch_s = min(start_s + 120.0, *begins_s, stop_s) + random.uniform(2.0, 15.0)
    pump = _pump(random, length, start_s, stop_s, switch_s)
    sides, rises, other_s = {}, {}, []
    for side in SIDES:
        rises[side] = []
        if side not in used:
            continue
        own_s = [
            at_s + (random.laplace(0.0, 1.2) if both else 0.0)
            for at_s in begins_s
            if not both or random.random() < TOGETHER
        ]
        sides[side] = _side(random, pump, length, own_s)
        own, others = brought_by(find_rises(sides[side].flow_g_s), [at_s - 5.0 for at_s in own_s])
        rises[side], other_s = own, [*other_s, *(each.onset_s for each in others)]
    return OtherSession(
        sides=sides,
        let_downs=_let_downs(rises),
        resumptions_s=tuple(sorted(other_s)),
        start_s=start_s,
        stop_s=stop_s,
        kept=_kept(random, length * FINE),
    )


def _let_downs(rises: dict[str, list[Rise]]) -> tuple[dict[str, object], ...]:
    return tuple(dict(each.as_dict()) for each in merge(rises["left"], rises["right"]))


def _ejections(random: Random, start_s: float, stop_s: float) -> list[float]:
    """Draw when ejections begin: a renewal process with a first wait of its own."""
    if random.random() < NONE_SHARE:
        return []
    gap_s = random.uniform(90.0, 300.0)
    at_s, begins = start_s + 15.0 + random.gamma(3.0, 28.0), []
    while at_s < stop_s - 20.0 and len(begins) < 9:
        begins.append(at_s)
        at_s += max(35.0, random.gamma(5.0, gap_s / 5.0))
    return begins


def _pump(random: Random, length: int, start_s: float, stop_s: float, switch_s: float) -> _Pump:
    t_s = np.arange(length * FINE) * (STEP_S / FINE)
    fast, slow = random.uniform(80.0, 120.0), random.uniform(36.0, 72.0)
    soft, strong = random.uniform(60.0, 120.0), random.uniform(110.0, 230.0)
    rate = np.where(t_s < switch_s, fast, slow) / 60.0
    peak = np.where(t_s < switch_s, soft, strong)
    peak = peak * np.clip((t_s - start_s) / 3.0, 0.0, 1.0) * (t_s < stop_s)
    for _ in range(random.poisson(0.4)):
        at_s, for_s = random.uniform(start_s, stop_s), random.uniform(8.0, 120.0)
        inside = (t_s >= at_s) & (t_s < at_s + for_s)
        peak = np.where(inside, peak * random.uniform(0.0, 0.6), peak)
    wobble = 1.0 + 0.02 * _autoregression(random, length * FINE, 2.0, STEP_S / FINE)
    phase = np.cumsum(rate * wobble) * (STEP_S / FINE) % 1.0
    return _Pump(phase, peak, start_s, stop_s)


def _side(random: Random, pump: _Pump, length: int, begins_s: list[float]) -> OtherSide:
    flow = _flow(random, pump, length, begins_s)
    grams = _arrivals(random, pump, flow)
    weight, touched = _touches(random, pump, grams)
    weight = weight + _errors(random, pump, length)
    return OtherSide(
        flow_g_s=flow,
        milk_ml=grams / G_PER_ML,
        unrounded_ml=weight / G_PER_ML,
        suction_mmhg=pump.peak_mmhg[::FINE],
        touched=touched,
        step_ml=float(random.choice(STEPS_ML)),
        vacuum_mmhg=_vacuum(random, pump),
    )


def _flow(random: Random, pump: _Pump, length: int, begins_s: list[float]) -> Curve:
    """Return the mean flow: a low drip that comes and goes, and a pulse for every ejection."""
    t_s = np.arange(length) * STEP_S
    running = pump.peak_mmhg[::FINE] > 30.0
    drip = random.uniform(0.0, 0.012) * np.exp(0.5 * _autoregression(random, length, 60.0, STEP_S))
    flow = drip * running
    strength = 0.12 + random.weibull(2.2) * 0.45
    for number, at_s in enumerate(begins_s):
        height = strength * random.uniform(0.6, 1.1) * 0.8**number
        since = np.clip(t_s - at_s, 1e-9, None)
        if random.random() < 0.5:
            power, peak_s = random.uniform(0.8, 3.0), random.uniform(8.0, 30.0)
            pulse = (since / peak_s) ** power * np.exp(power * (1.0 - since / peak_s))
        else:
            width, peak_s = random.uniform(0.4, 0.75), random.uniform(8.0, 32.0)
            pulse = np.exp(-(np.log(since / peak_s) ** 2) / (2.0 * width**2))
        ripple = np.exp(0.12 * _autoregression(random, length, 4.0, STEP_S))
        flow = flow + height * pulse * ripple * (t_s > at_s)
    # Milk in the parts runs on for a while when the suction goes away.
    return _smoothed(np.clip(flow, 0.0, 0.95) * _held(running), random.uniform(0.5, 1.5))


def _held(running: Mask) -> Curve:
    held = np.where(running, 1.0, 0.15)
    return _smoothed(held, 2.0)


def _arrivals(random: Random, pump: _Pump, flow: Curve) -> Curve:
    """Return grams in the bottle: packets, most of them while the suction lets go."""
    phase = pump.phase[::FINE]
    gate = 0.15 + 0.85 * np.exp(3.0 * (np.cos(2.0 * np.pi * (phase - 0.75)) - 1.0))
    gate = gate / gate.mean()
    packet_g = random.uniform(0.02, 0.06)
    counts = random.poisson(flow * gate * STEP_S / packet_g)
    sizes = np.where(counts > 0, random.gamma(2.0 * np.maximum(counts, 1), packet_g / 2.0), 0.0)
    # What random packets and gates bring too much or too little wanders off; milk does not.
    grams, meant = np.cumsum(sizes), np.cumsum(flow) * STEP_S
    return np.maximum.accumulate(grams - _smoothed(grams - meant, 20.0))


def _errors(random: Random, pump: _Pump, length: int) -> Curve:
    """Return the error of the untouched scale, g."""
    white = random.uniform(0.01, 0.06) * random.standard_t(4.0, length) / np.sqrt(2.0)
    wander = 10.0 ** random.uniform(-2.0, -1.1) * _autoregression(
        random, length, random.uniform(20.0, 120.0), STEP_S
    )
    slope = random.uniform(-0.03, 0.03) / 60.0 * np.arange(length) * STEP_S
    pull = pump.peak_mmhg[::FINE] / 150.0
    phase = (pump.phase[::FINE] + random.random()) % 1.0
    saw = (2.0 * phase - 1.0 + 0.5 * np.sign(np.sin(4.0 * np.pi * phase))) * pull
    shaking = 10.0 ** random.uniform(-2.3, -1.0) * saw
    burst = (random.random(length) < 2e-4) * random.laplace(0.0, 3.0, length)
    return white + wander + slope + shaking + burst


def _touches(random: Random, pump: _Pump, grams: Curve) -> tuple[Curve, Mask]:
    """Return the weight with all that touches the bottle, and where something does."""
    length = len(grams)
    t_s = np.arange(length) * STEP_S
    weight, touched = grams + random.uniform(-3.0, 3.0), np.zeros(length, dtype=np.bool_)
    hours = (pump.stop_s - pump.start_s) / 3600.0

    def moments(an_hour: float) -> list[float]:
        count = random.poisson(an_hour * hours)
        return [float(each) for each in random.uniform(pump.start_s, pump.stop_s, count)]

    for at_s in moments(SETTLES_H):
        since = np.clip(t_s - at_s, 0.0, None)
        weight += random.laplace(0.0, 0.5) * (1.0 - np.exp(-since / random.uniform(0.1, 1.0)))
        touched |= (t_s >= at_s) & (t_s < at_s + STEP_S)
    for at_s in moments(12.0):
        since, dies_s = t_s - at_s, random.uniform(0.1, 0.6)
        tones = np.cos(2.0 * np.pi * 2.3 * since) + np.cos(2.0 * np.pi * 3.1 * since)
        ring = np.exp(-np.clip(since, 0.0, None) / dies_s) * tones
        weight += np.where(since >= 0.0, random.laplace(0.0, 8.0) * ring, 0.0)
        touched |= (since >= 0.0) & (since < 8.0 * dies_s)
    for at_s in moments(5.0):
        for_s = random.uniform(0.4, 4.0)
        inside = (t_s >= at_s) & (t_s < at_s + for_s)
        weight += random.normal(0.0, 40.0) * np.sin(np.pi * (t_s - at_s) / for_s) * inside
        touched |= inside
    for at_s in moments(LEANS_H):
        for_s, ramp_s = random.uniform(4.0, 40.0), random.uniform(0.3, 3.0)
        ends = np.minimum(t_s - at_s, at_s + for_s - t_s) / ramp_s
        lean = random.normal(0.0, 12.0) * np.clip(ends, 0.0, 1.0)
        weight += lean + 0.02 * lean * random.standard_normal(length)
        touched |= ends > 0.0
    for at_s in moments(1.0):
        for_s = random.uniform(3.0, 20.0)
        inside = (t_s >= at_s) & (t_s < at_s + for_s)
        weight[inside] = -random.uniform(40.0, 140.0) + random.normal(0.0, 0.5, int(inside.sum()))
        weight[t_s >= at_s + for_s] += random.normal(0.0, 0.4)
        touched |= inside
    return weight, touched


def _vacuum(random: Random, pump: _Pump) -> Curve:
    sharp, duty = random.uniform(0.6, 2.5), random.uniform(0.45, 0.7)
    pull = np.clip(np.sin(np.pi * pump.phase / duty), 0.0, None) * (pump.phase < duty)
    noise = random.uniform(0.3, 2.0) * random.standard_normal(len(pull))
    return pump.peak_mmhg * pull**sharp * random.uniform(0.95, 1.05) + noise


def _kept(random: Random, rows: int) -> Mask:
    """Return which rows arrive; frames of half a second are lost in runs."""
    kept = np.ones(rows, dtype=np.bool_)
    if random.random() < 0.3:
        frame = round(0.5 / (STEP_S / FINE))
        for at in np.flatnonzero(random.random(rows // frame) < 0.005):
            kept[at * frame : (at + int(random.geometric(0.5))) * frame] = False
    return kept


def _autoregression(random: Random, length: int, memory_s: float, step_s: float) -> Curve:
    """Return a wandering of spread 1 that forgets within `memory_s`."""
    keep = float(np.exp(-step_s / memory_s))
    kicks = (np.sqrt(1.0 - keep * keep) * random.standard_normal(length)).tolist()
    value, values = float(random.standard_normal()), []
    for kick in kicks:
        value = keep * value + kick
        values.append(value)
    return np.array(values)


def _smoothed(curve: Curve, memory_s: float) -> Curve:
    share = 1.0 - float(np.exp(-STEP_S / memory_s))
    value, values = float(curve[0]), []
    for each in curve.tolist():
        value += (each - value) * share
        values.append(value)
    return np.array(values)

"""The limit: how soon a clairvoyant could tell, who knows nearly everything.

For every true let-down it knows the moment at which it begins if it begins, the shape of the milk
that then comes (the mean flow at the bottle, before it breaks into drops), the flow just before,
and the law of the noise. It only does not know whether the let-down comes. From the true onset on
it adds up the logarithm of the likelihood ratio, reading by reading and both sides together, and
stops at ln 36,000 (Wald 1945: at most one false alarm in ten hours of decisions a second).

How it knows the noise. The true error of every reading is known, as the scale would show it in
steps without size. To it an autoregressive law is fitted, over six seconds back, on this very
session: so it knows the shaking of the pump, wandering and drift, each with its own colour. That
milk comes in drops and spurts adds a variance in proportion to the flow, which is known as well
(and taken as equal with and without the let-down: else a single drip would prove it). Of touches it
knows when they are and what they leave behind; readings of a touched bottle, and single ones that
are far off, tell it nothing and disturb it by nothing.

Rounding to steps takes more away. Up to the first reading that would have been another without
the let-down, with the very same noise, both recordings are one and the same: before that nobody
can tell, so the clairvoyant does not either.

A second figure asks more of it: that it also tells the let-down from a weight that was added at
once, of any size and at any moment, on either side, which happens a few times an hour as scales
settle. Against that it has to reach ln(36,000 s x rate), so that steps, too, give at most one false
alarm in ten hours. A third asks the same for weight that comes as an arm leans on a bottle, or a
tilted bottle is put straight: within seconds, with a soft beginning and end, as often as that
happens. It knows the form of these, only not their size, length and moment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bench.detection.recording import Recording
from bench.detection.scoring import LATEST_S

Curve = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.int_]

TEN_HOURS_S: Final = 36_000.0
STOP: Final = math.log(TEN_HOURS_S)

EASES_S: Final = (1.0, 2.0, 3.0, 4.5, 6.5)
"""How long a lean or a tilt takes to come or go; up to 6.5 s in the body of the simulator."""

TOGETHER_S: Final = 10.0
"""Two sides that gain weight at once within this look like one let-down."""

MILK_G_PER_ML: Final = 1.03

BACK_S: Final = 6.0
LEAST_ORDER: Final = 4
"""How far back the law of the noise reaches, in seconds; in readings at least."""

JUST_BEFORE_S: Final = 15.0
"""What 'just before' means in the rule of truth: the lowest flow of so many seconds."""

GULP_ML: Final = 0.5
"""More than this at once is a gulp of milk that tipped over: a step, and no noise."""

FAR_OFF: Final = 6.0
"""Readings this many standard deviations off are known to be so, and left out."""

LEAST_NOISE_ML: Final = 1e-3
"""A scale's error is never less: a microlitre."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The clairvoyant's delay for one let-down; None where it never gets so far.

    Attributes:
        delay_s: against nothing but noise.
        past_steps_s: when it must tell the let-down from a weight added at once, too.
        past_eases_s: when it must tell it from a weight that comes within seconds as well.
    """

    delay_s: float | None
    past_steps_s: float | None
    past_eases_s: float | None


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What one side says about one let-down, reading by reading.

    Attributes:
        t_s: moments of the readings.
        against_none, against_step, against_ease: logarithms of the likelihood ratio so far.
        differs: whether a reading has differed yet from what it would be without the let-down.
    """

    t_s: Curve
    against_none: Curve
    against_step: Curve
    against_ease: Curve
    differs: Mask


class _Readings:
    """The readings of one side beside the truth: their error, made white."""

    def __init__(self, made: Recording, side: str) -> None:
        truth = made.sides[side]
        volume = getattr(made.samples, f"{side}_volume_ml")
        moments_s = made.samples.t_s[~np.isnan(volume)]
        self._truth = truth
        self._true_t_s = made.true_t_s
        self._true_step_s = float(made.true_t_s[1])
        self._flow_ml_s = truth.flow_g_s / MILK_G_PER_ML
        taken = np.round(moments_s / self._true_step_s).astype(int)
        stride = max(1, int(np.median(np.diff(taken))))
        self._grid = np.arange(taken[0], len(made.true_t_s), stride)
        self._usable = np.isin(self._grid, taken) & ~_near(truth.touched)[self._grid]
        mean_ml = np.cumsum(self._flow_ml_s) * self._true_step_s
        order = max(LEAST_ORDER, round(BACK_S / (stride * self._true_step_s)))
        error = truth.unrounded_ml - self._shown(truth.milk_ml)
        self._whiten(error[self._grid], self._pieces(), order)
        drops = self._shown(_without_gulps(truth.milk_ml - mean_ml))[self._grid]
        self._add_drops(drops)

    def _shown(self, milk_ml: Curve) -> Curve:
        """Return milk as the scale's own filter shows it."""
        if not self._truth.filter_s:
            return milk_ml
        share = 1.0 - math.exp(-self._true_step_s / self._truth.filter_s)
        shown, value = [], 0.0
        for each in milk_ml.tolist():
            value += (each - value) * share
            shown.append(value)
        return np.array(shown)

    def _pieces(self) -> list[Indices]:
        """Return the readings from one touch to the next."""
        number = np.cumsum(np.diff(_near(self._truth.touched).astype(int), prepend=0) == 1)
        usable = np.flatnonzero(self._usable)
        cuts = np.flatnonzero(np.diff(number[self._grid][usable])) + 1
        return [piece for piece in np.split(usable, cuts) if len(piece)]

    def _whiten(self, error: Curve, pieces: list[Indices], order: int) -> None:
        """Fit the law of the error, and take away what it foretells."""
        calm = np.full(len(error), np.nan)
        for piece in pieces:
            calm[piece] = error[piece] - error[piece].mean()
        known = np.flatnonzero(~np.isnan(calm))
        filled: Curve = np.interp(np.arange(len(calm)), known, calm[known])
        lags = sliding_window_view(filled[:-1], order)[:, ::-1]
        now = filled[order:]
        rows = sliding_window_view(self._usable, order + 1).all(axis=1)
        if int(rows.sum()) < 4 * order:
            rows = self._usable[order:]
        for _ in range(2):
            gram = lags[rows].T @ lags[rows] + LEAST_NOISE_ML**2 * np.eye(order)
            law = np.linalg.solve(gram, lags[rows].T @ now[rows])
            off = now - lags @ law
            spread = max(1.4826 * float(np.median(np.abs(off[rows]))), LEAST_NOISE_ML)
            near = np.abs(off) < FAR_OFF * spread
            spread = max(spread, float(np.std(off[rows & near])))
            rows = rows & near
        self._law, self._variance = law, spread**2
        self._off: Curve = np.concatenate([np.zeros(order), off])
        self._usable[:order] = False
        self._usable &= np.abs(self._off) < FAR_OFF * spread

    def _white(self, curve: Curve) -> Curve:
        """Return what the law would not have foretold of a curve that begins at rest."""
        order = len(self._law)
        padded = np.concatenate([np.full(order, curve[0]), curve])
        lags = sliding_window_view(padded[:-1], order)[:, ::-1]
        white: Curve = curve - lags @ self._law
        return white

    def _add_drops(self, drops: Curve) -> None:
        """Add what drops and spurts do to the error, and learn how it grows with the flow."""
        white = self._white(drops)
        flow = self._flow_ml_s[self._grid]
        milky = self._usable & (flow > 0.0)
        total = float(flow[milky].sum())
        self._drops = float((white[milky] ** 2).sum()) / total if total else 0.0
        self._off = self._off + white

    def evidence(self, onset_s: float) -> _Evidence:
        """Return what the readings after a true onset say."""
        onset = int(np.searchsorted(self._true_t_s, onset_s))
        back = max(0, onset - round(JUST_BEFORE_S / self._true_step_s))
        base = float(self._flow_ml_s[back : onset + 1].min())
        excess = np.clip(self._flow_ml_s - base, 0.0, None)
        excess[:onset] = 0.0
        milk = self._shown(np.cumsum(excess) * self._true_step_s)[self._grid]
        first = int(np.searchsorted(self._grid, onset))
        last = first + round(LATEST_S / self._true_step_s / (self._grid[1] - self._grid[0]))
        now = slice(first, last)
        usable = self._usable[now]
        variance = self._variance + self._drops * (base + excess[self._grid[now]])
        weight = usable / np.sqrt(variance)
        expected = self._white(milk)[now] * weight
        seen = expected + self._off[now] * weight
        against_none = np.cumsum(expected * (seen - 0.5 * expected))
        return _Evidence(
            t_s=self._true_t_s[self._grid[now]],
            against_none=against_none,
            against_step=against_none - self._best(self._step(len(seen)), seen, weight),
            against_ease=against_none
            - np.max([self._best(each, seen, weight) for each in self._eases(len(seen))], axis=0),
            differs=self._differs(milk, now),
        )

    def _step(self, count: int) -> Curve:
        """Return what the law would not have foretold of a weight added at once."""
        return self._white(np.ones(count + 1) - (np.arange(count + 1) == 0))[1:]

    def _eases(self, count: int) -> list[Curve]:
        """Return the same of weights that come within seconds."""
        step_s = self._true_step_s * (self._grid[1] - self._grid[0])
        since_s = step_s * np.arange(count + 1)
        ways = [np.clip(since_s / ease_s, 0.0, 1.0) for ease_s in EASES_S]
        return [self._white(0.5 - 0.5 * np.cos(np.pi * way))[1:] for way in ways]

    def _best(self, answer: Curve, seen: Curve, weight: Curve) -> Curve:
        """Return how well a form, of any size from any moment on, explains the readings so far."""
        count = len(seen)
        age = np.arange(count) - np.arange(count)[:, None]
        form = np.where(age >= 0, answer[np.clip(age, 0, None)], 0.0) * weight
        fits = np.cumsum(form * seen, axis=1)
        sizes = np.cumsum(form * form, axis=1)
        explained: Curve = np.max(fits * fits / (2.0 * np.maximum(sizes, 1e-12)), axis=0)
        return explained

    def _differs(self, milk: Curve, now: slice) -> Mask:
        """Tell whether a reading so far differs from what it would be without the let-down."""
        step = self._truth.step_ml
        with_milk = self._truth.unrounded_ml[self._grid[now]]
        without = with_milk - milk[now]
        other = np.floor(with_milk / step + 0.5) != np.floor(without / step + 0.5)
        differs: Mask = np.logical_or.accumulate(other & self._usable[now])
        return differs


def _without_gulps(curve: Curve) -> Curve:
    """Return a curve without its rises by a gulp at once."""
    rises = np.diff(curve, prepend=curve[0])
    calm: Curve = curve - np.cumsum(np.where(rises > GULP_ML, rises, 0.0))
    return calm


def _near(touched: Mask) -> Mask:
    """Tell which moments are within a step of a touch."""
    wide = touched.copy()
    wide[1:] |= touched[:-1]
    wide[:-1] |= touched[1:]
    return wide


def limits(made: Recording) -> tuple[Limit, ...]:
    """Return the clairvoyant's delays for each true let-down."""
    sides = {side: _Readings(made, side) for side in made.sides}
    found = []
    for each in made.let_downs:
        parts = [
            readings.evidence(each.onset_s)
            for side, readings in sides.items()
            if each.side in (side, "both")
        ]
        found.append(_limit(parts, each.onset_s, made))
    return tuple(found)


def _limit(parts: list[_Evidence], onset_s: float, made: Recording) -> Limit:
    t_s = np.unique(np.concatenate([part.t_s for part in parts]))
    at = [np.searchsorted(part.t_s, t_s, side="right") for part in parts]
    none = [_until(part.against_none, i) for part, i in zip(parts, at, strict=True)]
    step = [_until(part.against_step, i) for part, i in zip(parts, at, strict=True)]
    ease = [_until(part.against_ease, i) for part, i in zip(parts, at, strict=True)]
    differs = np.any([_until(part.differs, i) for part, i in zip(parts, at, strict=True)], axis=0)
    sure = differs & (np.sum(none, axis=0) >= STOP)
    past_steps = sure & _past(none, step, made.steps_per_hour / 3600.0)
    past_eases = past_steps & _past(none, ease, made.eases_per_hour / 3600.0)
    return Limit(*(_first(t_s, each, onset_s) for each in (sure, past_steps, past_eases)))


def _past(none: list[Curve], other: list[Curve], per_s: float) -> Mask:
    """Tell when what comes so often, on any side or on both, has been ruled out."""
    past = np.ones(len(none[0]), dtype=np.bool_)
    if not per_s:
        return past
    one = STOP + math.log(per_s)
    for side in range(len(none)):
        others = np.sum([each for which, each in enumerate(none) if which != side], axis=0)
        past &= other[side] + others >= one
    if len(none) > 1:
        past &= np.sum(other, axis=0) >= max(0.0, one + math.log(per_s * TOGETHER_S))
    return past


def _until(values: NDArray[np.generic], at: Indices) -> Curve:
    """Return the last of the values before each index, 0 where there is none."""
    so_far: Curve = np.concatenate([np.zeros(1), values.astype(np.float64)])[at]
    return so_far


def _first(t_s: Curve, sure: Curve | Mask, onset_s: float) -> float | None:
    when = np.flatnonzero(sure)
    return float(t_s[when[0]]) - onset_s if len(when) else None

"""The readings of one side beside the truth, as who knows the law of their noise sees them.

The true error of every reading is known, as the scale would show it in steps without size. To it an
autoregressive law is fitted, over six seconds back, on this very session: so the shaking of the
pump, wandering and drift are known, each with its own colour. That milk comes in drops and spurts
adds a variance in proportion to the flow, which is known as well (and taken as equal with and
without the let-down: else a single drip would prove it). Of touches it is known when they are and
what they leave behind; readings of a touched bottle, and single ones that are far off, tell nothing
and disturb by nothing.
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
from lullaflow_sim.let_downs import ADDS_G_S, BEFORE_SHARE, JUST_BEFORE_S

Curve = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.int_]

MILK_G_PER_ML: Final = 1.03

BACK_S: Final = 6.0
LEAST_ORDER: Final = 4
"""How far back the law of the noise reaches, in seconds; in readings at least."""

GULP_ML: Final = 0.5
"""More than this at once is a gulp of milk that tipped over: a step, and no noise."""

FAR_OFF: Final = 6.0
"""Readings this many standard deviations off are known to be so, and left out."""

LEAST_NOISE_ML: Final = 1e-3
"""A scale's error is never less: a microlitre."""

EASES_S: Final = (1.0, 2.0, 3.0, 4.5, 6.5)
"""How long a lean or a tilt takes to come or go; up to 6.5 s in the body of the simulator."""


@dataclass(frozen=True, slots=True)
class Window:
    """The readings about one let-down, made white and of spread 1. Arrays have the shape `(n,)`.

    Attributes:
        t_s: moments.
        before: how many of them are before the onset.
        step_s: from one to the next.
        weight: what a curve's white part is multiplied with; 0 where nothing can be read.
        expected: the milk of the let-down.
        seen: the same with the error.
        freed: whether a touch has just ended.
        differs: whether a reading has differed yet from what it would be without the let-down.
    """

    t_s: Curve
    before: int
    step_s: float
    weight: Curve
    expected: Curve
    seen: Curve
    freed: Mask
    differs: Mask


@dataclass(frozen=True, slots=True)
class Short:
    """What speaks against a rise that falls short, reading by reading from an onset on.

    Attributes:
        t_s: moments.
        ratio: logarithm of the likelihood ratio so far.
        differs: whether a reading has differed yet from what it would be then.
    """

    t_s: Curve
    ratio: Curve
    differs: Mask


class Readings:
    """The readings of one side beside the truth: their error, made white.

    Args:
        made: the recording.
        side: whose readings.
        as_shown: in the scale's own steps, which are taken for white noise then.
    """

    def __init__(self, made: Recording, side: str, *, as_shown: bool = False) -> None:
        truth = made.sides[side]
        volume = getattr(made.samples, f"{side}_volume_ml")
        moments_s = made.samples.t_s[~np.isnan(volume)]
        self._truth = truth
        steps_ml = truth.step_ml / math.sqrt(12.0) if as_shown else 0.0
        self._least_ml = max(LEAST_NOISE_ML, steps_ml)
        self._true_t_s = made.true_t_s
        self._true_step_s = float(made.true_t_s[1])
        self._flow_ml_s = truth.flow_g_s / MILK_G_PER_ML
        taken = np.round(moments_s / self._true_step_s).astype(int)
        stride = max(1, int(np.median(np.diff(taken))))
        self._grid = np.arange(taken[0], len(made.true_t_s), stride)
        self._step_s = stride * self._true_step_s
        self._usable = np.isin(self._grid, taken) & ~_near(truth.touched)[self._grid]
        mean_ml = np.cumsum(self._flow_ml_s) * self._true_step_s
        order = max(LEAST_ORDER, round(BACK_S / self._step_s))
        read_ml = _rounded(truth.unrounded_ml, truth.step_ml) if as_shown else truth.unrounded_ml
        error = read_ml - self._shown(truth.milk_ml)
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
            spread = max(1.4826 * float(np.median(np.abs(off[rows]))), self._least_ml)
            near = np.abs(off) < FAR_OFF * spread
            spread = max(spread, float(np.std(off[rows & near])))
            rows = rows & near
        self._law, self._variance = law, spread**2
        self._off: Curve = np.concatenate([np.zeros(order), off])
        self._usable[:order] = False
        self._usable &= np.abs(self._off) < FAR_OFF * spread

    def white(self, curve: Curve) -> Curve:
        """Return what the law would not have foretold of a curve that begins at rest."""
        order = len(self._law)
        padded = np.concatenate([np.full(order, curve[0]), curve])
        lags = sliding_window_view(padded[:-1], order)[:, ::-1]
        white: Curve = curve - lags @ self._law
        return white

    def _add_drops(self, drops: Curve) -> None:
        """Add what drops and spurts do to the error, and learn how it grows with the flow."""
        white = self.white(drops)
        flow = self._flow_ml_s[self._grid]
        milky = self._usable & (flow > 0.0)
        total = float(flow[milky].sum())
        self._drops = float((white[milky] ** 2).sum()) / total if total else 0.0
        self._off = self._off + white

    def window(self, onset_s: float, back_s: float) -> Window:
        """Return the readings from `back_s` before a true onset on.

        The flow just before the onset is taken out of them, as if it were known.
        """
        onset, base_ml_s, excess_ml_s = self._rise(onset_s)
        milk_ml = self._weighed(excess_ml_s)
        now, before = self._span(onset, back_s)
        weight = self._weights(now, base_ml_s + excess_ml_s)
        expected = self.white(milk_ml)[now] * weight
        touched = _near(self._truth.touched)[self._grid[now]].astype(int)
        return Window(
            t_s=self._true_t_s[self._grid[now]],
            before=before,
            step_s=self._step_s,
            weight=weight,
            expected=expected,
            seen=expected + self._off[now] * weight,
            freed=np.diff(touched, prepend=touched[:1]) < 0,
            differs=self._differs(milk_ml, now),
        )

    def against_short(self, onset_s: float, length_s: float) -> tuple[Short, Short]:
        """Return what speaks against two rises that fall short of a let-down.

        The first is the very same milk, but its flow comes to a halt: it is never higher than just
        does not count. The second is of the same form, but so much smaller from the first that it
        just does not count. That is judged by the flow just before the onset, and by the highest of
        `length_s` from then.
        """
        onset, base_ml_s, excess_ml_s = self._rise(onset_s)
        now, _ = self._span(onset, 0.0)
        weight = self._weights(now, base_ml_s + excess_ml_s)
        off = self._off[now] * weight
        most_ml_s = max(ADDS_G_S / MILK_G_PER_ML, base_ml_s / BEFORE_SHARE - base_ml_s)
        last = onset + round(length_s / self._true_step_s)
        peak_ml_s = max(float(excess_ml_s[onset : last + 1].max()), most_ml_s)

        def against(beyond_ml_s: Curve) -> Short:
            milk_ml = self._weighed(beyond_ml_s)
            more = self.white(milk_ml)[now] * weight
            return Short(
                t_s=self._true_t_s[self._grid[now]],
                ratio=np.cumsum(more * (off + 0.5 * more)),
                differs=self._differs(milk_ml, now),
            )

        return (
            against(np.clip(excess_ml_s - most_ml_s, 0.0, None)),
            against(excess_ml_s * (1.0 - most_ml_s / peak_ml_s)),
        )

    def _rise(self, onset_s: float) -> tuple[int, float, Curve]:
        """Return where an onset stands, the flow just before, and the flow beyond it from then."""
        onset = int(np.searchsorted(self._true_t_s, onset_s))
        just = max(0, onset - round(JUST_BEFORE_S / self._true_step_s))
        base_ml_s = float(self._flow_ml_s[just : onset + 1].min())
        excess_ml_s = np.clip(self._flow_ml_s - base_ml_s, 0.0, None)
        excess_ml_s[:onset] = 0.0
        return onset, base_ml_s, excess_ml_s

    def _weighed(self, flow_ml_s: Curve) -> Curve:
        """Return the milk of a flow at each reading, as the scale's filter shows it."""
        return self._shown(np.cumsum(flow_ml_s) * self._true_step_s)[self._grid]

    def _span(self, onset: int, back_s: float) -> tuple[slice, int]:
        """Return the readings about an onset, and how many of them are before it."""
        first = int(np.searchsorted(self._grid, onset))
        before = min(first, round(back_s / self._step_s))
        return slice(first - before, first + round(LATEST_S / self._step_s)), before

    def _weights(self, now: slice, flow_ml_s: Curve) -> Curve:
        """Return what makes white parts of spread 1, in the noise of such a flow."""
        variance = self._variance + self._drops * flow_ml_s[self._grid[now]]
        weights: Curve = self._usable[now] / np.sqrt(variance)
        return weights

    def milk(self, flow_ml_s: Curve, step_s: float) -> Curve:
        """Return the white part of the milk of a flow that begins now, given at the true steps."""
        milk_ml = np.append(0.0, self._shown(np.cumsum(flow_ml_s) * self._true_step_s))
        return self.white(milk_ml[:: round(step_s / self._true_step_s)])[1:]

    def flow(self, count: int, step_s: float) -> Curve:
        """Return the white part of a flow of 1 ml/s that begins now."""
        return self.white(step_s * np.arange(count + 1.0))[1:]

    def step(self, count: int) -> Curve:
        """Return the white part of a weight of 1 ml that is added at once."""
        return self.white(np.ones(count + 1) - (np.arange(count + 1) == 0))[1:]

    def eases(self, count: int, step_s: float) -> list[Curve]:
        """Return the same of weights that come within seconds."""
        since_s = step_s * np.arange(count + 1)
        ways = [np.clip(since_s / ease_s, 0.0, 1.0) for ease_s in EASES_S]
        return [self.white(0.5 - 0.5 * np.cos(np.pi * way))[1:] for way in ways]

    def _differs(self, milk: Curve, now: slice) -> Mask:
        """Tell whether a reading so far differs from what it would be without the let-down."""
        step = self._truth.step_ml
        with_milk = self._truth.unrounded_ml[self._grid[now]]
        without = with_milk - milk[now]
        other = _rounded(with_milk, step) != _rounded(without, step)
        differs: Mask = np.logical_or.accumulate(other & self._usable[now])
        return differs


def _rounded(volume_ml: Curve, step_ml: float) -> Curve:
    """Return volumes in a scale's steps."""
    rounded: Curve = np.floor(volume_ml / step_ml + 0.5) * step_ml
    return rounded


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

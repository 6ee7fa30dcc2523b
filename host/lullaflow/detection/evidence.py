"""Whether one bottle's flow has risen: a sequential test against what else it could be.

At every half second the level of the last half minute is compared with the shapes of `templates`:
`z^2 / 2`, with `z` a bend over its noise, is the logarithm of a generalised likelihood ratio (Lorden
1971, windowed). A rise must also beat every confusing change that fits the same window: the least
of the ratios decides, as in the S-CuSum of arXiv:2405.00842.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.binning import BIN_S
from lullaflow.detection.noise import REACH, Noise
from lullaflow.detection.templates import EASES, LENGTH, bank

Array = NDArray[np.float64]

KEPT: Final = 128
"""Levels kept: a minute."""

LEAST_BASE_BINS: Final = 6

DRIP_ML_S: Final = 0.02
LEAST_RISE_ML_S: Final = 0.05
BEFORE_SHARE: Final = 0.65
FAINT: Final = 2.0
PEAK_BINS: Final = 12
RESIDUE: Final = float(__import__('os').environ.get('RESIDUE', 1.0))
TOP_FACTOR: Final = 2.5
LONGEST_FILL: Final = 40
GAP_BINS: Final = 4
SPURT_SHARE: Final = 0.08
UNSETTLED_BINS: Final = 10
DRY_ML_S: Final = 0.02
UNLIKELY: Final = np.array([6.0, 6.0, 6.0, 6.0])


@dataclass(frozen=True, slots=True)
class Rise:
    against_none: float
    against_other: float
    bins: int
    flow_ml_s: float
    base_ml_s: float
    onset_s: float


NOTHING: Final = Rise(0.0, 0.0, 0, 0.0, 0.0, 0.0)


class Evidence:
    def __init__(self) -> None:
        self.spurt_s = 1.5
        self.step_ml = 0.0
        self.noise = Noise()
        self._levels = np.zeros(2 * KEPT)
        self._peaks = np.zeros(2 * KEPT)
        self._flows = np.zeros(2 * KEPT)
        self._tops = np.zeros(2 * KEPT)
        self._count = LENGTH
        self._started = False
        self._real = 0  # levels in a row that were not made up
        self._begun = 0  # levels seen in all
        self._end_s = 0.0
        self._milk_ml = 0.0
        self._peak = 0.0
        self._held = 0.0
        self._fresh = 0
        self.had_let_down = False

    @property
    def step_noise_ml(self) -> float:
        return float(np.sqrt(2.0 * self.noise.white + self.noise.walk * 2.0))

    def add(self, end_s: float, milk_ml: float, follows: bool) -> None:
        if not self._started:
            self._started = True
            self._levels[: self._count] = milk_ml
            self._tops[: self._count] = milk_ml
            self._end_s, self._milk_ml = end_s, milk_ml
            return
        missing = round((end_s - self._end_s) / BIN_S) - 1
        last = self._levels[self._count - 1]
        if follows and missing <= GAP_BINS:
            gain = milk_ml - self._milk_ml
            for i in range(missing):
                self._put(last + gain * (i + 1) / (missing + 1))
            if missing > 1:
                self._real = 0
            self._put(last + gain)
        else:
            if self._real > 8:
                self._held = self.flow_ml_s(8)
            flow = self._held
            for i in range(min(missing, LONGEST_FILL) + 1):
                self._put(last + flow * BIN_S * (i + 1))
            self._real = 0
        self._end_s, self._milk_ml = end_s, milk_ml
        self._real += 1
        if self._real >= REACH:
            self.noise.learn(self._levels[self._count - REACH : self._count], still=self.flow_ml_s(16) < 0.05)

    def _put(self, level: float) -> None:
        if self._count == 2 * KEPT:
            for kept in (self._levels, self._peaks, self._tops, self._flows):
                kept[:KEPT] = kept[KEPT:]
            self._count = KEPT
        at = self._count
        self._levels[at] = level
        self._count += 1
        self._begun += 1
        self._fresh += 1
        self._flows[at] = self.flow_ml_s(PEAK_BINS)
        if self._fresh > PEAK_BINS:
            self._peak = max(self._peak, float(self._flows[at]))
        self._peaks[at] = self._peak
        self._tops[at] = self._levels[at - 40 : at + 1].max()

    def begin(self) -> None:
        """A let-down has begun: the peak of its flow is looked for from now on."""
        self._peak = self.flow_ml_s(6)
        self._fresh = 0
        self.had_let_down = True
        self._peaks[: self._count] = 0.0
        self._taken = 0

    def flow_ml_s(self, bins: int) -> float:
        levels = self._levels[self._count - bins - 1 : self._count]
        x = _X[bins]
        return max(0.0, float(levels @ x))

    def rise(self, settled: bool) -> Rise:
        b = bank()
        n = self._count
        y = self._levels[n - LENGTH : n] - self._levels[n - 1]
        gained = b.rise.rows @ y
        base = b.base.rows @ y
        below = np.minimum(base, 0.0)
        gained -= b.tie * below
        base -= below
        noise = self.noise
        quantum = self.step_ml**2 / 12.0
        explained = (b.explained @ y).reshape(-1, 3)
        total = np.cumsum((y * y)[::-1])[b.bins + b.base_bins]
        rest = (total - (explained**2).sum(axis=1)) / (b.bins + b.base_bins - 2.0)
        white = np.maximum(np.maximum(noise.white, quantum), RESIDUE * rest) + SPURT_SHARE * (base * self.spurt_s) ** 2
        walk = noise.walk
        free = base > 0.0
        variance = np.where(free, b.rise.white, b.fixed.white) * white + np.where(free, b.rise.walk, b.fixed.walk) * walk
        onset_at = n - 1 - b.bins
        sunk = np.maximum(self._tops[onset_at] - self._levels[onset_at] - TOP_FACTOR * np.sqrt(white), 0.0)
        excess = gained - DRIP_ML_S - sunk / (BIN_S * b.bins)
        z = excess / np.sqrt(variance)
        flow = base + gained
        fine = (gained >= LEAST_RISE_ML_S) & (base < BEFORE_SHARE * flow) & (z > FAINT)
        fine &= b.bins + LEAST_BASE_BINS <= self._begun
        if not settled:
            fine &= b.bins + UNSETTLED_BINS <= self._real
        if self.had_let_down:
            peaks = self._peaks[onset_at]
            fine &= b.bins + b.base_bins <= self._fresh
            fine &= (peaks > 0.0) & (np.maximum(base, self._flows[onset_at]) < np.maximum(BEFORE_SHARE * peaks, DRY_ML_S))
        if not fine.any():
            return NOTHING
        z = np.where(fine, z, 0.0)
        which = int(z.argmax())
        o = b.others
        bends = o.rows @ y
        v = o.white * np.repeat(white, _REPEATS) + o.walk * walk
        zo = np.where(v > 0, (bends - DRIP_ML_S) / np.sqrt(np.where(v > 0, v, 1.0)), 0.0)
        zo = np.where(np.repeat(fine, _REPEATS), np.maximum(zo, 0.0), 0.0)
        least = np.minimum.reduceat(zo, _CELLS).reshape(-1, len(EASES))
        other = float((least**2 / 2.0 + UNLIKELY).min(axis=1, where=True).max(where=fine, initial=0.0))
        return Rise(
            float(z[which] ** 2 / 2),
            other,
            int(b.bins[which]),
            float(flow[which]),
            float(base[which]),
            self._end_s - BIN_S * float(b.bins[which]),
        )


def _slope(bins: int) -> Array:
    at = BIN_S * (np.arange(bins + 1) - bins / 2.0)
    return at / (at @ at)


_X = {bins: _slope(bins) for bins in (6, 8, 12, 16)}
_B = bank()
_REPEATS = np.diff([*_B.first, len(_B.ease)])
_CELLS = np.flatnonzero(np.diff(np.concatenate(([-1], _B.ease + 10 * np.repeat(np.arange(len(_B.bins)), _REPEATS)))))

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
from lullaflow.detection.level import MAX_FLOW_ML_S, Reading
from lullaflow.detection.track import FLOW_BINS, KEPT, Track
from lullaflow.detection.templates import EASES, LENGTH, bank

Array = NDArray[np.float64]

LEAST_BASE_BINS: Final = 6

DRIP_ML_S: Final = float(__import__('os').environ.get('DRIP', 0.02))
LEAST_RISE_ML_S: Final = float(__import__('os').environ.get('LEASTR', 0.05))
BEFORE_SHARE: Final = 0.65
E_ = __import__('os').environ.get
FAINT: Final = float(E_('FAINT', 1.5))
MATE_ML_S: Final = float(E_('MATE', 0.015))
QUANT: Final = float(E_('QUANT', 0.75))
NOW: Final = float(E_('NOW', 0.05))
RESIDUE: Final = float(__import__('os').environ.get('RESIDUE', 1.0))
TOP_FACTOR: Final = 2.5
SPURT_SHARE: Final = 0.08
UNSETTLED_BINS: Final = 10
CALM_BINS: Final = 24
DRY_ML_S: Final = 0.02
import os
UNLIKELY: Final = np.array([float(x) for x in os.environ.get('UN','6,6,8,9,9').split(',')])


@dataclass(frozen=True, slots=True)
class Rise:
    against_none: float
    against_other: float
    bins: int
    flow_ml_s: float
    base_ml_s: float
    onset_s: float
    counts: bool


NOTHING: Final = Rise(0.0, 0.0, 0, 0.0, 0.0, 0.0, False)


class Evidence:
    def __init__(self) -> None:
        self.spurt_s = 1.5
        self.step_ml = 0.0
        self.noise = Noise()
        self.track = Track()
        self._seen = 0
        self._begun = 0  # of the track's count, where the last let-down was found
        self._peaks = np.zeros(KEPT)
        self._peak = 0.0
        self.had_let_down = False

    @property
    def step_noise_ml(self) -> float:
        return float(np.sqrt(2.0 * self.noise.white + self.noise.walk * 2.0))

    def add(self, reading: Reading) -> bool:
        track = self.track
        if not track.add(reading):
            return False
        if track.real >= REACH:
            self.noise.learn(track.last(REACH), still=track.flow_ml_s(16) < 0.05)
        new = max(min(track.count - self._seen, KEPT), 0)
        self._seen = track.count
        self._peaks = np.roll(self._peaks, -new)
        flows = track.flows(np.arange(new - 1, -1, -1))
        for i in range(new):
            if track.count - new + 1 + i - self._begun > FLOW_BINS:
                self._peak = max(self._peak, float(flows[i]))
            self._peaks[KEPT - new + i] = self._peak
        return True

    def begin(self) -> None:
        """A let-down has begun: the peak of its flow is looked for from now on."""
        self._peak = self.track.flow_ml_s(6)
        self._begun = self.track.count
        self.had_let_down = True
        self._peaks[:] = 0.0

    def rise(self, settled: bool) -> Rise:
        b = bank()
        track = self.track
        y = track.last(LENGTH)
        y = y - y[-1]
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
        sunk = np.maximum(track.sunk(b.bins) - TOP_FACTOR * np.sqrt(white), 0.0) + QUANT * np.maximum(self.step_ml - 2.0 * np.sqrt(noise.white), 0.0)
        excess = gained - DRIP_ML_S - sunk / (BIN_S * b.bins)
        z = excess / np.sqrt(variance)
        flow = base + gained
        now = track.flow_ml_s(6)
        fine = (gained >= MATE_ML_S) & (base < BEFORE_SHARE * flow) & (z > FAINT)
        fine &= b.bins + LEAST_BASE_BINS <= track.count
        fast = flow > MAX_FLOW_ML_S * (1.0 + self.spurt_s / (BIN_S * b.bins))
        if (fast & (z > 4.0) & (b.bins > 3)).any():
            return NOTHING
        if not settled:
            fine &= (b.bins + UNSETTLED_BINS <= track.real) | (track.real >= CALM_BINS)
        if self.had_let_down:
            peaks = self._peaks[KEPT - 1 - b.bins]
            fine &= b.bins + b.base_bins <= track.count - self._begun
            fine &= (peaks > 0.0) & (np.maximum(base, track.flows(b.bins)) < np.maximum(BEFORE_SHARE * peaks, DRY_ML_S))
        if not fine.any():
            return NOTHING
        z = np.where(fine, z, 0.0)
        counts = bool((fine & (gained >= LEAST_RISE_ML_S) & (now - base >= NOW)).any())
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
            track.end_s - BIN_S * float(b.bins[which]),
            counts,
        )


_B = bank()
_REPEATS = np.diff([*_B.first, len(_B.ease)])
_CELLS = np.flatnonzero(np.diff(np.concatenate(([-1], _B.ease + 10 * np.repeat(np.arange(len(_B.bins)), _REPEATS)))))

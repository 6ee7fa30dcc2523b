"""What every peer sees: the flow of both bottles together, twice a second.

A change detector for general use knows nothing of bottles, so the worst is taken out for it: the
middle reading of each half second is taken, and a change of weight that no milk makes (a knock, a
hand, a bottle lifted) is left out. Without this, no peer would be worth comparing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection import Samples

Curve = NDArray[np.float64]

BIN_S: Final = 0.5
"""The board's frame; also what our detector works on."""

MOST_GAIN_ML: Final = 1.5
MOST_FALL_ML: Final = 0.5
"""More within a bin is no milk: 0.92 g/s is the highest flow published (Ramsay 2006), and milk
falls in spurts; a plain scale counts in steps of a millilitre."""


@dataclass(frozen=True, slots=True)
class BinnedFlow:
    """Flow of both bottles.

    Attributes:
        end_s: when each bin is over: the moment from which it is known.
        sides_ml_s: flow of each bottle in use, by bin.
    """

    end_s: Curve
    sides_ml_s: tuple[Curve, ...]

    @property
    def total_ml_s(self) -> Curve:
        """Return the flow of both bottles together."""
        return np.sum(self.sides_ml_s, axis=0)


def binned_flow(samples: Samples) -> BinnedFlow:
    """Bin a recording's volumes."""
    bins = int(samples.t_s[-1] // BIN_S) + 1
    columns = (samples.left_volume_ml, samples.right_volume_ml)
    sides = [_flow_ml_s(samples.t_s, each, bins) for each in columns if not np.isnan(each).all()]
    return BinnedFlow((np.arange(bins) + 1.0) * BIN_S, tuple(sides))


def _flow_ml_s(t_s: Curve, volume: Curve, bins: int) -> Curve:
    there = ~np.isnan(volume)
    number, volume = (t_s[there] // BIN_S).astype(int), volume[there]
    cuts = np.flatnonzero(np.diff(number)) + 1
    starts = np.concatenate([np.zeros(1, dtype=int), cuts])
    levels = np.array([np.median(part) for part in np.split(volume, cuts)])
    where = number[starts]
    gains = np.diff(levels)
    gains[(gains > MOST_GAIN_ML) | (gains < -MOST_FALL_ML)] = 0.0
    flow = np.zeros(bins)
    # What came over a gap is spread over it.
    for gain, before, now in zip(gains, where[:-1], where[1:], strict=True):
        flow[before + 1 : now + 1] = gain / ((now - before) * BIN_S)
    return flow

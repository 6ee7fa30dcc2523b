"""The shapes that a bottle's level is compared with, as linear filters over its last half minute.

A rise is a level on a straight line that bends upwards at its onset and goes on. What could be
mistaken for one bends too, but comes to rest: a step (a bottle that settles, a gulp) within a bin,
an arm or a tilt within seconds. For every onset looked for, least squares gives the bend that is
left when such a thing, at every place in the window, is allowed for as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.binning import BIN_S

Array = NDArray[np.float64]

ONSETS: Final = (2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 26, 32, 40)
"""Bins since the onset: 1 to 20 s, each about a quarter longer than the last."""

BASES: Final = (10, 24)
"""Bins over which the flow before is read: the longer the surer, but an ejection that has just
ended leaves only a few seconds."""

EASES: Final = (1, 2, 4, 8, 13)
"""How long, in bins, what is no milk takes to come to rest: at once, or up to 6.5 s."""

LENGTH: Final = max(ONSETS) + max(BASES) + 1
"""Levels that the filters need."""

SAME: Final = 1e-3
"""A rise of which less than this share (of squares) is left beside another shape is that shape."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Linear filters (rows) over the last `LENGTH` levels, and what noise does to their results.

    Attributes:
        rows: the filters.
        white: variance of each result in white noise of 1 ml.
        walk: the same in a random walk of 1 ml a bin.
    """

    rows: Array
    white: Array
    walk: Array


@dataclass(frozen=True, slots=True)
class Bank:
    """All filters; one row per pair of onset and base, but for those of `others`.

    Attributes:
        bins: since the onset.
        base_bins: before it.
        rise: gives the flow gained since the onset, ml/s.
        base: gives the flow before, ml/s.
        tie: what the flow gained changes by, for each ml/s that the flow before is set off.
        fixed: as `rise`, for a flow before that is known.
        left_over: three rows a pair, whose squares are what the straight lines explain.
        others: as `rise`, when something that is no milk is allowed for as well.
        first: where in `others` each pair's rows begin.
        ease: index in `EASES` of each row of `others`.
    """

    bins: NDArray[np.int64]
    base_bins: NDArray[np.int64]
    rise: Filters
    base: Filters
    tie: Array
    fixed: Filters
    explained: Array
    others: Filters
    first: NDArray[np.int64]
    ease: NDArray[np.int64]


def _filters(rows: list[Array]) -> Filters:
    table = np.array(rows)
    # A walk is the sum of its steps: a filter's answer to each step is the sum of its later weights.
    later = np.cumsum(table[:, ::-1], axis=1)[:, ::-1]
    return Filters(table, (table**2).sum(axis=1), (later[:, 1:] ** 2).sum(axis=1))


def _places(bins: int, ease: int) -> list[int]:
    """Return where something that is no milk may begin, in bins before now."""
    last = bins + ease
    stride = max(1, bins // 6)
    return [*range(1, last, stride), last]


@cache
def bank() -> Bank:
    """Return the filters; they are the same for every session."""
    rise, base, fixed, tie, explained, others = [], [], [], [], [], []
    first, eases, pairs = [], [], []
    for bins in ONSETS:
        for base_bins in BASES:
            count = bins + base_bins + 1
            at = np.arange(1 - count, 1, dtype=np.float64)
            since_s = BIN_S * np.maximum(at + bins, 0.0)
            columns = np.stack((np.ones(count), BIN_S * at, since_s), axis=1)
            weights = np.linalg.pinv(columns)
            spread = weights @ weights.T
            ratio = spread[1, 2] / spread[1, 1]

            def padded(row: Array) -> Array:
                return np.concatenate((np.zeros(LENGTH - len(row)), row))

            pairs.append((bins, base_bins))
            rise.append(padded(weights[2]))
            base.append(padded(weights[1]))
            tie.append(ratio)
            fixed.append(padded(weights[2] - ratio * weights[1]))
            lines, _ = np.linalg.qr(columns)
            explained += [padded(row) for row in lines.T]
            first.append(len(others))
            for number, ease in enumerate(EASES):
                for place in _places(bins, ease):
                    other = np.clip((at + place) / ease, 0.0, 1.0)
                    beside = np.column_stack((np.ones(count), BIN_S * at, other))
                    lines, _ = np.linalg.qr(beside)
                    left = since_s - lines @ (lines.T @ since_s)
                    alone = since_s - lines[:, :2] @ (lines[:, :2].T @ since_s)
                    if left @ left < SAME * (alone @ alone):
                        others.append(np.zeros(LENGTH))
                    else:
                        others.append(padded(left / (left @ left)))
                    eases.append(number)
    bins_, bases_ = np.array(pairs, dtype=np.int64).T
    return Bank(
        bins=bins_,
        base_bins=bases_,
        rise=_filters(rise),
        base=_filters(base),
        tie=np.array(tie),
        fixed=_filters(fixed),
        explained=np.array(explained),
        others=_filters(others),
        first=np.array(first, dtype=np.int64),
        ease=np.array(eases, dtype=np.int64),
    )

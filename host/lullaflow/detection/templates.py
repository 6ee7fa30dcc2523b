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
from lullaflow.detection.slopes import slope

Array = NDArray[np.float64]

ONSETS: Final = (2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 26, 32, 40)
"""Bins since the onset: 1 to 20 s, each about a quarter longer than the last."""

BASES: Final = (10, 24, 48)
"""Bins over which the flow before is read: the longer the surer, but an ejection that has just
ended leaves only a few seconds."""

EASES: Final = (1, 2, 4, 8, 13)
"""How long, in bins, what is no milk takes to come to rest: at once, or up to 6.5 s."""

LENGTH: Final = max(ONSETS) + max(BASES) + 1
"""Levels that the filters need."""

STRIDE: Final = 6
"""Places looked at within a rise: a coarser grid of them would miss what is shorter."""

LEAST_BINS: Final = 3
"""A flow is read over a second and a half, at least."""

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
        since_s: the same in seconds.
        span: bins of base and rise.
        onset, begun: where in the levels the rise and its base begin.
        bases: filters that give the flow before, ml/s.
        rise: filters that give the flow gained since the onset, ml/s.
        tie: what the flow gained changes by, for each ml/s that the flow before is set off.
        fixed: as `rise`, for a flow before that is known.
        least_white, least_walk: what noise does to `rise` or `fixed`, whichever feels it less.
        lately: filters that give the flow of the last bins, ml/s; by how many bins.
        half: bins of the latter half of each rise.
        explained: three rows a pair, the first of every pair before the second of any; the sum of
            their squares is what a bent line explains.
        others: as `rise`, when something that is no milk is allowed for as well; where it could be
            all of the rise, 0 with a noise without end. Ordered by pair, ease, place.
        owner: the pair of each row of `others`.
        cells: where in `others` the rows of each pair and ease begin, and where the last ends.
    """

    bins: NDArray[np.int64]
    since_s: Array
    span: NDArray[np.int64]
    onset: NDArray[np.int64]
    begun: NDArray[np.int64]
    bases: Array
    rise: Filters
    tie: Array
    fixed: Filters
    least_white: Array
    least_walk: Array
    lately: Array
    half: NDArray[np.int64]
    explained: Array
    others: Filters
    owner: NDArray[np.int64]
    cells: NDArray[np.int64]

    def felt(self, *, flowing: NDArray[np.bool_]) -> tuple[Array, Array]:
        """Return what white noise and a walk do to the flow gained; `flowing`: flow came before."""
        white = np.where(flowing, self.rise.white, self.fixed.white)
        return white, np.where(flowing, self.rise.walk, self.fixed.walk)


@cache
def bank() -> Bank:
    """Return the filters; they are the same for every session."""
    pairs = [(bins, base_bins) for bins in ONSETS for base_bins in BASES]
    weights = [np.linalg.pinv(_bent(*pair)) for pair in pairs]
    spreads = [each @ each.T for each in weights]
    lines = [[_padded(line) for line in _lines(_bent(*pair)).T] for pair in pairs]
    tie = np.array([spread[1, 2] / spread[1, 1] for spread in spreads])
    rise = _filters([each[2] for each in weights])
    fixed = _filters([w[2] - ratio * w[1] for w, ratio in zip(weights, tie, strict=True)])
    cells = [(number, *pair, ease) for number, pair in enumerate(pairs) for ease in EASES]
    others = [_beside(bins, base_bins, ease) for _, bins, base_bins, ease in cells]
    counts = [len(rows) for rows in others]
    return Bank(
        bins=np.array([bins for bins, _ in pairs]),
        since_s=BIN_S * np.array([bins for bins, _ in pairs], dtype=np.float64),
        span=np.array([sum(pair) for pair in pairs]),
        onset=np.array([LENGTH - 1 - bins for bins, _ in pairs]),
        begun=np.array([LENGTH - 1 - sum(pair) for pair in pairs]),
        bases=np.array([_padded(each[1]) for each in weights]),
        rise=rise,
        tie=tie,
        fixed=fixed,
        least_white=np.minimum(rise.white, fixed.white),
        least_walk=np.minimum(rise.walk, fixed.walk),
        lately=np.array(
            [_padded(slope(max(bins, LEAST_BINS))) for bins in range(max(ONSETS) // 2 + 1)]
        ),
        half=np.array([max(bins // 2, LEAST_BINS) for bins, _ in pairs]),
        explained=np.concatenate([*zip(*lines, strict=True)]),
        others=_filters([row for rows in others for row in rows]),
        owner=np.repeat([number for number, *_ in cells], counts),
        cells=np.cumsum([0, *counts]),
    )


def _bent(bins: int, base_bins: int) -> Array:
    """Return the columns of a line that bends at the onset, over base and rise."""
    at = np.arange(-bins - base_bins, 1, dtype=np.float64)
    return np.stack((np.ones(len(at)), BIN_S * at, BIN_S * np.maximum(at + bins, 0.0)), axis=1)


def _lines(columns: Array) -> Array:
    return np.linalg.qr(columns)[0]


def _beside(bins: int, base_bins: int, ease: int) -> list[Array]:
    """Return the filters for a rise beside a change that comes to rest, at each of its places."""
    columns = _bent(bins, base_bins)
    straight, since_s = columns[:, :2], columns[:, 2]
    at = np.arange(-bins - base_bins, 1, dtype=np.float64)
    alone = _without(since_s, straight)
    rows = []
    for place in (*range(1, bins + ease, max(1, bins // STRIDE)), bins + ease):
        other = np.clip((at + place) / ease, 0.0, 1.0)
        left = _without(since_s, np.column_stack((straight, other)))
        size = float(left @ left)
        rows.append(left / size if size > SAME * float(alone @ alone) else np.zeros(len(at)))
    return rows


def _without(curve: Array, columns: Array) -> Array:
    """Return what no combination of columns explains of a curve."""
    lines = _lines(columns)
    rest: Array = curve - lines @ (lines.T @ curve)
    return rest


def _filters(rows: list[Array]) -> Filters:
    table = np.array([_padded(row) for row in rows])
    # A walk is the sum of its steps: to each step a filter answers with all its later weights.
    later = np.cumsum(table[:, ::-1], axis=1)[:, ::-1]
    white = (table**2).sum(axis=1)
    white[white == 0.0] = np.inf
    return Filters(table, white, (later[:, 1:] ** 2).sum(axis=1))


def _padded(row: Array) -> Array:
    return np.concatenate((np.zeros(LENGTH - len(row)), row))

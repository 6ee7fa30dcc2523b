"""Boosted trees (Friedman 2001) that have learnt what milk looks like: one half of `likeness`."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Node = tuple[int, float, int, int, float]
"""Which figure is asked, up to which value the first side holds, where both sides stand, and what a
leaf says."""


class Trees:
    """Many trees, all asked at once.

    Args:
        text: of trees, one a paragraph, in which a branch stands before what hangs on it: a branch
            as `figure:most` before what holds up to that value and what holds above, a leaf as its
            log odds.

    Attributes:
        asked: which figure each branch asks, and 0 for a leaf.
        most: up to which value the first side of each branch holds; infinite for a leaf.
        below, above: what hangs on each branch, and a leaf itself for a leaf.
        odds: what each leaf says, in log odds; 0 for a branch.
    """

    def __init__(self, text: str) -> None:
        nodes: list[Node] = []
        read = [_read(iter(paragraph.split()), nodes) for paragraph in text.split("\n\n")]
        self._roots = np.array([root for root, _ in read])
        self._deepest = max(depth for _, depth in read)
        asked, most, below, above, odds = zip(*nodes, strict=True)
        self.asked, self.below, self.above = (np.array(each) for each in (asked, below, above))
        self.most, self.odds = np.array(most), np.array(odds)

    def log_odds(self, figures: NDArray[np.float64]) -> float:
        """Return the sum of what each tree says."""
        at = self._roots
        for _ in range(self._deepest):
            at = np.where(figures[self.asked[at]] <= self.most[at], self.below[at], self.above[at])
        return float(self.odds[at].sum())


def _read(words: Iterator[str], nodes: list[Node]) -> tuple[int, int]:
    """Read one tree into nodes, and return where its root stands and how deep it is."""
    own = len(nodes)
    which, colon, value = next(words).rpartition(":")
    if not colon:
        nodes.append((0, math.inf, own, own, float(value)))
        return own, 0
    nodes.append((0, 0.0, 0, 0, 0.0))
    (below, low), (above, high) = _read(words, nodes), _read(words, nodes)
    # As the teacher rounded it: a figure that lies on an edge has to fall to the side it fell then.
    nodes[own] = (int(which), float(np.float32(value)), below, above, 0.0)
    return own, 1 + max(low, high)

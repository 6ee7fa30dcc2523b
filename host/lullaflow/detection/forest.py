"""Boosted trees (Friedman 2001) that have learnt what milk looks like: one half of `likeness`."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Node = tuple[int, float, int, float]
"""Which figure is asked, up to which value the first side holds, where that side stands, and what a
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
        below: what holds up to that value, and a leaf itself for a leaf; what holds above is next.
        odds: what each leaf says, in log odds; 0 for a branch.
    """

    def __init__(self, text: str) -> None:
        paragraphs = text.split("\n\n")
        nodes: list[Node] = [_TO_COME] * len(paragraphs)
        self._roots = np.arange(len(paragraphs))
        self._deepest = max(
            _read(iter(paragraph.split()), nodes, root) for root, paragraph in enumerate(paragraphs)
        )
        asked, most, below, odds = zip(*nodes, strict=True)
        self.asked, self.below = np.array(asked), np.array(below)
        self.most, self.odds = np.array(most), np.array(odds)

    def log_odds(self, figures: NDArray[np.float64]) -> float:
        """Return the sum of what each tree says of figures, of which none is NaN."""
        # To ask all branches at once takes less time than to ask one of each tree after the other.
        onward = self.below + (figures[self.asked] > self.most)
        at = self._roots
        for _ in range(self._deepest):
            at = onward[at]
        return float(np.add.reduce(self.odds[at]))


_TO_COME: Node = (0, 0.0, 0, 0.0)


def _read(words: Iterator[str], nodes: list[Node], own: int) -> int:
    """Read one tree into nodes, its root at `own`, and return how deep it is."""
    which, colon, value = next(words).rpartition(":")
    if not colon:
        nodes[own] = (0, math.inf, own, float(value))
        return 0
    below = len(nodes)
    # As the teacher rounded it: a figure that lies on an edge has to fall to the side it fell then.
    nodes[own] = (int(which), float(np.float32(value)), below, 0.0)
    nodes += (_TO_COME, _TO_COME)
    return 1 + max(_read(words, nodes, below), _read(words, nodes, below + 1))

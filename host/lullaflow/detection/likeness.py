"""How much a rise looks like milk, to an eye that was taught on generated sessions.

The sequential test has to wait until the slowest thing that is no milk would have come to rest. But
most rises look like milk long before: large beside the noise, on both sides at once, going on in
many parts, in a session in which milk has come before. How much all that is worth together, no
theory says. So boosted trees (Friedman 2001) and small neural networks (`nets`) learnt it from
rises of training sessions, true and false (`tests/bench/detection/teach.py`), by all that `sight`
shows of them. Both err in ways of their own, and their mean knows more than either. More evidence
against all else never makes a rise less likely to the trees.

They may tell before the sequential test does, and hold back what it would tell (`verdict`). What
they tell counts as told: what rises within ten seconds of it is the same let-down.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from lullaflow.detection.nets import read_nets
from lullaflow.detection.trees import BIAS, TREES
from lullaflow.detection.weights import WEIGHTS

Node = tuple[int, float, int, int, float]
"""Which figure is asked, up to which value the first side holds, where both sides stand, and what a
leaf says."""


def likeness(figures: Sequence[float], untimely: float = 0.0) -> float:
    """Return the probability that a rise which looks so is a let-down's.

    Args:
        figures: of the rise, after `sight.FIGURES`.
        untimely: logarithm by how much less likely a let-down is at this time.
    """
    log_odds = (BIAS + _TREES.log_odds(figures) + _NETS.log_odds(figures)) / 2.0 - untimely
    return 1.0 / (1.0 + math.exp(-log_odds))


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

    def log_odds(self, figures: Sequence[float]) -> float:
        """Return the sum of what each tree says."""
        seen, at = np.array(figures), self._roots
        for _ in range(self._deepest):
            at = np.where(seen[self.asked[at]] <= self.most[at], self.below[at], self.above[at])
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


_TREES: Final = Trees(TREES)
_NETS: Final = read_nets(WEIGHTS)

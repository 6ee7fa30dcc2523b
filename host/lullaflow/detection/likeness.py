"""How much a rise looks like milk, to an eye that was taught on generated sessions.

The sequential test has to wait until the slowest thing that is no milk would have come to rest. But
most rises look like milk long before: large beside the noise, on both sides at once, going on in
many parts. How much all that is worth together, no theory says. So boosted trees (Friedman 2001)
learnt it from rises of training sessions, true and false (`tests/bench/detection/teach.py`). More
evidence of the stronger side, or of both together, never makes a rise less likely to them.

They may tell before the sequential test does, and hold back what it would tell (`verdict`). What
they tell counts as told: what rises within ten seconds of it is the same let-down.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Union

from lullaflow.detection.shape import Shape
from lullaflow.detection.trees import BIAS, TREES

Node = Union[float, "tuple[int, float, Node, Node]"]
"""A leaf, in log odds; or which figure is asked, up to what value the first branch holds, and the
branches."""

APART_S: Final = 99.0
"""Stands for 'the other side does not rise at all'."""


@dataclass(frozen=True, slots=True)
class Looks:
    """All that the eye sees of a rise.

    Attributes:
        weight: logarithm of the odds against the likeliest of all else, both bottles together.
        against_none: evidence of the stronger side against nothing but noise.
        against_all_ample: the same against all confusing changes, of onsets whose rise is large.
        bins: since the onset of the stronger side.
        apart_s: from the onset of one side to that of the other; `APART_S` where the
            other shows nothing at all.
        shape: of the stronger side.
    """

    weight: float
    against_none: float
    against_all_ample: float
    bins: int
    apart_s: float
    shape: Shape

    @property
    def figures(self) -> tuple[float, ...]:
        """Return them in the order in which the trees know them."""
        shape = self.shape
        return (
            self.weight,
            self.against_none,
            self.against_all_ample,
            self.bins,
            self.apart_s,
            shape.lately_ml_s,
            shape.parts_ml_s,
            shape.sunk_ml,
            shape.rough,
            shape.latest,
            shape.now,
            shape.calm_bins,
        )


def likeness(looks: Looks, untimely: float = 0.0) -> float:
    """Return the probability that a rise which looks so is a let-down's.

    Args:
        looks: of the rise.
        untimely: logarithm by how much less likely a let-down is at this time.
    """
    log_odds = BIAS + sum_of(_TREES, looks.figures) - untimely
    return 1.0 / (1.0 + math.exp(-log_odds))


def read_trees(text: str) -> tuple[Node, ...]:
    """Read trees, one a paragraph, in which a branch stands before what hangs on it."""
    return tuple(_read(iter(paragraph.split())) for paragraph in text.split("\n\n"))


def sum_of(trees: Sequence[Node], figures: Sequence[float]) -> float:
    """Return the sum of what each tree says, in log odds."""
    return sum(_leaf(tree, figures) for tree in trees)


def _leaf(node: Node, figures: Sequence[float]) -> float:
    while isinstance(node, tuple):
        which, most, below, above = node
        node = below if figures[which] <= most else above
    return node


def _read(words: Iterator[str]) -> Node:
    """Read one tree: `figure:most` and both branches, or a leaf."""
    which, colon, value = next(words).rpartition(":")
    if not colon:
        return float(value)
    return int(which), float(value), _read(words), _read(words)


_TREES: Final = read_trees(TREES)

"""How much a rise looks like milk, to an eye that was taught on generated sessions.

The sequential test has to wait until the slowest thing that is no milk would have come to rest. But
most rises look like milk long before: large beside the noise, on both sides at once, going on in
many parts, in a session in which milk has come before. How much all that is worth together, no
theory says. So boosted trees (Friedman 2001) learnt it from rises of training sessions, true and
false (`tests/bench/detection/teach.py`), by all that `sight` shows of them. More evidence against
all else never makes a rise less likely to them.

They may tell before the sequential test does, and hold back what it would tell (`verdict`). What
they tell counts as told: what rises within ten seconds of it is the same let-down.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, Union

import numpy as np

from lullaflow.detection.trees import BIAS, TREES

Node = Union[float, "tuple[int, float, Node, Node]"]
"""A leaf, in log odds; or which figure is asked, up to what value the first branch holds, and the
branches."""


def likeness(figures: Sequence[float], untimely: float = 0.0) -> float:
    """Return the probability that a rise which looks so is a let-down's.

    Args:
        figures: of the rise, after `sight.FIGURES`.
        untimely: logarithm by how much less likely a let-down is at this time.
    """
    log_odds = BIAS + sum_of(_TREES, figures) - untimely
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
    # As the teacher rounded it: a figure that lies on an edge has to fall to the side it fell then.
    return int(which), float(np.float32(value)), _read(words), _read(words)


_TREES: Final = read_trees(TREES)

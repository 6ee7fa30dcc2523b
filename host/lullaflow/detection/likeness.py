"""How much a rise looks like milk, to an eye that was taught on generated sessions.

The sequential test has to wait until the slowest thing that is no milk would have come to rest. But
most rises look like milk long before: large beside the noise, on both sides at once, going on in
many parts, in a session in which milk has come before. How much all that is worth together, no
theory says. So boosted trees (`forest`) and small neural networks (`nets`) learnt it from
rises of training sessions, true and false (`tests/bench/detection/teach.py`), by all that `sight`
shows of them. Both err in ways of their own, and their mean knows more than either. More evidence
against all else never makes a rise less likely to the trees.

They may tell before the sequential test does, and hold back what it would tell (`verdict`). What
they tell counts as told: what rises within ten seconds of it is the same let-down.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.forest import Trees
from lullaflow.detection.nets import Nets, read_nets
from lullaflow.detection.trees import BIAS, TREES
from lullaflow.detection.weights import WEIGHTS


def likeness(figures: NDArray[np.float32], untimely: float = 0.0) -> float:
    """Return the probability that a rise which looks so is a let-down's.

    Args:
        figures: of the rise, after `sight.FIGURES`.
        untimely: logarithm by how much less likely a let-down is at this time.
    """
    seen = figures.astype(np.float64)
    trees, nets = eye()
    log_odds = (BIAS + trees.log_odds(seen) + nets.log_odds(seen)) / 2.0 - untimely
    return 1.0 / (1.0 + math.exp(-log_odds))


@cache
def eye() -> tuple[Trees, Nets]:
    """Return what the eye has learnt, read from its texts once."""
    return Trees(TREES), read_nets(WEIGHTS)

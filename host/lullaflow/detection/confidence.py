"""How likely it is that a let-down that was told is one.

A logistic map of what is known at that moment. How much it weighs or looks like milk is not among
it: a let-down is told as soon as that suffices, and what is left are mistakes of other kinds. It is
fitted on generated training sessions by `tests/bench/detection/fit.py`, so that of all that is told
with 90 %, nine in ten are true.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

WEIGHTS: Final = (4.27, -1.62, -0.11, 0.23, -1.13)
"""Of 1 and of `Signs.figures`. Fitted."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a rise as it is told.

    Attributes:
        since_s: how long ago it began, where its evidence is strongest.
        touches_h: how often the bottles are touched an hour, the busier one.
        gained_ml_s: flow beyond the flow before, of the stronger side.
        base_ml_s: flow before, likewise.
    """

    since_s: float
    touches_h: float
    gained_ml_s: float
    base_ml_s: float

    @property
    def figures(self) -> tuple[float, ...]:
        """Return them as numbers of about one."""
        return (
            math.log(self.since_s / 5.0),
            math.log(self.touches_h / 45.0),
            min(max(math.log(self.gained_ml_s / 0.1), -1.0), 1.0),
            self.base_ml_s / (self.base_ml_s + self.gained_ml_s),
        )


def confidence(signs: Signs) -> float:
    """Return the probability that a rise is a let-down."""
    bias, *weights = WEIGHTS
    odds = bias + sum(w * figure for w, figure in zip(weights, signs.figures, strict=True))
    return 1.0 / (1.0 + math.exp(-odds))

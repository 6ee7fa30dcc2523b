"""Weighs both bottles together: a let-down, or something that only looks like one?

Every explanation is a hypothesis, and the let-down has to beat each of them (the least of the
statistics decides, as in the S-CuSum of arXiv:2405.00842): nothing but noise; a scale that has
settled, on either side or on both; and, when one side rises alone, a weight that was put on.
"""

from __future__ import annotations

from typing import Final

from lullaflow.detection.bottle import Bottle

THRESHOLD: Final = 10.5
"""ln 36,000: one false alarm in ten hours of decisions a second (Wald 1945)."""

STEP: Final = 6.0
"""How unlikely a step of the scale is just now, as a logarithm: about nine an hour, a second."""

ALONE: Final = 3.1
"""How unlikely a rise of one side alone is: 4.5 % (Prime 2009)."""

CORROBORATION: Final = 3.0
"""Evidence from which the other side rises too: odds of twenty to one."""

MATE_SHARE: Final = 0.15
"""The weaker side of a let-down gives at least this share of the stronger. Fitted."""

GROWTH_BINS: Final = 4
"""A bottle that is alone in use is watched for two seconds: a spurt or two. Fitted."""

ALONE_BINS: Final = 12
"""A side that rises without the other for six: an arm on one bottle is likelier. Fitted."""


def rising(bottle: Bottle) -> bool:
    """Tell whether a side takes part in a rise."""
    return bottle.rise.against_none >= CORROBORATION


def weigh(left: Bottle, right: Bottle) -> float:
    """Return the logarithm of the odds of a let-down against the likeliest of all else.

    It is 0 where something else explains what is seen; from `THRESHOLD` on it is a let-down.
    """
    weak, strong = sorted((left, right), key=lambda side: side.rise.against_none)
    a, b = weak.rise, strong.rise
    if a.against_none + b.against_none < THRESHOLD:
        return 0.0
    if rising(weak) and a.excess_ml >= MATE_SHARE * b.excess_ml:
        if not all(side.settled or side.grows(GROWTH_BINS) for side in (weak, strong)):
            return 0.0
        return min(
            a.against_none + b.against_none,
            a.against_step + b.against_none + STEP,
            a.against_none + b.against_step + STEP,
            a.against_step + b.against_step + 2.0 * STEP,
        )
    weight = min(b.against_none, b.against_step + STEP)
    if weak.present:
        weight -= ALONE
    lasting = ALONE_BINS if weak.present else GROWTH_BINS
    if weight < THRESHOLD or not strong.settled or not strong.grows(lasting):
        return 0.0
    return weight

"""Weighs both bottles together: a let-down, or something that only looks like one?

Every explanation is a hypothesis, and the let-down has to beat each of them (the least of the
statistics decides, as in the S-CuSum of arXiv:2405.00842): nothing but noise; something that was
no milk on either side, or on both; and, when one side rises alone, that its milk came alone.
"""

from __future__ import annotations

from typing import Final, Literal

from lullaflow.detection.bottle import Bottle
from lullaflow.detection.likeness import APART_S, Looks, likeness

Side = Literal["left", "right", "both"]

THRESHOLD: Final = 12.0
"""ln(36,000 s x 2 decisions a second x 2.3 onsets that differ): one false alarm in ten hours (Wald
1945; Siegmund 1985 for the maximum over onsets)."""

WORTH: Final = 4.0
"""Evidence from which a rise is worth a closer look: odds of 55 to one."""

LIKELY: Final = 0.90
LIKELY_ALONE: Final = 0.92
"""A rise of both sides, or of one alone, that looks so much like milk is told sooner. Chosen on the
benchmark's development recordings, for the eye knows those of training."""

LEAST_LIKELY: Final = 0.75
LEAST_LIKELY_ALONE: Final = 0.88
OVERWHELMING: Final = 40.0
"""One that looks less like milk is not told, unless it weighs as much as this: what looked worse
was false mostly, in `dry` sessions above all and on one bottle alone, but weighed little more than
`THRESHOLD`. Chosen likewise."""

ALONE: Final = 3.1
"""How unlikely a rise of one side alone is: 4.5 % (Prime 2009)."""

CORROBORATION: Final = 3.5
CORROBORATION_RESTLESS: Final = 5.0
"""Evidence from which the other side rises too: odds of 150 to one. Fitted."""

MATE_SHARE: Final = 0.15
"""The weaker side of a let-down gains at least this share of the stronger. Fitted."""

TOGETHER_S: Final = 10.0
"""Rises of both sides within this are one let-down (95.5 % match, Prime 2009)."""


def rising(bottle: Bottle) -> bool:
    """Tell whether a side takes part in a rise."""
    least = CORROBORATION_RESTLESS if bottle.restless else CORROBORATION
    return bottle.rise.against_none >= least


def weigh(left: Bottle, right: Bottle) -> float:
    """Return the logarithm of the odds of a let-down against the likeliest of all else.

    It is 0 where something else explains what is seen; `THRESHOLD` is asked of a let-down.
    """
    weak, strong = sorted((left, right), key=lambda side: side.rise.against_none)
    a, b = weak.rise, strong.rise
    weight = b.against_all_ample - (ALONE if weak.present else 0.0)
    together = (
        rising(weak)
        and a.gained_ml_s >= MATE_SHARE * b.gained_ml_s
        and abs(a.onset_s - b.onset_s) <= TOGETHER_S
    )
    if together:
        ample = max(a.against_all_ample + b.against_all, a.against_all + b.against_all_ample)
        weight = max(weight, ample if a.against_all_ample or b.against_all_ample else 0.0)
    return weight


def looks(left: Bottle, right: Bottle, weight: float) -> Looks:
    """Return what a rise that weighs so much looks like."""
    weak, strong = sorted((left, right), key=lambda side: side.rise.against_none)
    a, b = weak.rise, strong.rise
    return Looks(
        weight=weight,
        against_none=b.against_none,
        against_all_ample=b.against_all_ample,
        bins=b.bins,
        apart_s=abs(a.onset_s - b.onset_s) if a.against_none else APART_S,
        shape=strong.shape(),
    )


def is_let_down(seen: Looks, *, alone: bool, untimely: float) -> bool:
    """Tell whether a rise is a let-down: it weighs enough, or it looks like one.

    Args:
        seen: what it looks like.
        alone: only one bottle rises, or is there at all.
        untimely: logarithm by how much less likely a let-down is at this time.
    """
    like = likeness(seen, untimely)
    likely, least = (LIKELY_ALONE, LEAST_LIKELY_ALONE) if alone else (LIKELY, LEAST_LIKELY)
    if like >= likely:
        return True
    return seen.weight >= THRESHOLD + untimely and (like >= least or seen.weight >= OVERWHELMING)


def side_of(bottles: tuple[Bottle, Bottle], pumped: tuple[bool, bool], weight: float) -> Side:
    """Return the side of a let-down that weighs so much; at least one bottle rises.

    One that is told sooner has not given the other side the time to show: where both are pumped it
    is of both, as 95.5 % are (Prime 2009).
    """
    both_pumped = all(pumped) and all(bottle.present for bottle in bottles)
    left, right = (rising(bottle) for bottle in bottles)
    if left == right or (both_pumped and weight < THRESHOLD):
        return "both"
    return "left" if left else "right"

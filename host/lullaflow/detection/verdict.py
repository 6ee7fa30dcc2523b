"""Weighs both bottles together: a let-down, or something that only looks like one?

Every explanation is a hypothesis, and the let-down has to beat each of them (the least of the
statistics decides, as in the S-CuSum of arXiv:2405.00842): nothing but noise; something that was
no milk on either side, or on both; and, when one side rises alone, that its milk came alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.binning import BIN_S
from lullaflow.detection.bottle import Bottle
from lullaflow.detection.likeness import likeness

Side = Literal["left", "right", "both"]

THRESHOLD: Final = 12.0
"""One false alarm in ten hours: ln(36,000 s x 2 decisions a second) is 11.2 for one onset (Wald
1945), and the maximum over several that differ little asks for somewhat more (Siegmund 1985). How
much more was chosen."""

LIKELY: Final = 0.92
LIKELY_ALONE: Final = 0.94
LIKELY_UNPROVEN: Final = 0.95
LIKELY_ALONE_UNPROVEN: Final = 0.97
"""A rise of both sides, or of one alone, that looks so much like milk is told sooner. More is asked
until milk is known to come at all: in a session in which none comes, every rise is something else.
Chosen on the benchmark's development recordings, for the eye knows those of training."""

PATIENCE_S: Final = 6.0
IMPATIENCE: Final = 0.12
"""Once milk is known to come, less is asked of a rise whose onset is more than six seconds ago: by
so much less a second, as a logarithm of odds. What time is left may show little more, and who waits
too long has not told it at all. Where time is short, less is asked as it runs out (Gapeev and
Peskir 2004). Chosen likewise."""

ALONE_BINS: Final = 3
"""On one bottle alone a scale that settles, or the first touch of an arm, looks like milk for a
moment: nothing is told sooner than one and a half seconds after it began."""

LEAST_LIKELY: Final = 0.50
LEAST_LIKELY_UNPROVEN: Final = 0.75
OVERWHELMING: Final = 40.0
"""One that looks less like milk is not told, unless it weighs as much as this. Chosen likewise."""

ALONE: Final = 3.1
"""How unlikely a rise of one side alone is: 4.5 % (Prime 2009)."""

CORROBORATION: Final = 3.5
CORROBORATION_RESTLESS: Final = 5.0
"""Evidence from which the other side rises too: odds of 33 to one, and of 150 where the bottle is
touched often. Fitted."""

MATE_SHARE: Final = 0.15
"""The weaker side of a let-down gains at least this share of the stronger. Fitted."""

TOGETHER_S: Final = 10.0
"""Rises of both sides within this are one let-down (95.5 % match, Prime 2009)."""


def rising(bottle: Bottle) -> bool:
    """Tell whether a side takes part in a rise."""
    evidence = bottle.rise.against_none
    if evidence < CORROBORATION:
        return False
    return evidence >= CORROBORATION_RESTLESS or not bottle.restless


def weigh(left: Bottle, right: Bottle) -> float:
    """Return the logarithm of the odds of a let-down against the likeliest of all else.

    It is 0 where something else explains what is seen; `THRESHOLD` is asked of a let-down.
    """
    weak, strong = left, right
    if left.rise.against_none > right.rise.against_none:
        weak, strong = right, left
    a, b = weak.rise, strong.rise
    if not b.against_none:
        return 0.0
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


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is known of a rise when it is judged.

    Attributes:
        weight: logarithm of the odds against the likeliest of all else, both bottles together.
        bins: since its onset on the side that rises more clearly, by the onset that fits best: the
            longest looked for is 20 s.
        figures: what the taught eye sees of it, after `sight`.
        alone: only one bottle rises, or is there at all.
        proven: milk is known to come.
        untimely: logarithm by how much less likely a let-down is at this time.
    """

    weight: float
    bins: int
    figures: NDArray[np.float32]
    alone: bool
    proven: bool
    untimely: float


def is_let_down(seen: Seen) -> bool:
    """Tell whether a rise is a let-down: it looks like one, or it weighs enough."""
    like = likeness(seen.figures, seen.untimely)
    too_young = seen.alone and seen.bins < ALONE_BINS
    if like > _likely(seen) and not too_young:
        return True
    least = LEAST_LIKELY if seen.proven else LEAST_LIKELY_UNPROVEN
    held_back = like < least and seen.weight < OVERWHELMING
    return seen.weight >= THRESHOLD + seen.untimely and not held_back


def _likely(seen: Seen) -> float:
    """Return how likely a rise has to be to be told for its looks."""
    if not seen.proven:
        return LIKELY_ALONE_UNPROVEN if seen.alone else LIKELY_UNPROVEN
    likely = LIKELY_ALONE if seen.alone else LIKELY
    waited_s = BIN_S * seen.bins - PATIENCE_S
    against = (1.0 - likely) * math.exp(IMPATIENCE * max(waited_s, 0.0))
    return likely / (likely + against)


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

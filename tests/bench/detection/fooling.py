"""What becomes of the clairvoyant that looks for the milk when it is asked all the time.

Its law of the noise is Gaussian, and it stops at odds that would fool it once in ten hours. Real
errors have heavy tails. So it is also asked in half minutes in which no let-down comes: how high
would its bar have to be, and how many let-downs would it still tell? It goes on knowing what it
knows elsewhere: the law of the noise, when a bottle is touched, the form of what is no milk. It is
not asked where the true flow rises (by the 0.03 g/s of the rule of truth), nor near a let-down, and
tells of each half minute once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from bench.detection.limit import Evidence, margins, searched
from bench.detection.readings import Readings
from bench.detection.recording import Recording
from bench.detection.scoring import EARLIEST_S, LATEST_S
from lullaflow_sim.let_downs import JUST_BEFORE_S, ONSET_G_S

ASKED: Final = ("typical", "hard")
"""Families with a goal for F1; it takes too long for all."""

AFTER_S: Final = 20.0
"""So long after its onset a let-down's flow may still rise."""

BARS: Final = np.arange(-6.0, 60.5, 0.5)
"""Above the bar of `limit`, in logarithms of odds."""


@dataclass(frozen=True, slots=True)
class Fooling:
    """How far it passes its bar in one recording: the best margin of the following 30 s.

    Attributes:
        true: for each let-down.
        empty: for each half minute in which none came.
    """

    true: tuple[float, ...]
    empty: tuple[float, ...]


def fooling(made: Recording) -> Fooling:
    """Ask it at each let-down, and in each half minute without one."""
    sides = {side: Readings(made, side) for side in made.sides}
    true, empty = [], []
    for each in made.let_downs:
        rising = [sides[side] for side in sides if each.side in (side, "both")]
        true.append(_best([searched(side, each.onset_s) for side in rising], each.onset_s, made))
    for at_s in _empty_s(made):
        parts = [_always_asked(searched(side, at_s)) for side in sides.values()]
        empty.append(max(_best(some, at_s, made) for some in _ways(parts)))
    return Fooling(tuple(true), tuple(empty))


def best_f1(parts: Sequence[Fooling]) -> tuple[float, float]:
    """Return the best F1 that any bar gives, and its height above the bar of `limit`.

    What it tells in half minutes without a let-down counts as it is, though they are fewer than
    those of the recordings.
    """
    true = np.array([margin for each in parts for margin in each.true])
    empty = np.array([margin for each in parts for margin in each.empty])
    f1 = []
    for bar in BARS:
        told, false = int((true >= bar).sum()), int((empty >= bar).sum())
        f1.append(2.0 * told / max(told + false + len(true), 1))
    return max(f1), float(BARS[int(np.argmax(f1))])


def _always_asked(part: Evidence) -> Evidence:
    """Return the evidence of a half minute in which there is no let-down to make a difference."""
    return replace(part, differs=np.ones_like(part.differs))


def _ways(parts: list[Evidence]) -> list[list[Evidence]]:
    """Return which sides may rise: each alone, or all."""
    return [[part] for part in parts] + ([parts] if len(parts) > 1 else [])


def _best(parts: list[Evidence], at_s: float, made: Recording) -> float:
    found = margins(parts, made)
    return float(found.least[found.t_s <= at_s + LATEST_S].max(initial=-np.inf))


def _empty_s(made: Recording) -> list[float]:
    """Return where half minutes begin in which nothing comes."""
    taken_s = np.array([*(each.onset_s for each in made.let_downs), *made.resumptions_s])
    moments_s = np.arange(LATEST_S, made.true_t_s[-1] - LATEST_S, LATEST_S)
    return [
        float(at_s)
        for at_s in moments_s
        if not ((taken_s > at_s - AFTER_S) & (taken_s < at_s + LATEST_S + EARLIEST_S)).any()
        and not _rises(made, at_s)
    ]


def _rises(made: Recording, at_s: float) -> bool:
    lately = (made.true_t_s >= at_s - JUST_BEFORE_S) & (made.true_t_s <= at_s + LATEST_S)
    flows = [side.flow_g_s[lately] for side in made.sides.values()]
    return any(float((flow - np.minimum.accumulate(flow)).max()) >= ONSET_G_S for flow in flows)

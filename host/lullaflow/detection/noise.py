"""What a bottle's level wavers by, learnt from the session itself.

Two figures tell most of it: white noise (readings, drops, spurts) and a random walk (warmth,
creep, a table that gives). A level bent at one place, `y[0] - 2 y[m] + y[2m]`, has a variance of
`6 white + 2 m walk`, and knows nothing of an even flow; two spans `m` tell the two figures.
"""

from __future__ import annotations

from typing import Final

SHORT: Final = 1
LONG: Final = 8
"""Spans, bins: neighbours, and four seconds, over which flow hardly changes its slope."""

REACH: Final = 2 * LONG + 1

BINS: Final = 60.0
"""The noise is learnt over about half a minute."""

FIRST_BINS: Final = 10.0
"""The first guess counts like five seconds of learning."""

FIRST_ML: Final = 0.04
"""White noise until the session has shown its own."""

LEAST_ML: Final = 0.0145
"""A drop of 0.05 ml that falls just before or just after a reading: 0.05 / sqrt(12)."""

CLIP: Final = 2.5
"""What lies farther out than this many standard deviations is no noise, and teaches as if it lay
there; a long bend upwards teaches no more than one: rises are what is looked for."""

CLIP_SHARE: Final = 1.023
RISE_SHARE: Final = 1.339
"""What this takes away from the variance of normal noise, of which 0.978 is left at 2.5 standard
deviations and 0.516 at one: 1 / 0.978, and 1 / (0.978 / 2 + 0.516 / 2)."""


class Noise:
    """Learns the noise of one bottle's levels.

    Attributes:
        white: variance of the levels about a smooth line, ml^2.
        walk: variance that they gather in each bin, ml^2.
    """

    def __init__(self) -> None:
        self._short = self._short_still = self._long_still = 6.0 * FIRST_ML**2
        self._learned = 0.0
        self.white = FIRST_ML**2
        self.walk = 0.0

    def learn(self, levels: list[float], *, still: bool) -> None:
        """Take the last `REACH` levels (ml), none of them made up; `still`: no milk to speak of."""
        rate = 1.0 / min(BINS, FIRST_BINS + self._learned)
        short = levels[-1] - 2.0 * levels[-1 - SHORT] + levels[-1 - 2 * SHORT]
        long = levels[-1] - 2.0 * levels[-1 - LONG] + levels[-1 - 2 * LONG]
        self._short += rate * (seen(self._short, short, CLIP, CLIP_SHARE) - self._short)
        if still:
            self._learned += 1.0
            most = 1.0 if long > 0.0 else CLIP
            learnt = seen(self._long_still, long, most, RISE_SHARE)
            self._long_still += rate * (learnt - self._long_still)
            self._short_still += rate * (self._short - self._short_still)
            gathered = self._long_still - self._short_still
            self.walk = max(gathered / (2.0 * (LONG - SHORT)), 0.0)
        self.white = max((self._short - 2.0 * SHORT * self.walk) / 6.0, LEAST_ML**2)


def seen(variance: float, value: float, most: float, share: float) -> float:
    """Return what a value, clipped, teaches about a variance.

    Args:
        variance: as known so far, ml^2.
        value: seen now, ml.
        most: standard deviations that count, at most.
        share: what this takes away from the variance of normal noise.
    """
    return min(value * value, most * most * variance) * share

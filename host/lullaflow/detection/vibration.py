"""Takes the pump's own pull and shaking out of what a scale says.

The tube pulls at the bottle with the suction, and the motor shakes the table in its own time. Both
follow the suction's phase, which is known; so what the scale shows with that phase while no milk
comes is learnt (normalised least mean squares, Widrow and Hoff 1960) and subtracted.
"""

from __future__ import annotations

import math
from typing import Final

STEP: Final = 0.03
"""Of the learning: a few hundred samples, half a minute."""

FOLLOW: Final = 0.15
"""How fast the level without shaking is followed, a bin: three seconds."""

STILL_ML: Final = 0.3
"""Farther from that level, something else is going on, and nothing is learnt."""

FULL_MMHG: Final = 100.0
"""Suction that counts as one, so that all terms are of one size."""


class Vibration:
    """Learns and removes what one scale feels of the pump."""

    def __init__(self) -> None:
        self._weights = [0.0] * 5
        self._level_ml: float | None = None
        self._mean_mmhg = 0.0

    def remove(
        self,
        moments_s: list[float],
        values: list[float],
        begun_s: float,
        period_s: float,
        suction_mmhg: list[float],
        *,
        learn: bool,
    ) -> list[float]:
        """Return the samples of one bin without the pump.

        Args:
            moments_s: of the samples.
            values: what the scale said, ml.
            begun_s: a moment at which a stroke began.
            period_s: from stroke to stroke.
            suction_mmhg: at each of the samples.
            learn: no milk comes now.
        """
        a, b, c, d, e = self._weights
        turn = 2.0 * math.pi / period_s
        terms: list[tuple[float, float, float, float, float]] = []
        still: list[float] = []
        for moment_s, value, suction in zip(moments_s, values, suction_mmhg, strict=True):
            phase = turn * (moment_s - begun_s)
            cosine, sine = math.cos(phase), math.sin(phase)
            twice_c, twice_s = cosine * cosine - sine * sine, 2.0 * sine * cosine
            pull = (suction - self._mean_mmhg) / FULL_MMHG
            terms.append((cosine, sine, twice_c, twice_s, pull))
            still.append(value - a * cosine - b * sine - c * twice_c - d * twice_s - e * pull)
        self._mean_mmhg += FOLLOW * (sum(suction_mmhg) / len(suction_mmhg) - self._mean_mmhg)
        mean = sum(still) / len(still)
        level = self._level_ml
        if level is None or not learn or abs(mean - level) > STILL_ML:
            self._level_ml = mean
            return still
        self._level_ml = level + FOLLOW * (mean - level)
        weights = self._weights
        for (cosine, sine, twice_c, twice_s, pull), value in zip(terms, still, strict=True):
            off = max(-STILL_ML, min(value - level, STILL_ML)) * STEP
            weights[0] += off * cosine
            weights[1] += off * sine
            weights[2] += off * twice_c
            weights[3] += off * twice_s
            weights[4] += off * pull
        return still

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
        # What turns once and twice in a stroke, with its cosine and with its sine.
        self._once_cos_ml = self._once_sin_ml = 0.0
        self._twice_cos_ml = self._twice_sin_ml = 0.0
        self._pull_ml = 0.0
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
        once_cos_ml, once_sin_ml = self._once_cos_ml, self._once_sin_ml
        twice_cos_ml, twice_sin_ml = self._twice_cos_ml, self._twice_sin_ml
        pull_ml, usual_mmhg = self._pull_ml, self._mean_mmhg
        turn = 2.0 * math.pi / period_s
        felt: list[tuple[float, float, float]] = []
        still: list[float] = []
        for moment_s, value, suction in zip(moments_s, values, suction_mmhg, strict=True):
            angle = turn * (moment_s - begun_s)
            cos, sin, pull = math.cos(angle), math.sin(angle), (suction - usual_mmhg) / FULL_MMHG
            felt.append((cos, sin, pull))
            once_ml = cos * once_cos_ml + sin * once_sin_ml
            twice_ml = (cos * cos - sin * sin) * twice_cos_ml + 2.0 * cos * sin * twice_sin_ml
            still.append(value - once_ml - twice_ml - pull_ml * pull)
        self._mean_mmhg += FOLLOW * (sum(suction_mmhg) / len(suction_mmhg) - usual_mmhg)
        mean = sum(still) / len(still)
        level = self._level_ml
        if level is None or not learn or abs(mean - level) > STILL_ML:
            self._level_ml = mean
            return still
        self._level_ml = level + FOLLOW * (mean - level)
        for value, (cos, sin, pull) in zip(still, felt, strict=True):
            off_ml = STEP * min(max(value - level, -STILL_ML), STILL_ML)
            self._once_cos_ml += off_ml * cos
            self._once_sin_ml += off_ml * sin
            self._twice_cos_ml += off_ml * (cos * cos - sin * sin)
            self._twice_sin_ml += off_ml * 2.0 * cos * sin
            self._pull_ml += off_ml * pull
        return still

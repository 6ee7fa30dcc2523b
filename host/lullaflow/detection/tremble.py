"""Whether something alive touches a bottle: it trembles.

Milk only ever adds weight, evenly or in spurts. What takes weight away between two samples is noise
of the scale, whose size a session soon shows, or whatever leans on the bottle and breathes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from lullaflow.detection.templates import ONSETS

KEPT: Final = max(ONSETS)
"""No more bins are asked about than the longest rise has."""

FIRST_BINS: Final = 10
"""The usual is the mean of the first five seconds at first ..."""

BINS: Final = 120.0
"""... and learnt over a minute."""

CLIP: Final = 4.0
"""What is more than this many times the usual teaches no more than this: hands are no noise."""

LEAST_ML2: Final = 0.003**2
"""No scale is steadier than this between two samples."""


class Tremble:
    """Follows the falls of one bottle's samples."""

    def __init__(self) -> None:
        self._falls_ml2: deque[float] = deque([0.0] * KEPT, KEPT)
        self._counts: deque[int] = deque([0] * KEPT, KEPT)
        self._last: float | None = None
        self._learnt = 0
        self._usual = LEAST_ML2

    def push(self, values: list[float]) -> None:
        """Take the samples of one bin, ml."""
        before = values[0] if self._last is None else self._last
        steps = []
        for value in values:
            steps.append(value - before)
            before = value
        self._last = before
        # What comes evenly would hide it; a spurt is but one step of several.
        steps.sort()
        even = max(steps[len(steps) // 2], 0.0)
        total = 0.0
        for step in steps:
            if step >= even:
                break
            total += (step - even) ** 2
        self._falls_ml2.appendleft(total)
        self._counts.appendleft(len(steps))
        self._learn(total / len(steps))

    def _learn(self, seen_ml2: float) -> None:
        self._learnt += 1
        if self._learnt > FIRST_BINS:
            seen_ml2 = min(seen_ml2, CLIP * self._usual)
        rate = 1.0 / min(self._learnt, BINS)
        self._usual = max(self._usual + rate * (seen_ml2 - self._usual), LEAST_ML2)

    def share(self, spans: Iterable[int]) -> list[float]:
        """Return how much more the bottle trembled than is usual, over each of these last bins."""
        falls_ml2, counts = list(accumulate(self._falls_ml2)), list(accumulate(self._counts))
        return [falls_ml2[bins - 1] / max(counts[bins - 1], 1) / self._usual for bins in spans]

"""How long the pump has stimulated: its pulls, and what lies between two of them."""

from __future__ import annotations

import math
from typing import Final

from lullaflow.detection.binning import BIN_S

STIMULATION_MMHG: Final = 35.0
"""Weaker suction does not count as stimulation: what is left at a flange that leaks, and a gauge's
noise shows half as much again. Cleared pumps start at 20 to 60 mmHg (FDA K191802, K241004)."""

HELD_S: Final = 3.5
"""Two pulls this far apart are one stretch of suction: slow expression holds its pull in between,
and a lost frame hides one. Half a second more than the tracker's pause, for bins are that long."""

REST_S: Final = 60.0
"""After a longer time without stimulation another stretch of it begins, and with it the wait for a
first let-down. One that came in the last `REST_S` before it belongs to it."""


class Stimulation:
    """Counts stimulation. What no gauge saw does not count.

    Attributes:
        total_s: since the recording began, to the last pull.
        stretch_s: the same of this stretch.
        begun_s: from when on let-downs belong to this stretch, recording time; before any rest all
            do.
    """

    def __init__(self) -> None:
        self.total_s = 0.0
        self.stretch_s = 0.0
        self.begun_s = -math.inf
        self._until_s: float | None = None

    def push(self, end_s: float, mmhg: float) -> None:
        """Take the strongest suction of the bin that ends at `end_s`."""
        if mmhg < STIMULATION_MMHG:
            return
        since_s = BIN_S if self._until_s is None else end_s - self._until_s
        if since_s > REST_S:
            self.begun_s, self.stretch_s = end_s - REST_S, 0.0
        pulled_s = since_s if since_s <= HELD_S else BIN_S
        self.total_s += pulled_s
        self.stretch_s += pulled_s
        self._until_s = end_s

"""When a let-down is unlikely: long after suction began without any, or soon after the last.

What rises at such a time is less often milk, and has to show more.
"""

from __future__ import annotations

from typing import Final

from lullaflow.detection.binning import BIN_S

REST_S: Final = 60.0
"""After a longer rest of the pump the wait for a first let-down begins anew."""

GAP_S: Final = 5.0
"""Between two bins with suction no more than this counts as suction: frames get lost."""

EARLY_S: Final = 200.0
LATE_S: Final = 100.0
LATEST: Final = 3.0
"""A first let-down grows less likely by a factor of e every `LATE_S` of suction from `EARLY_S` on,
at most `LATEST` times. Where four mothers of five wait for a median of 90 s (geometric standard
deviation 1.6), the fifth for 210 s (1.5), and 6 sessions of 100 have no let-down, the chance that
the first comes within the next half minute is highest after one and a half; its logarithm is lower
by 0.5 at four, 1.4 at six, 2.7 at eight and 4.2 at ten. The first median is a review's; all else is
assumed, its tails above all, and who has waited for ten minutes must not have waited in vain: so
no more is made of them than that."""

SOON_S: Final = 90.0
SOONER_S: Final = 20.0
SOONEST: Final = 2.0
"""Another grows less likely by a factor of e for each `SOONER_S` by which it comes before `SOON_S`,
from onset to onset, at most `SOONEST` times. Five come in a quarter of an hour (Prime 2011), and
high flow leaves off for 68 s or more in three cases of four (Idei 2024). Fitted: of what is worth a
look in training sessions two in five are a let-down within a minute of the last, and four in five
at the best time, which is e^1.8."""


class Timing:
    """Follows suction and let-downs."""

    def __init__(self) -> None:
        self._pulled_s = 0.0
        self._ran_s: float | None = None
        self._last_onset_s: float | None = None

    def push(self, start_s: float, *, running: bool) -> None:
        """Take a bin in which the pump ran, be it weakly, or in which no gauge saw it run."""
        if not running:
            return
        since_s = BIN_S if self._ran_s is None else start_s - self._ran_s
        if since_s > REST_S:
            self._pulled_s, self._last_onset_s = 0.0, None
        self._pulled_s += min(since_s, GAP_S)
        self._ran_s = start_s

    def begin(self, onset_s: float) -> None:
        """A let-down has been told."""
        self._last_onset_s = onset_s

    def untimely(self, onset_s: float, *, coarse: bool = False) -> float:
        """Return the logarithm by how much less likely a let-down is than at the best time.

        Args:
            onset_s: of what rises, recording time.
            coarse: whether a scale's steps are coarse: of a faint flow it shows too little to ask
                for more, and so no first let-down is late.
        """
        if self._last_onset_s is None:
            if coarse:
                return 0.0
            late_s = self._pulled_s - EARLY_S
            return min(max(late_s / LATE_S, 0.0), LATEST)
        soon_s = SOON_S - (onset_s - self._last_onset_s)
        return min(max(soon_s / SOONER_S, 0.0), SOONEST)

"""When a let-down is unlikely: long after stimulation began without any, or soon after the last.

What rises at such a time is less often milk, and has to show more.
"""

from __future__ import annotations

from typing import Final

from lullaflow.detection.stimulation import Stimulation

EARLY_S: Final = 200.0
LATE_S: Final = 100.0
LATEST: Final = 3.0
"""A first let-down grows less likely by a factor of e every `LATE_S` of stimulation from `EARLY_S`
on, at most `LATEST` times. Where four mothers of five wait for a median of 90 s (geometric standard
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


def untimely(
    onset_s: float, last_onset_s: float | None, stimulation: Stimulation, *, coarse: bool
) -> float:
    """Return the logarithm by how much less likely a let-down is than at the best time.

    Args:
        onset_s: of what rises, recording time.
        last_onset_s: of the last let-down that was told; None for none.
        stimulation: what the pump has done.
        coarse: whether a scale's steps are coarse: of a faint flow it shows too little to ask for
            more, and so no first let-down is late.
    """
    if last_onset_s is None or last_onset_s < stimulation.begun_s:
        late_s = 0.0 if coarse else stimulation.stretch_s - EARLY_S
        return min(max(late_s / LATE_S, 0.0), LATEST)
    soon_s = SOON_S - (onset_s - last_onset_s)
    return min(max(soon_s / SOONER_S, 0.0), SOONEST)

"""When a first let-down is unlikely: long after stimulation began without any.

What rises then is less often milk, and has to show more. How soon another may come after the last,
the taught eye has learnt (`likeness`).
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


def untimely(last_onset_s: float | None, stimulation: Stimulation, *, coarse: bool) -> float:
    """Return the logarithm by how much less likely a let-down is than at the best time.

    Args:
        last_onset_s: of the last let-down that was told; None for none.
        stimulation: what the pump has done.
        coarse: whether a scale's steps are coarse: of a faint flow it shows too little to ask for
            more, and so no first let-down is late.
    """
    if coarse or (last_onset_s is not None and last_onset_s >= stimulation.begun_s):
        return 0.0
    return min(max((stimulation.stretch_s - EARLY_S) / LATE_S, 0.0), LATEST)

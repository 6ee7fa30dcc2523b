"""Why something was missed or falsely told, by what was going on at the bottle."""

from __future__ import annotations

from typing import Final

import numpy as np

from bench.detection.limit import Limit
from bench.detection.readings import GULP_ML, MILK_G_PER_ML
from bench.detection.recording import Recording, TrueLetDown

SOON_S: Final = 10.0
"""What happened in these seconds before something false was told may be why; what happens in these
seconds after an onset may hide it."""

FAINT_G_S: Final = 0.1
"""A let-down that adds less than this is faint: twice the least that counts."""

RISE_G_S: Final = 0.03
"""The rise that would be an onset, if an ejection followed that counts."""

MISSED: Final = (
    "the clairvoyant, too, needs over 10 s",
    "the bottle is touched within 10 s",
    "it adds less than 0.1 g/s",
    "flow runs already",
    "none of these",
)
FALSE: Final = (
    "the bottle was touched within 10 s before",
    "milk tipped over at once",
    "flow did rise, but not as a let-down that counts",
    "none of these",
)


def why_missed(made: Recording, missed: TrueLetDown, limit: Limit) -> str:
    """Name the first of `MISSED` that holds."""
    if limit.delay_s is None or limit.delay_s > SOON_S:
        return MISSED[0]
    if _touched(made, missed.onset_s, missed.onset_s + SOON_S):
        return MISSED[1]
    if missed.peak_g_s - missed.before_g_s < FAINT_G_S:
        return MISSED[2]
    return MISSED[3] if missed.before_g_s > RISE_G_S else MISSED[4]


def why_false(made: Recording, told_s: float) -> str:
    """Name the first of `FALSE` that holds."""
    if _touched(made, told_s - SOON_S, told_s):
        return FALSE[0]
    step_s = float(made.true_t_s[1])
    last = int(np.searchsorted(made.true_t_s, told_s, side="right"))
    first = max(0, last - round(2.0 * SOON_S / step_s))
    rises = 0.0
    for side in made.sides.values():
        flow = side.flow_g_s[first:last]
        arrivals = np.diff(side.milk_ml[first:last])
        meant = flow[1:] / MILK_G_PER_ML * step_s
        if len(arrivals) and float((arrivals - meant).max()) > GULP_ML:
            return FALSE[1]
        if len(flow):
            rises = max(rises, float((flow - np.minimum.accumulate(flow)).max()))
    return FALSE[2] if rises >= RISE_G_S else FALSE[3]


def _touched(made: Recording, from_s: float, to_s: float) -> bool:
    during = (made.true_t_s >= from_s) & (made.true_t_s <= to_s)
    return any(bool(side.touched[during].any()) for side in made.sides.values())

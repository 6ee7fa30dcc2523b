"""The fourth clairvoyant: it knows the noise and the touches, but has to look for the milk.

It takes a let-down for an even flow that begins at some moment and goes on; moment and height are
found by least squares (a generalised likelihood ratio). The level and the even flow before are
found likewise, from the 24 s before the onset on, and what a touch leaves behind has to be found
anew each time. So have the moment, the size and the length of a step or a lean, against which the
flow is weighed. This is what any detector has to find out that does not know the future; the law
of the noise, which it would have to learn as well, this one still knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.detection.readings import Curve, Indices, Mask, Readings, Window

BEFORE_S: Final = 24.0
"""The flow before an ejection is even for no longer."""

ONSET_S: Final = 1.0
LOOK_S: Final = 0.5
"""How finely moments of onset are tried, and how often it is asked: as often as frames come."""

LEFT_SHARE: Final = 1e-3
"""A form of which less than this share (of squares) is left beside the line before is that line."""


@dataclass(frozen=True, slots=True)
class Found:
    """How well each kind of form explains one side's readings, at each time of asking.

    Attributes:
        t_s: moments of asking.
        differs: whether any reading so far differs from what it would be without the let-down.
        flow, step, ease: logarithms of the generalised likelihood ratio over the line before.
    """

    t_s: Curve
    differs: Mask
    flow: Curve
    step: Curve
    ease: Curve


def search(readings: Readings, onset_s: float) -> Found:
    """Look for one let-down in one side's readings."""
    window = readings.window(onset_s, BEFORE_S)
    count = len(window.seen)
    asked = np.arange(window.before, count, max(1, round(LOOK_S / window.step_s)))
    line = white_line(readings, window)
    eases = [_explained(window, line, form, asked) for form in readings.eases(count, window.step_s)]
    return Found(
        t_s=window.t_s[asked],
        differs=window.differs[asked],
        flow=_explained(window, line, readings.flow(count, window.step_s), asked, rising=True),
        step=_explained(window, line, readings.step(count), asked),
        ease=np.max(eases, axis=0),
    )


def white_line(readings: Readings, window: Window) -> Curve:
    """Return the white parts of what is there before: level, even flow, and each touch's rest."""
    count = len(window.seen)
    # What is even stays even when it is made white: these two hold the same as its white parts.
    even = [np.ones(count), window.step_s * np.arange(count)]
    step = readings.step(count)
    rests = [
        np.concatenate((np.zeros(freed), step[: count - freed]))
        for freed in np.flatnonzero(window.freed)
    ]
    return np.array([*even, *rests]) * window.weight


def _explained(
    window: Window, line: Curve, form: Curve, asked: Indices, *, rising: bool = False
) -> Curve:
    """Return how much a form, of any size from any moment on, explains beside the line."""
    count = len(form)
    onsets = np.arange(window.before, count, max(1, round(ONSET_S / window.step_s)))
    age = np.arange(count) - onsets[:, None]
    forms = np.where(age >= 0, form[np.clip(age, 0, None)], 0.0) * window.weight
    squares = np.cumsum(forms * forms, axis=1)
    seen = np.cumsum(forms * window.seen, axis=1)
    shared = np.cumsum(forms[:, None, :] * line, axis=2)
    gram = np.cumsum(line[:, None, :] * line, axis=2)
    line_seen = np.cumsum(line * window.seen, axis=1)
    best = []
    for at in asked:
        beside = np.linalg.pinv(gram[:, :, at], hermitian=True) @ shared[:, :, at].T
        left = squares[:, at] - (shared[:, :, at] * beside.T).sum(axis=1)
        fit = seen[:, at] - line_seen[:, at] @ beside
        known = (left > LEFT_SHARE * squares[:, at]) & ((fit > 0.0) | (not rising))
        best.append(float((fit[known] ** 2 / (2.0 * left[known])).max(initial=0.0)))
    return np.array(best)

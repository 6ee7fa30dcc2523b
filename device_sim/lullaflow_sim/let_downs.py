"""The rule of truth: which rises of the flow at the bottle are let-downs.

Onset is the moment when the flow that reaches the bottle exceeds the flow just before by 0.03 g/s;
an ejection counts when it adds at least 0.05 g/s and the flow before it was under 0.6 of its peak;
both sides within 10 s are one let-down.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]

STEP_S: Final = 0.1
"""Step of the flow, by design."""

ONSET_G_S: Final = 0.03
ADDS_G_S: Final = 0.05
BEFORE_SHARE: Final = 0.6
SAME_LET_DOWN_S: Final = 10.0
"""The rule above, in g/s, as a share of the peak and in s; by design."""

END_SHARE: Final = 0.2
"""An ejection is over when its flow has fallen to this share of what it added, by design."""

JUST_BEFORE_S: Final = 15.0
"""What 'just before' means, by design: the lowest flow of these seconds. No ejection that counts
rises more slowly (0.05 g/s over half of 45 s); a drip that grows over minutes does."""

BROUGHT_S: Final = 60.0
"""An ejection may show at the bottle this late, assumed: parts to wet, a slow rise, a pause."""

SIDES: Final = ("left", "right")


@dataclass(frozen=True, slots=True)
class Rise:
    """One rise of the flow at one bottle.

    Attributes:
        onset_s, peak_s, end_s: when it exceeds the flow before, is highest, is over (the flow has
            fallen to a fifth of what the rise added, or the next rise begins).
        before_g_s, peak_g_s: flow just before, and at its peak.
        grams: what came from onset to end.
    """

    onset_s: float
    peak_s: float
    end_s: float
    before_g_s: float
    peak_g_s: float
    grams: float


@dataclass(frozen=True, slots=True)
class LetDown:
    """One let-down, of one side or of both; `rises` are those of the left and the right."""

    onset_s: float
    side: str
    rises: tuple[Rise | None, Rise | None]

    def as_dict(self) -> dict[str, Any]:
        """Return it JSON-able: the higher peak, the sum of grams, the length to the later end."""
        rises = [rise for rise in self.rises if rise is not None]
        return {
            "onset_s": round(self.onset_s, 3),
            "side": self.side,
            "length_s": round(max(rise.end_s for rise in rises) - self.onset_s, 3),
            "peak_g_s": round(max(rise.peak_g_s for rise in rises), 4),
            "before_g_s": round(max(rise.before_g_s for rise in rises), 4),
            "grams": round(sum(rise.grams for rise in rises), 3),
        }


def find_rises(flow_g_s: Curve) -> list[Rise]:
    """Return every rise that counts, of a flow sampled at `STEP_S` from time 0."""
    found = [each for each in _begun(flow_g_s) if each.counts]
    ends = [*(each.onset for each in found[1:]), len(flow_g_s)][: len(found)]
    return [
        _rise(flow_g_s, each.onset, each.before_g_s, each.peak, limit)
        for each, limit in zip(found, ends, strict=True)
    ]


def find_short_rises_s(flow_g_s: Curve) -> list[float]:
    """Return when such a flow rises by as much as an onset does, but falls short of counting.

    What is cut off by the end of the flow has not.
    """
    return [each.onset * STEP_S for each in _begun(flow_g_s) if not each.counts]


@dataclass(slots=True)
class _Begun:
    """A rise that has had its onset: places in the flow, and whether it counts so far."""

    onset: int
    before_g_s: float
    peak: int
    peak_g_s: float
    counts: bool = False

    def take(self, at: int, value: float) -> bool:
        """Take the flow at one place, and tell whether the rise goes on."""
        before = self.before_g_s
        if value > self.peak_g_s:
            self.peak, self.peak_g_s = at, value
        adds = self.peak_g_s - before >= ADDS_G_S
        self.counts = self.counts or (adds and before < BEFORE_SHARE * self.peak_g_s)
        return value >= (BEFORE_SHARE * self.peak_g_s if self.counts else before + ONSET_G_S)


def _begun(flow_g_s: Curve) -> Iterator[_Begun]:
    """Yield every rise that has an onset and counts, or is over without it."""
    lowest = _just_before(flow_g_s).tolist()
    rise: _Begun | None = None
    for i, value in enumerate(flow_g_s.tolist()):
        if rise is None:
            if value - lowest[i] >= ONSET_G_S:
                rise = _Begun(i, lowest[i], i, value)
        elif not rise.take(i, value):
            yield rise
            rise = None
            lowest[i + 1 :] = _just_before(flow_g_s[i:]).tolist()[1:]
    if rise is not None and rise.counts:
        yield rise


def _rise(flow: Curve, onset: int, before_g_s: float, peak: int, limit: int) -> Rise:
    over = before_g_s + END_SHARE * (flow[peak] - before_g_s)
    below = np.flatnonzero(flow[peak:limit] < over)
    end = peak + int(below[0]) if len(below) else limit
    return Rise(
        onset_s=onset * STEP_S,
        peak_s=peak * STEP_S,
        end_s=end * STEP_S,
        before_g_s=before_g_s,
        peak_g_s=float(flow[peak]),
        grams=math.fsum(flow[onset:end].tolist()) * STEP_S,
    )


def _just_before(flow: Curve) -> Curve:
    """Return, at each moment, the lowest flow of the `JUST_BEFORE_S` up to it."""
    length = round(JUST_BEFORE_S / STEP_S)
    lowest = flow.copy()
    reach = 1
    while reach < length:
        step = min(reach, length - reach)
        lowest[step:] = np.minimum(lowest[step:], lowest[:-step])
        reach += step
    return lowest


def brought_by(rises: Sequence[Rise], released_s: Sequence[float]) -> tuple[list[Rise], list[Rise]]:
    """Tell rises that an ejection brought from those of milk that was only held up.

    Args:
        rises: of one side.
        released_s: when ejections began in that breast.

    Returns:
        The ejections' rises, and the others: after a pause, a clog, a change of the suction.
    """
    free = list(released_s)
    own: list[Rise] = []
    other: list[Rise] = []
    for rise in rises:
        causes = [at_s for at_s in free if rise.onset_s - BROUGHT_S <= at_s <= rise.onset_s]
        if causes:
            own.append(rise)
            free = [at_s for at_s in free if at_s > rise.onset_s]
        else:
            other.append(rise)
    return own, other


def merge(left: Sequence[Rise], right: Sequence[Rise]) -> list[LetDown]:
    """Return the let-downs of both sides: rises within 10 s of each other are one."""
    rest = list(right)
    merged: list[LetDown] = []
    for rise in left:
        mate = min(rest, key=lambda each: abs(each.onset_s - rise.onset_s), default=None)
        if mate is not None and abs(mate.onset_s - rise.onset_s) <= SAME_LET_DOWN_S:
            rest.remove(mate)
            merged.append(LetDown(min(rise.onset_s, mate.onset_s), "both", (rise, mate)))
        else:
            merged.append(LetDown(rise.onset_s, "left", (rise, None)))
    merged += [LetDown(rise.onset_s, "right", (None, rise)) for rise in rest]
    return sorted(merged, key=lambda each: each.onset_s)

"""The limit: how soon a clairvoyant could tell, who knows nearly everything.

For every true let-down it knows the moment at which it begins if it begins, the shape of the milk
that then comes (the mean flow at the bottle, before it breaks into drops), the flow just before,
and the law of the noise (see `readings.py`). It only does not know whether the let-down comes. From
the true onset on it adds up the logarithm of the likelihood ratio, reading by reading and both
sides together, and stops at ln 36,000 (Wald 1945: at most one false alarm in ten hours of decisions
a second).

Rounding to steps takes more away. Up to the first reading that would have been another without
the let-down, with the very same noise, both recordings are one and the same: before that nobody
can tell, so the clairvoyant does not either.

A second figure asks more of it: that it also tells the let-down from a weight that was added at
once, of any size and at any moment, on either side, which happens a few times an hour as scales
settle. Against that it has to reach ln(36,000 s x rate), so that steps, too, give at most one false
alarm in ten hours. A third asks the same for weight that comes as an arm leans on a bottle, or a
tilted bottle is put straight: within seconds, with a soft beginning and end, as often as that
happens. It knows the form of these, only not their size, length and moment. The fourth has all that
to rule out, and knows nothing of the milk (see `searching.py`).

Two more must rule out what is milk, but falls short of the rule: a rise adds too little, or too
little beside the flow before. One of them has the very milk of this let-down before it until the
flow is as high as just does not count, and must tell whether it goes on: that is all there is to be
known, before it comes, by who cannot tell from how a flow rises how high it will. The other is
spared that: the rise to be ruled out is of the let-down's own form, only smaller from the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.detection.falling_short import SHORT_H
from bench.detection.readings import Curve, Indices, Mask, Readings, Short, Window
from bench.detection.recording import Recording
from bench.detection.searching import search

TEN_HOURS_S: Final = 36_000.0
STOP: Final = math.log(TEN_HOURS_S)

TOGETHER_S: Final = 10.0
"""Two sides that gain weight at once within this look like one let-down."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The clairvoyant's delay for one let-down; None where it never gets so far.

    Attributes:
        delay_s: against nothing but noise.
        past_steps_s: when it must tell the let-down from a weight added at once, too.
        past_eases_s: when it must tell it from a weight that comes within seconds as well.
        searching_s: when it must rule out all that, and has to look for the milk.
        past_halted_s: against noise, and a rise that is the same until it comes to a halt where it
            would just not count.
        past_smaller_s: against noise, and a rise of the same form that is just too small to count.
    """

    delay_s: float | None
    past_steps_s: float | None
    past_eases_s: float | None
    searching_s: float | None
    past_halted_s: float | None
    past_smaller_s: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one side says about one let-down, reading by reading.

    Attributes:
        t_s: moments of the readings.
        against_none, against_step, against_ease: logarithms of the likelihood ratio so far.
        differs: whether a reading has differed yet from what it would be without the let-down.
    """

    t_s: Curve
    against_none: Curve
    against_step: Curve
    against_ease: Curve
    differs: Mask


def limits(made: Recording) -> tuple[Limit, ...]:
    """Return the clairvoyant's delays for each true let-down."""
    sides = {side: Readings(made, side) for side in made.sides}
    found = []
    for each in made.let_downs:
        rising = [sides[side] for side in sides if each.side in (side, "both")]
        known = margins([_known(readings, each.onset_s) for readings in rising], made)
        searching = margins([searched(readings, each.onset_s) for readings in rising], made)
        short = [readings.against_short(each.onset_s, each.length_s) for readings in rising]
        halted, smaller = (
            _past_short(known, ones, each.onset_s) for ones in zip(*short, strict=True)
        )
        found.append(
            Limit(
                *_delays(known, each.onset_s),
                _delays(searching, each.onset_s)[-1],
                halted,
                smaller,
            )
        )
    return tuple(found)


def _known(readings: Readings, onset_s: float) -> Evidence:
    """Return the evidence for who knows the milk."""
    window = readings.window(onset_s, 0.0)
    count = len(window.seen)
    none = np.cumsum(window.expected * (window.seen - 0.5 * window.expected))
    eases = [_best(each, window) for each in readings.eases(count, window.step_s)]
    return Evidence(
        t_s=window.t_s,
        against_none=none,
        against_step=none - _best(readings.step(count), window),
        against_ease=none - np.max(eases, axis=0),
        differs=window.differs,
    )


def _best(form: Curve, window: Window) -> Curve:
    """Return how well a form, of any size from any moment on, explains the readings so far."""
    count = len(form)
    age = np.arange(count) - np.arange(count)[:, None]
    forms = np.where(age >= 0, form[np.clip(age, 0, None)], 0.0) * window.weight
    fits = np.cumsum(forms * window.seen, axis=1)
    sizes = np.cumsum(forms * forms, axis=1)
    explained: Curve = np.max(fits * fits / (2.0 * np.maximum(sizes, 1e-12)), axis=0)
    return explained


def searched(readings: Readings, onset_s: float) -> Evidence:
    """Return the evidence for who has to look for it."""
    found = search(readings, onset_s)
    return Evidence(
        t_s=found.t_s,
        against_none=found.flow,
        against_step=found.flow - found.step,
        against_ease=found.flow - found.ease,
        differs=found.differs,
    )


def _delays(found: Margins, onset_s: float) -> tuple[float | None, float | None, float | None]:
    """Return the delays past nothing but noise, past steps, and past eases as well."""
    sure = found.past_none >= 0.0
    past_steps = sure & (found.past_steps >= 0.0)
    return (
        _first(found.t_s, sure, onset_s),
        _first(found.t_s, past_steps, onset_s),
        _first(found.t_s, past_steps & (found.past_eases >= 0.0), onset_s),
    )


def _past_short(found: Margins, short: Sequence[Short], onset_s: float) -> float | None:
    """Return the delay past nothing but noise and a rise that falls short, on all sides at once."""
    at = [np.searchsorted(side.t_s, found.t_s, side="right") for side in short]
    past = np.sum([_until(side.ratio, i) for side, i in zip(short, at, strict=True)], axis=0)
    seen = np.any([_until(side.differs, i) for side, i in zip(short, at, strict=True)], axis=0)
    sure = (found.past_none >= 0.0) & (past >= STOP + math.log(SHORT_H / 3600.0)) & seen
    return _first(found.t_s, sure, onset_s)


@dataclass(frozen=True, slots=True)
class Margins:
    """By how much the evidence of all sides passes what is asked of it, at each moment.

    Attributes:
        t_s: moments.
        past_none, past_steps, past_eases: against nothing but noise, against steps and against
            eases; logarithms of likelihood ratios, and less than anything before a reading differs.
    """

    t_s: Curve
    past_none: Curve
    past_steps: Curve
    past_eases: Curve

    @property
    def least(self) -> Curve:
        """Return the least of the three."""
        return np.minimum(np.minimum(self.past_none, self.past_steps), self.past_eases)


def margins(parts: list[Evidence], made: Recording) -> Margins:
    """Weigh the evidence of all sides together."""
    t_s = np.unique(np.concatenate([part.t_s for part in parts]))
    at = [np.searchsorted(part.t_s, t_s, side="right") for part in parts]
    none = [_until(part.against_none, i) for part, i in zip(parts, at, strict=True)]
    step = [_until(part.against_step, i) for part, i in zip(parts, at, strict=True)]
    ease = [_until(part.against_ease, i) for part, i in zip(parts, at, strict=True)]
    differs = np.any([_until(part.differs, i) for part, i in zip(parts, at, strict=True)], axis=0)
    return Margins(
        t_s=t_s,
        past_none=np.where(differs, np.sum(none, axis=0) - STOP, -np.inf),
        past_steps=_past(none, step, made.steps_per_hour / 3600.0),
        past_eases=_past(none, ease, made.eases_per_hour / 3600.0),
    )


def _past(none: list[Curve], other: list[Curve], per_s: float) -> Curve:
    """Return by how much what comes so often, on any side or on both, has been ruled out."""
    past: Curve = np.full(len(none[0]), np.inf)
    if not per_s:
        return past
    one = STOP + math.log(per_s)
    for side in range(len(none)):
        others = np.sum([each for which, each in enumerate(none) if which != side], axis=0)
        past = np.minimum(past, other[side] + others - one)
    if len(none) > 1:
        both = max(0.0, one + math.log(per_s * TOGETHER_S))
        past = np.minimum(past, np.sum(other, axis=0) - both)
    return past


def _until(values: NDArray[np.generic], at: Indices) -> Curve:
    """Return the last of the values before each index, 0 where there is none."""
    so_far: Curve = np.concatenate([np.zeros(1), values.astype(np.float64)])[at]
    return so_far


def _first(t_s: Curve, sure: Curve | Mask, onset_s: float) -> float | None:
    when = np.flatnonzero(sure)
    return float(t_s[when[0]]) - onset_s if len(when) else None

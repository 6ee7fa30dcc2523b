"""A clairvoyant that knows every law, but of this let-down no more than of any other.

It knows the noise, the drops, when a bottle is touched, and the flow before, as the first one does.
It knows besides how often let-downs come and what they look like on both sides, and the same of
rises that fall short of the rule, of steps and of tilts: their rates, sizes and forms. Of each it
takes the whole distribution, and asks with every frame how likely it is by all readings so far that
a let-down has begun (Bayes). Nothing here is asked of the worst case, and no odds of ten hours:
what it takes longer than the first one is what these readings do not say yet to who knows all that.

Asked again, it knows the level before, an even flow and what a touch has left behind no more than
any detector, and has to find them (by least squares, which is Bayes without a prior); and it sees
what the scale shows, in steps that it takes for white noise.

How often it would be wrong follows from how sure it is, if its law of the noise holds: where it
says 'as likely as p', there are (1 - p) / p false ones for each true one. So every bar has its F1.
It is asked at let-downs only; nobody has tried how often it is fooled where none comes.

Let-downs and rises that fall short are those of training sessions of the same family, as they are.
Leans are left out, for they tremble, and who knows how is not fooled; so is what settles under a
hand. It does not know what a detector may: what came before in this session, the clock, the pump,
and that a bottle which is put straight had been lighter before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.detection.falling_short import short_rises_s
from bench.detection.lessons import untaught
from bench.detection.readings import MILK_G_PER_ML, Curve, Indices, Readings, Window
from bench.detection.recording import Recording, recording
from bench.detection.scoring import LATEST_S
from bench.detection.searching import BEFORE_S, white_line
from bench.detection.seeds import Use
from lullaflow.detection.binning import BIN_S
from lullaflow.detection.verdict import LIKELY
from lullaflow_sim.generate.accidents import GRAMS
from lullaflow_sim.generate.conditions import CONDITIONS, Family
from lullaflow_sim.generate.drawing import GULP_G
from lullaflow_sim.let_downs import JUST_BEFORE_S, SIDES, STEP_S
from lullaflow_sim.sensors import Touch

Array = NDArray[np.float64]

ASKED: Final = ("typical", "hard")
"""Families with a goal for the delay's ratio; it takes too long for all."""

SESSIONS: Final = 25
"""Training sessions of a family, from which forms and rates are taken. On development recordings of
`typical` its median delay was the same with 40 and with 120, and a quarter of a second less with
15: too few, if anything, make it too good."""

LONG_S: Final = 45.0
"""Of a form; no one is asked for longer."""

BACK_S: Final = 10.0
"""From so long before the true onset on it holds onsets for possible, at every frame."""

SIZES: Final = (np.arange(8.0) + 0.5) / 8.0
"""Where the distributions of sizes are tried, as shares of them."""

ACCIDENT_S: Final = 0.2
"""How finely moments of steps and tilts are tried."""

BOTTLE_G: Final = 120.0
"""What is tilted: a bottle of 40 to 160 g with some milk."""

BARS: Final = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, LIKELY, 0.95, 0.98)
"""How likely it may have to be."""

Sure = tuple[tuple[float, float] | None, ...]
"""For each bar the delay, and how likely it was by then; None where it never was so likely."""


@dataclass(frozen=True, slots=True)
class Informed:
    """When it would tell of one let-down: knowing the flow before, or finding it in the figures."""

    knowing: Sure
    finding: Sure


@dataclass(frozen=True, slots=True)
class Kind:
    """What may begin, by its rate and its forms.

    Attributes:
        per_s: how often any of them begins.
        flows_ml_s: of both sides, `(forms, 2, steps)`, from its onset on.
    """

    per_s: float
    flows_ml_s: Array


@dataclass(frozen=True, slots=True)
class Side:
    """One side's readings about a let-down.

    Attributes:
        readings, window: of it.
        line: the white parts of what has to be found, `(parts, n)`.
        at: how many readings there are by each moment of asking.
    """

    readings: Readings
    window: Window
    line: Array
    at: Indices

    def odds(self, form: Curve, sizes: Curve, begins_s: Curve) -> Array:
        """Return the logarithms of the likelihood ratio of a form over nothing, when asked.

        Of each size, and from each beginning on: `(sizes * beginnings, times of asking)`.
        """
        window = self.window
        onsets = np.searchsorted(window.t_s, begins_s)
        age = np.arange(len(window.seen)) - onsets[:, None]
        forms = np.where(age >= 0, form[np.clip(age, 0, len(form) - 1)], 0.0) * window.weight
        seen, squares = self._sum(forms * window.seen), self._sum(forms * forms)
        if len(self.line):
            shared = np.stack([self._sum(forms * part) for part in self.line], axis=-1)
            gram = self._sum(self.line[:, None, :] * self.line)
            inverse = np.linalg.pinv(np.moveaxis(gram, -1, 0), hermitian=True)
            beside = np.einsum("mai,aij->maj", shared, inverse)
            found = self._sum(self.line * window.seen).T
            seen = seen - np.einsum("maj,aj->ma", beside, found)
            squares = np.maximum(squares - (beside * shared).sum(axis=-1), 0.0)
        odds: Array = np.concatenate([size * seen - 0.5 * size * size * squares for size in sizes])
        return odds

    def _sum(self, values: Array) -> Array:
        """Return the sums of all until each moment of asking."""
        sums = np.cumsum(values, axis=-1)
        none = np.zeros((*sums.shape[:-1], 1))
        so_far: Array = np.concatenate([none, sums], axis=-1)[..., self.at]
        return so_far


@cache
def kinds(family: str) -> tuple[Kind, Kind]:
    """Return let-downs, and rises that fall short, as training sessions of a family have them."""
    true: list[Array] = []
    short: list[Array] = []
    seconds = 0.0
    for seed in untaught(family, SESSIONS):
        made = recording(family, Use.TRAINING, seed)
        seconds += float(made.true_t_s[-1])
        true += [_flows(made, each.onset_s) for each in made.let_downs]
        short += [_flows(made, at_s) for at_s in short_rises_s(made)]
    return Kind(len(true) / seconds, np.array(true)), Kind(len(short) / seconds, np.array(short))


def _flows(made: Recording, onset_s: float) -> Array:
    """Return by how much both sides' flow exceeds the flow before from an onset on."""
    onset, count = round(onset_s / STEP_S), round(LONG_S / STEP_S)
    flows = np.zeros((len(SIDES), count))
    for which, name in enumerate(SIDES):
        if name in made.sides:
            flow = made.sides[name].flow_g_s / MILK_G_PER_ML
            before = float(flow[max(0, onset - round(JUST_BEFORE_S / STEP_S)) : onset + 1].min())
            after = flow[onset : onset + count]
            flows[which, : len(after)] = np.clip(after - before, 0.0, None)
    return flows


def informed(made: Recording) -> tuple[Informed, ...]:
    """Ask it about each let-down, at every bar."""
    ways = []
    for find in (False, True):
        readings = {side: Readings(made, side, as_shown=find) for side in made.sides}
        ways.append([_asked(made, readings, each.onset_s, find=find) for each in made.let_downs])
    return tuple(Informed(*each) for each in zip(*ways, strict=True))


def _asked(
    made: Recording, readings: Mapping[str, Readings], onset_s: float, *, find: bool
) -> Sure:
    first = math.ceil((onset_s - BACK_S) / BIN_S)
    asked_s = BIN_S * np.arange(first, first + round((BACK_S + LATEST_S) / BIN_S))
    sides = {}
    for name, each in readings.items():
        window = each.window(onset_s, BEFORE_S)
        line = white_line(each, window) if find else np.zeros((0, 0))
        at = np.searchsorted(window.t_s, asked_s, side="right")
        sides[name] = Side(each, window, line, at)
    return _sure(made, sides, asked_s, onset_s)


def _sure(made: Recording, sides: Mapping[str, Side], asked_s: Curve, onset_s: float) -> Sure:
    let_downs, shorts = kinds(made.family)
    true, short = (_came(kind, sides, asked_s) for kind in (let_downs, shorts))
    none = np.zeros(len(asked_s))
    differs = np.zeros(len(asked_s), dtype=np.bool_)
    for side in sides.values():
        none += np.logaddexp(0.0, _accidents(made, side, asked_s))
        differs |= np.append(False, side.window.differs)[side.at]
    odds = np.where(differs & (asked_s >= onset_s), true - np.logaddexp(none, short), -np.inf)
    likely = 1.0 / (1.0 + np.exp(-np.clip(odds, -500.0, 500.0)))
    told: list[tuple[float, float] | None] = []
    for bar in BARS:
        sure = np.flatnonzero(likely >= bar)
        when = int(sure[0]) if len(sure) else None
        told.append(None if when is None else (float(asked_s[when]) - onset_s, float(likely[when])))
    return tuple(told)


def _came(kind: Kind, sides: Mapping[str, Side], asked_s: Curve) -> Curve:
    """Return the logarithm of the odds that one of a kind has come, over nothing."""
    flows = kind.flows_ml_s
    if len(sides) == 1:
        flows = flows.reshape(-1, 1, flows.shape[-1])
        flows = flows[flows.max(axis=(1, 2)) > 0.0]
    begins_s = asked_s - BIN_S
    total = np.zeros((len(flows), len(begins_s), len(asked_s)))
    for which, side in enumerate(sides.values()):
        for k, flow in enumerate(flows[:, which]):
            if flow.any():
                form = side.readings.milk(flow, side.window.step_s)
                total[k] += side.odds(form, np.ones(1), begins_s)
    begun = begins_s[:, None] < asked_s
    total = np.where(begun, total, -np.inf)
    return _sum(total.reshape(-1, len(asked_s))) + math.log(kind.per_s * BIN_S / len(flows))


def _accidents(made: Recording, side: Side, asked_s: Curve) -> Curve:
    """Return the same odds of what gives one bottle weight, and is no milk."""
    begins_s = np.arange(asked_s[0] - BIN_S, asked_s[-1], ACCIDENT_S)
    begun = np.tile(begins_s[:, None] < asked_s, (len(SIZES), 1))
    found = [np.full(len(asked_s), -np.inf)]
    for form, per_h, sizes_ml in _laws(made, side):
        odds = np.where(begun, side.odds(form, sizes_ml, begins_s), -np.inf)
        found.append(_sum(odds) + math.log(per_h / 3600.0 * ACCIDENT_S / len(sizes_ml)))
    return _sum(np.array(found))


def _laws(made: Recording, side: Side) -> Iterator[tuple[Curve, float, Curve]]:
    """Yield forms, how often they come an hour, and sizes that are equally likely."""
    count = len(side.window.seen)
    step = side.readings.step(count)
    conditions = CONDITIONS[Family(made.family)]
    settles, tilts = (conditions.touches_h.get(each, 0.0) for each in (Touch.SETTLE, Touch.TILT))
    if settles:
        # Half of all give weight, and small ones are commoner.
        yield step, settles / 2.0, GRAMS[Touch.SETTLE][1] * SIZES**2 / MILK_G_PER_ML
    if conditions.gulps_h:
        low, high = GULP_G
        yield step, conditions.gulps_h, (low + (high - low) * SIZES) / MILK_G_PER_ML
    if tilts:
        low, high = GRAMS[Touch.TILT]
        eases = side.readings.eases(count, side.window.step_s)
        for ease in eases:
            sizes_ml = BOTTLE_G * (low + (high - low) * SIZES) / MILK_G_PER_ML
            yield ease, tilts / len(eases), sizes_ml


def _sum(odds: Array) -> Curve:
    """Return the logarithms of sums over the first axis."""
    most = np.maximum(odds.max(axis=0), -1e300)
    total: Curve = most + np.log(np.maximum(np.exp(odds - most).sum(axis=0), 1e-300))
    return total


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What it comes to at one bar: its F1, and the median and a percentile of its delays (s)."""

    bar: float
    f1: float
    delay_s: float
    delay_p99_s: float


def reckoned(asked: Sequence[Sure]) -> list[Reckoned]:
    """Return what it comes to on many let-downs, at every bar; what it missed has no delay."""
    found = []
    for which, bar in enumerate(BARS):
        told = [each for sure in asked if (each := sure[which]) is not None]
        false = sum((1.0 - likely) / likely for _, likely in told)
        delays_s = [delay_s for delay_s, _ in told] or [math.nan]
        found.append(
            Reckoned(
                bar,
                2.0 * len(told) / max(len(told) + false + len(asked), 1.0),
                float(np.median(delays_s)),
                float(np.quantile(delays_s, 0.99)),
            )
        )
    return found

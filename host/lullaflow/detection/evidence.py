"""Whether one bottle's flow has risen: a sequential test against what else it could be.

At every half second the level of the last half minute is compared with the shapes of `templates`:
`z^2 / 2`, with `z` a bend over its noise, is the logarithm of a generalised likelihood ratio
(Lorden 1971, windowed). A rise must also beat every confusing change that fits the same window:
the least of the ratios decides, as in the S-CuSum of arXiv:2405.00842.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.binning import BIN_S
from lullaflow.detection.level import MAX_FLOW_ML_S, SPURT_S, Reading
from lullaflow.detection.noise import REACH, Noise
from lullaflow.detection.packets import Packets
from lullaflow.detection.templates import BASES, EASES, LEAST_BINS, LENGTH, ONSETS, bank
from lullaflow.detection.track import RECENT_BINS, Track
from lullaflow.detection.tremble import Tremble

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

DRIP_ML_S: Final = 0.01
"""A rise by no more than this is drips: one in five seconds. Fitted."""

MATE_ML_S: Final = 0.015
"""A rise by this is worth a look at the other bottle ..."""

LEAST_ML_S: Final = 0.045
NOW_ML_S: Final = 0.06
"""... by this much on average, and this much by now, it may be a let-down, which adds 0.05 g/s at
its peak. Fitted."""

LATELY_SHARE: Final = 0.7
"""What rose, but has come to rest since, is no let-down: over the latter half of a rise at least
this share of what it gained flows still. Fitted."""

LONG_RISES: Final = tuple(bins for bins in ONSETS if bins >= 13)
STEPS: Final = 2
"""In six seconds and more milk comes in many spurts. Settling twice, or a gulp and a push, leaves
nothing without the two largest ..."""

PARTS_SHARE: Final = 0.3
COARSE_ML: Final = 0.3
COARSE_STEPS: Final = 1.1
"""... but of milk this share of the flow is left. A scale of steps as coarse as this shows many
spurts as one step of its own, though, and no more than a step is left in. Fitted."""

BEFORE_SHARE: Final = 0.65
"""The flow before an ejection is under 0.6 of its peak; a little more, for both are estimates."""

FAINT: Final = 2.4
"""Standard deviations that are not worth a second look: they would not corroborate anything."""

DRY_ML_S: Final = 0.02
"""Flow under this has fallen, whatever its peak was."""

STILL_ML_S: Final = 0.05
"""Noise of long spans is learnt while no more than drips flow ..."""

EVEN_BINS: Final = 24
"""... and what milk adds to it from twelve seconds after a let-down was told on: before that, flow
rises still."""

BASE_BINS: Final = 6
"""The flow before is known from three seconds on."""

REJOINED_BINS: Final = 8
"""After a touch, four seconds must show that milk flows on."""

UNSETTLED_BINS: Final = 6
CALM_BINS: Final = 16
"""A bottle whose level was not found again after a touch may still be touched: what rises counts if
it had lain still for three seconds before, or for eight in all. Fitted."""

TOP_FACTOR: Final = 2.5
"""The highest of some tens of readings lies this many standard deviations above their mean."""

STEP_SHARE: Final = 0.75
"""Of a scale's own step, which a level that creeps over its edge shows at once: three quarters of
it are no evidence. Fitted."""

SPURT_SHARE: Final = 1.0 / 12.0
"""Variance of what a spurt puts off, in its mass squared: it fell just before, or just after."""

FAST: Final = 4.0
"""A rise so many standard deviations clear that is faster than milk can flow is a touch."""

LINE_BINS: Final = 6
LEFT_ML: Final = 0.03
"""A level has left the line of the three seconds before when it lies above it by half a drop, or by
the noise."""

LEFT_SHARE: Final = 0.8
LAG_S: Final = 0.6
"""That moment comes late by some drops, and later in more noise; the onset of the strongest window
knows nothing of drops. Shares of the two, and what is still late, fitted."""

UNLIKELY: Final = np.array([5.0, 5.0, 6.0, 9.0, 9.0])
"""How unlikely, as a logarithm, each confusing change is at any moment: one that rests at once,
within a second, two, four, or six and a half. Fitted; so that the test has a let-down of one side
alone wait until an arm that slowly leans on the bottle is ruled out, and one of both sides not."""

UNLIKELY_RESTLESS: Final = np.array([3.0, 3.0, 6.0, 6.0, 6.0])
RESTLESS_H: Final = 45.0
"""The same where the bottle is touched more often an hour than this: who handles it often leans on
it, too. Fitted."""

UNLIKELY_TREMBLING: Final = np.array([3.0, 3.0, 5.0, 5.0, 5.0])
TREMBLES: Final = 2.5
"""The same for a bottle that trembles this many times as much as usual. Fitted."""

WALK_SHARE: Final = 0.3
"""Of the walk that was learnt: noise that wanders to and fro within seconds looks like one, but
does not go on. Fitted."""

MEAN_SHARE: Final = 0.3
"""Packets are of the flow before, which a few seconds show badly: so much of what the whole window
has more than that counts as well. Of 0, 0.3, 0.5 and 1 the best for training sessions of `hard` and
of the benchmark's other generator together."""

FINE_ML: Final = 0.15
"""The packets in which milk comes are felt by scales of finer steps only; a coarser one shows
packets of its own."""


@dataclass(frozen=True, slots=True)
class Rise:
    """Evidence that flow has risen; logarithms of likelihood ratios.

    Attributes:
        against_none: against nothing but noise and the flow before.
        against_all: against the likeliest of that and all confusing changes, at the best onset.
        against_all_ample: the same, of onsets whose rise is large enough for a let-down alone.
        bins: since its onset.
        base_ml_s: flow before.
        gained_ml_s: flow beyond the flow before.
        onset_s: its onset, recording time.
    """

    against_none: float
    against_all: float
    against_all_ample: float
    bins: int
    base_ml_s: float
    gained_ml_s: float
    onset_s: float


NOTHING: Final = Rise(0.0, 0.0, 0.0, 0, 0.0, 0.0, 0.0)


class Evidence:
    """Weighs the readings of one bottle.

    Attributes:
        spurt_s: time between two spurts: the pump's cycle.
        step_ml: least difference of two figures of the scale.
        track: its levels.
        tremble: how its samples fall.
    """

    def __init__(self) -> None:
        self.spurt_s = SPURT_S
        self.step_ml = 0.0
        self.track = Track()
        self.tremble = Tremble()
        self._noise = Noise()
        self._packets = Packets()
        self._below_ml = -math.inf

    @property
    def step_noise_ml(self) -> float:
        """Return the standard deviation of the difference of two readings."""
        return math.sqrt(2.0 * (self._noise.white + self._noise.walk))

    @property
    def white_ml2(self) -> float:
        """Return the variance of the levels about a smooth line, ml^2."""
        return self._noise.white

    @property
    def restless(self) -> bool:
        """Tell whether this bottle is touched often."""
        return self.track.touches_h > RESTLESS_H

    def weigh(self, reading: Reading, *, settled: bool) -> Rise:
        """Take a reading and return the strongest rise of the last seconds.

        Args:
            reading: the next.
            settled: whether the level can be believed.
        """
        track = self.track
        if not track.add(reading):
            return NOTHING
        if track.real < REJOINED_BINS and track.touches:
            return NOTHING
        levels = track.last(LENGTH)
        if track.real >= REACH:
            self._learn(levels[-REACH:].tolist())
        self._below_ml = reading.below_ml if not settled and track.dry else -math.inf
        return self._strongest(levels, settled=settled)

    def _learn(self, levels: list[float]) -> None:
        """Learn the noise with and without milk from levels since the last bridge."""
        track, flow_ml_s = self.track, self.track.still_ml_s
        still = flow_ml_s < STILL_ML_S
        self._noise.learn(levels, still=still)
        if still:
            self._packets.learn_still(levels, self.spurt_s)
        elif track.since is not None and track.since >= EVEN_BINS:
            self._packets.learn_flow(levels, self.spurt_s, flow_ml_s)

    def _strongest(self, levels: Array, *, settled: bool) -> Rise:
        shapes, noise = bank(), self._noise
        gained = shapes.rise.rows.dot(levels)
        if gained.item(gained.argmax()) < MATE_ML_S:
            return NOTHING
        white, walk = noise.white, WALK_SHARE * noise.walk
        # No noise is less than the session's own: most windows need no closer look.
        least_ml_s = np.sqrt(shapes.least_white * white + shapes.least_walk * walk)
        fine = (gained - DRIP_ML_S > FAINT * least_ml_s) & (gained >= MATE_ML_S)
        if not np.count_nonzero(fine):
            return NOTHING
        self._close(fine, settled=settled)
        fallen_ml_s = self._fallen_ml_s()
        if fallen_ml_s is not None:
            fine &= self.track.flows(shapes.bins) < fallen_ml_s
        if not np.count_nonzero(fine):
            return NOTHING
        levels = levels - levels[-1]
        base = shapes.bases.dot(levels)
        # Milk does not flow backwards: where the flow before comes out so, it was none.
        below = np.minimum(base, 0.0)
        gained, base = gained - shapes.tie * below, base - below
        by_white, by_walk = shapes.felt(flowing=base > 0.0)
        excess_ml_s = gained - DRIP_ML_S
        fine &= (gained >= MATE_ML_S) & (base < BEFORE_SHARE * (base + gained))
        if fallen_ml_s is not None:
            fine &= base < fallen_ml_s
        fine &= excess_ml_s > FAINT * np.sqrt(by_white * white + by_walk * walk)
        if not np.count_nonzero(fine):
            return NOTHING
        whites, walks = self._white(levels, base), self._walk(levels, base)
        deviation = np.sqrt(by_white * whites + by_walk * walks)
        fine &= excess_ml_s > FAINT * deviation
        if not np.count_nonzero(fine):
            return NOTHING
        z = (excess_ml_s - self._lent(levels) / shapes.since_s) / deviation
        fine &= z > FAINT
        if not np.count_nonzero(fine) or self._too_fast(levels):
            return NOTHING
        none = np.where(fine, z * z / 2.0, 0.0)
        against = np.minimum(none, self._against_other(levels, whites, walks, fine))
        ample = np.where(fine & self._is_ample(levels, base, gained), against, 0.0)
        which = int(none.argmax())
        return Rise(
            against_none=none.item(which),
            against_all=against.item(against.argmax()),
            against_all_ample=ample.item(ample.argmax()),
            bins=shapes.bins.item(which),
            base_ml_s=base.item(which),
            gained_ml_s=gained.item(which),
            onset_s=self.track.end_s - shapes.since_s.item(which),
        )

    def _is_ample(self, levels: Array, base: Array, gained: Array) -> Mask:
        """Tell which rises are large enough for a let-down alone."""
        now = self.track.flow_ml_s(RECENT_BINS)
        ample: Mask = (gained >= LEAST_ML_S) & (now - base >= NOW_ML_S)
        ample &= self._goes_on(levels, base, gained)
        if np.count_nonzero(ample):
            ample &= self._in_many_parts(levels, base, gained)
        return ample

    def _goes_on(self, levels: Array, base: Array, gained: Array) -> Mask:
        """Tell of which rises the flow still goes on, and has not been bridged only."""
        shapes = bank()
        bins = np.minimum(shapes.half, max(self.track.real - 1, LEAST_BINS))
        going: Mask = shapes.lately.dot(levels)[bins] - base >= LATELY_SHARE * gained
        return going

    def _in_many_parts(self, levels: Array, base: Array, gained: Array) -> Mask:
        """Tell which long rises are more than a few steps."""
        shapes = bank()
        risen_ml, gains = (levels[-1] - levels).tolist(), np.diff(levels).tolist()
        part_ml = COARSE_STEPS * self.step_ml if self.step_ml > COARSE_ML else 0.0
        kept = np.zeros(LENGTH)
        for bins in LONG_RISES:
            steps = sorted(gains[-bins:])[-STEPS:]
            left_ml = risen_ml[-1 - bins] - sum([max(step - part_ml, 0.0) for step in steps])
            kept[bins] = left_ml / (BIN_S * (bins - STEPS))
        long: Mask = shapes.bins >= LONG_RISES[0]
        many: Mask = ~long | (kept[shapes.bins] - base >= PARTS_SHARE * gained)
        return many

    def _too_fast(self, levels: Array) -> bool:
        """Tell whether the level has risen faster than milk can flow."""
        shapes = bank()
        beyond_ml = -levels[shapes.onset] - MAX_FLOW_ML_S * shapes.since_s
        noise_ml = FAST * math.sqrt(2.0 * self._noise.white) + self.step_ml
        most_ml = MAX_FLOW_ML_S * self.spurt_s + noise_ml
        return beyond_ml.item(beyond_ml.argmax()) > most_ml

    def _white(self, levels: Array, base: Array) -> Array:
        """Return the white noise of each window: the session's, or its own when that is more."""
        shapes = bank()
        explained = shapes.explained.dot(levels).reshape(3, -1)
        squares = (levels * levels)[::-1].cumsum()[shapes.span]
        own = (squares - np.add.reduce(explained * explained)) / (shapes.span - 2.0)
        least = max(self._noise.white, self.step_ml**2 / 12.0)
        white: Array = np.maximum(least, own) + SPURT_SHARE * (base * self.spurt_s) ** 2
        return white

    def _walk(self, levels: Array, base: Array) -> Array:
        """Return what the level of each window walks by in a bin: the scale's, and the milk's."""
        shapes = bank()
        mean = -levels[shapes.begun] / (BIN_S * shapes.span)
        flow = base + MEAN_SHARE * np.maximum(mean - base, 0.0)
        mass_ml = 0.0 if self.step_ml > FINE_ML else self._packets.mass_ml
        walk: Array = WALK_SHARE * self._noise.walk + mass_ml * BIN_S * flow
        return walk

    def _lent(self, levels: Array) -> Array:
        """Return what may have risen without any milk, ml: a former level, a step of the scale."""
        shapes = bank()
        below = self._below_ml - levels[shapes.onset]
        noise_ml = math.sqrt(self._noise.white)
        sunk = np.maximum(self.track.sunk(shapes.bins) - TOP_FACTOR * noise_ml, below)
        step = max(self.step_ml - 2.0 * noise_ml, 0.0)
        lent: Array = np.maximum(sunk, 0.0) + STEP_SHARE * step
        return lent

    def _close(self, fine: Mask, *, settled: bool) -> None:
        """Leave out the onsets at which no let-down can have begun, for touches or for the last."""
        shapes, track = bank(), self.track
        latest = track.count - BASE_BINS
        if not settled and track.real < CALM_BINS:
            latest = min(latest, track.real - UNSETTLED_BINS)
        if latest < ONSETS[-1]:
            fine &= shapes.bins <= latest
        if track.since is not None and track.since < LENGTH:
            fine &= shapes.span <= track.since

    def _fallen_ml_s(self) -> Array | None:
        """Return what flow is under, at each onset, once it has fallen since the last let-down.

        Only then can it rise to another; None before the first.
        """
        if self.track.since is None:
            return None
        fallen: Array = np.maximum(BEFORE_SHARE * self.track.peaks(bank().bins), DRY_ML_S)
        return fallen

    def _against_other(self, levels: Array, white: Array, walk: Array, fine: Mask) -> Array:
        """Return the evidence against the likeliest confusing change, for each fine onset."""
        shapes = bank()
        asked = fine.nonzero()[0]
        first, last = asked.item(0), asked.item(-1) + 1
        cells = shapes.cells[first * len(EASES) : last * len(EASES) + 1]
        begin, end = cells.item(0), cells.item(-1)
        others, owner = shapes.others, shapes.owner[begin:end]
        bends = others.rows[begin:end].dot(levels) - DRIP_ML_S
        variance = others.white[begin:end] * white[owner] + others.walk[begin:end] * walk[owner]
        z = np.maximum(bends, 0.0) / np.sqrt(variance)
        least = np.minimum.reduceat(z, cells[:-1] - begin).reshape(-1, len(EASES))
        unlikely = UNLIKELY_RESTLESS if self.restless else UNLIKELY
        shares = self.tremble.share(ONSETS)
        if max(shares) > TREMBLES:
            trembles = np.repeat(np.array(shares) > TREMBLES, len(BASES))[first:last]
            unlikely = np.where(trembles[:, None], UNLIKELY_TREMBLING, unlikely)
        ratios = np.zeros(len(fine))
        ratios[first:last] = np.minimum.reduce(least * least / 2.0 + unlikely, axis=1)
        return ratios

    def onset_s(self, rise: Rise) -> float:
        """Return about when the level left the line of the flow before for good."""
        levels = self.track.last(rise.bins + LINE_BINS)
        ago = np.arange(len(levels) - 1, -1, -1)
        before = levels[:LINE_BINS]
        middle = float(ago[:LINE_BINS].mean())
        line = before.mean() + rise.base_ml_s * BIN_S * (middle - ago)
        over = levels - line > max(LEFT_ML, math.sqrt(self._noise.white))
        still = np.flatnonzero(~over)
        last = int(ago[still[-1]]) if len(still) else rise.bins
        left_s = self.track.end_s - BIN_S * last
        return LEFT_SHARE * left_s + (1.0 - LEFT_SHARE) * rise.onset_s - LAG_S

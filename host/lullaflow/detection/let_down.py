"""Finds let-downs: both bottles weighed together, one finding for both sides."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from lullaflow.detection.binning import BIN_S, Bin, Binner
from lullaflow.detection.bottle import Bottle
from lullaflow.detection.confidence import Signs, confidence
from lullaflow.detection.evidence import Rise
from lullaflow.detection.level import SPURT_S
from lullaflow.detection.samples import Samples
from lullaflow.detection.sight import Sight
from lullaflow.detection.stimulation import Stimulation
from lullaflow.detection.timing import untimely
from lullaflow.detection.vacuum import VacuumTracker
from lullaflow.detection.verdict import (
    TOGETHER_S,
    Seen,
    Side,
    is_let_down,
    rising,
    side_of,
    weigh,
)

PROOF_ML: Final = 5.0
"""Once a let-down has brought so much, milk is taken to come in this recording: an arm or a knock
that was told as one has seldom as much weight after it. Chosen."""

OVER_ML_S: Final = 0.04
"""Flow under this is over: most drips are less (up to 0.05 g/s). Chosen."""

OVER_SHARE: Final = 0.25
"""So is flow under this share of its peak: by the rule it is over at a fifth of what it added to
the flow before. Fitted."""

OVER_BINS: Final = 12
"""It is told after six seconds of it: a slow stroke must not end a flow. Chosen."""

SUSPECTED_BINS: Final = 10
"""What looked like a rise at all may still be one for five seconds: spurts come and go. Chosen."""

SUSPICIOUS: Final = 7.0
SUSPICIOUS_BINS: Final = 120
"""One with odds of a thousand to one was milk, most likely: that may flow for a minute. Chosen."""


@dataclass(frozen=True, slots=True)
class LetDownFound:
    """Flow has risen. Times are seconds of the recording; `signs` are what it was told by."""

    index: int
    side: Side
    onset_s: float
    detected_s: float
    flow_ml_min: float
    confidence: float
    signs: Signs = field(repr=False)


@dataclass(frozen=True, slots=True)
class FlowOver:
    """A let-down's flow is over: since when, and what it brought from its onset on."""

    index: int
    side: Side
    end_s: float
    volume_ml: float


Finding = LetDownFound | FlowOver


@dataclass
class _Flowing:
    """The let-down that flows now.

    Attributes:
        told_ml: what was in the bottles when it was told.
        before_ml: what it had brought by then.
        peak_ml_s: its highest flow so far.
        over_bins: for how long the flow has been over.
        ebbed: since when, recording time, and what was in the bottles then.
    """

    index: int
    side: Side
    told_ml: float
    before_ml: float
    peak_ml_s: float = 0.0
    over_bins: int = 0
    ebbed: tuple[float, float] = (0.0, 0.0)


class LetDownDetector:
    """Finds let-downs in samples, online and in constant memory.

    >>> import numpy as np
    >>> from lullaflow.detection import LetDownDetector, Samples
    >>> t = np.arange(0.0, 120.0, 0.1)
    >>> milk = np.clip(t - 60.0, 0.0, None) * 0.4  # 24 ml/min from the 60th second on
    >>> none = np.full_like(t, np.nan)
    >>> found = LetDownDetector().update(Samples(t, none, milk, none, none))
    >>> [(each.side, round(each.onset_s), each.detected_s) for each in found]
    [('left', 59, 67.5)]

    Attributes:
        suction: what the pump does, left and right.
        stimulation: for how long the pump has stimulated.
        count: let-downs found so far.
    """

    def __init__(self, judge: Callable[[Seen], bool] = is_let_down) -> None:
        """Begin; `judge` says of every rise, at every bin, whether it is a let-down."""
        self._judge = judge
        self._binner = Binner()
        self._last_s = -math.inf
        self._sides = (Bottle(), Bottle())
        self.suction = (VacuumTracker(), VacuumTracker())
        self.stimulation = Stimulation()
        self._flowing: _Flowing | None = None
        self._last_onset_s: float | None = None
        self._sight = Sight()
        self._gauged = False
        self._proven = False
        self._suspected_bins = 0
        self.count = 0

    @property
    def bottles(self) -> tuple[Bottle, Bottle]:
        """Return the left and the right bottle."""
        return self._sides

    @property
    def milk_flowing(self) -> bool:
        """Tell whether a let-down flows now."""
        return self._flowing is not None

    @property
    def milk_may_flow(self) -> bool:
        """Tell whether what rose may be milk that nobody told of.

        It is so for five seconds after anything that rose, and for a minute after what was nearly
        told.
        """
        return self._suspected_bins > 0

    def update(self, samples: Samples) -> list[Finding]:
        """Take samples in rising time, in any pieces, and return what they show.

        What flows at the end is told by `stop`.

        Raises:
            ValueError: where these are no samples (`Samples.check`). Nothing was taken then.
        """
        samples.check(self._last_s)
        if len(samples.t_s):
            self._last_s = float(samples.t_s[-1])
        return [finding for each in self._binner.push(samples) for finding in self.push(each)]

    def push(self, bin_: Bin) -> list[Finding]:
        """Take one bin."""
        start_s, end_s = bin_.start_s, bin_.end_s
        for vacuum, samples in zip(self.suction, bin_.channels[::2], strict=True):
            vacuum.push(start_s, samples)
            self._gauged = self._gauged or bool(samples)
        self.stimulation.push(end_s, max(vacuum.last_mmhg for vacuum in self.suction))
        spurt_s = self._spurt_s()
        for which, (side, suction) in enumerate(zip(self._sides, self.suction, strict=True)):
            side.push(bin_, which, suction, spurt_s)
        self._sight.push(bin_.index, self._sides, self.suction)
        weight = weigh(*self._sides)
        self._suspect(weight)
        findings = self._look_for_end(end_s)
        found = self._look_for_rise(end_s, weight)
        if found is not None:
            came_ml = self._came_ml(end_s - found.onset_s)
            findings += self._end(found.onset_s, self._total_ml() - came_ml)
            self._begin(found, came_ml)
            findings.append(found)
        return findings

    def stop(self, end_s: float) -> list[Finding]:
        """End what still flows, and return its end and volume: the session is over."""
        return self._end(end_s, self._total_ml())

    def _end(self, end_s: float, end_ml: float) -> list[Finding]:
        flowing, self._flowing = self._flowing, None
        if flowing is None:
            return []
        if flowing.over_bins:
            # What had ebbed does not come back: the session ends, or the next one begins.
            end_s, end_ml = min(flowing.ebbed, (end_s, end_ml))
        volume_ml = max(0.0, flowing.before_ml + end_ml - flowing.told_ml)
        return [FlowOver(flowing.index, flowing.side, end_s, volume_ml)]

    def _came_ml(self, since_s: float) -> float:
        """Return what has come in the last seconds."""
        return sum(side.came_ml(round(since_s / BIN_S)) for side in self._sides if side.present)

    def _spurt_s(self) -> float:
        """Return the time between two spurts: the pump's cycle, where its suction is known."""
        left, right = self.suction
        cpm = max(left.cycles_per_min, right.cycles_per_min)
        return min(max(60.0 / cpm, 0.5), 4.0) if cpm else SPURT_S

    def _total_ml(self) -> float:
        left, right = self._sides
        return left.milk_ml + right.milk_ml

    def _total_flow_ml_s(self) -> float:
        left, right = self._sides
        return left.flow_ml_s + right.flow_ml_s

    def _suspect(self, weight: float) -> None:
        bins = self._suspected_bins - 1
        if weight >= SUSPICIOUS:
            bins = max(bins, SUSPICIOUS_BINS)
        elif any(side.rise.against_none for side in self._sides):
            bins = max(bins, SUSPECTED_BINS)
        self._suspected_bins = max(bins, 0)

    def _look_for_rise(self, now_s: float, weight: float) -> LetDownFound | None:
        on = [rising(side) for side in self._sides]
        if not any(on):
            return None
        rising_ones = [side for side, part in zip(self._sides, on, strict=True) if part]
        onset_s = min(side.rise.onset_s for side in rising_ones)
        last_s = self._last_onset_s
        if last_s is not None and onset_s < last_s + TOGETHER_S:
            return None
        coarse = any(side.present and side.coarse for side in self._sides)
        seen = Seen(
            weight=weight,
            bins=max((side.rise for side in rising_ones), key=_evidence).bins,
            figures=self._sight.figures(
                self._sides,
                self.suction,
                weight,
                proven=self._proven,
                since_s=None if last_s is None else now_s - last_s,
            ),
            alone=not all(on),
            proven=self._proven,
            untimely=untimely(last_s, self.stimulation, coarse=coarse),
        )
        if not self._judge(seen):
            return None
        signs = self._signs()
        # Where no gauge looks, every bottle that is there counts as pumped.
        left, right = (vacuum.running or not self._gauged for vacuum in self.suction)
        return LetDownFound(
            index=self.count + 1,
            side=side_of(self._sides, (left, right), weight),
            onset_s=min(side.onset_s() for side in rising_ones),
            detected_s=now_s,
            flow_ml_min=60.0 * self._total_flow_ml_s(),
            confidence=confidence(signs),
            signs=signs,
        )

    def _signs(self) -> Signs:
        strong = max((side.rise for side in self._sides), key=_evidence)
        return Signs(
            since_s=BIN_S * strong.bins,
            touches_h=max(side.touches_h for side in self._sides if side.present),
            gained_ml_s=strong.gained_ml_s,
            base_ml_s=strong.base_ml_s,
        )

    def _begin(self, found: LetDownFound, came_ml: float) -> None:
        self.count += 1
        self._last_onset_s = found.onset_s
        for side in self._sides:
            side.begin()
        self._flowing = _Flowing(found.index, found.side, self._total_ml(), came_ml)

    def _look_for_end(self, now_s: float) -> list[Finding]:
        flowing = self._flowing
        if flowing is None or not all(side.known for side in self._sides):
            return []
        self._proven = self._proven or self._total_ml() - flowing.told_ml >= PROOF_ML
        flow = self._total_flow_ml_s()
        flowing.peak_ml_s = max(flowing.peak_ml_s, flow)
        over = flow < max(OVER_ML_S, OVER_SHARE * flowing.peak_ml_s)
        if over and not flowing.over_bins:
            flowing.ebbed = (now_s, self._total_ml())
        flowing.over_bins = flowing.over_bins + 1 if over else 0
        return self.stop(now_s) if flowing.over_bins >= OVER_BINS else []


def _evidence(rise: Rise) -> float:
    return rise.against_none

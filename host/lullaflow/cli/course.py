"""What a plot of a recording is drawn from: its samples, and what the core made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.samples import Samples
from lullaflow.session.core import Core
from lullaflow.session.inputs import Input
from lullaflow_protocol.events import (
    CueEnded,
    CueStarted,
    Event,
    FlowEnded,
    LetDown,
    LetDownSlow,
    PhaseChanged,
    SealLeak,
    SessionStarted,
)

Curve = NDArray[np.float64]

PIECE_S: Final = 0.5
"""The core's own bin: flow changes no oftener."""


@dataclass(slots=True)
class FoundLetDown:
    """One let-down; times are seconds of the recording, `end_s` None while it flows."""

    index: int
    side: str
    onset_s: float
    detected_s: float
    confidence: float
    end_s: float | None = None


@dataclass(slots=True)
class CueSpan:
    """One cue in the room; seconds of the recording, `end_s` None while it goes on."""

    cue: str
    begin_s: float
    end_s: float | None = None


@dataclass
class Course:
    """A recording as it went.

    Attributes:
        let_downs, cues: as they were found and shown.
        phases: `(at_s, name)` of each phase of the pump.
        slow_s, leaks_s: when a let-down was slow, and when the seal was mentioned.
    """

    let_downs: list[FoundLetDown] = field(default_factory=list)
    cues: list[CueSpan] = field(default_factory=list)
    phases: list[tuple[float, str]] = field(default_factory=list)
    slow_s: list[float] = field(default_factory=list)
    leaks_s: list[float] = field(default_factory=list)
    _pieces: list[Samples] = field(default_factory=list)
    _flows: list[tuple[float, float, float]] = field(default_factory=list)
    _begin_s: float = 0.0

    def follow(self, core: Core, inputs: Iterable[Input]) -> Iterator[Input]:
        """Yield the inputs for the core, in pieces so short that its flow can be read between."""
        for item in inputs:
            if not isinstance(item, Samples):
                yield item
                continue
            self._pieces.append(item)
            for piece in _cut(item):
                yield piece
                view = core.view
                left, right = view.flow_left_ml_min, view.flow_right_ml_min
                self._flows.append(
                    (
                        float(piece.t_s[-1]),
                        np.nan if left is None else left,
                        np.nan if right is None else right,
                    )
                )

    def add(self, event: Event) -> None:
        """Take what the core told."""
        if isinstance(event, SessionStarted):
            self._begin_s = event.recording_s or 0.0
        now_s = self._begin_s + event.t_s
        match event:
            case LetDown() | FlowEnded():
                self._add_milk(event)
            case CueStarted() | CueEnded():
                self._add_cue(event, now_s)
            case PhaseChanged():
                self.phases.append((now_s, event.phase))
            case LetDownSlow():
                self.slow_s.append(now_s)
            case SealLeak():
                self.leaks_s.append(now_s)
            case _:
                pass

    def _add_milk(self, event: LetDown | FlowEnded) -> None:
        begin_s = self._begin_s
        if isinstance(event, LetDown):
            onset_s, detected_s = begin_s + event.onset_s, begin_s + event.detected_s
            self.let_downs.append(
                FoundLetDown(event.index, event.side, onset_s, detected_s, event.confidence)
            )
            return
        for each in reversed(self.let_downs):
            if each.index == event.index:
                each.end_s = begin_s + event.end_s
                return

    def _add_cue(self, event: CueStarted | CueEnded, now_s: float) -> None:
        if isinstance(event, CueStarted):
            self.cues.append(CueSpan(event.cue, now_s))
            return
        for cue in reversed(self.cues):
            if cue.cue == event.cue and cue.end_s is None:
                cue.end_s = now_s
                return

    def channel(self, name: str) -> tuple[Curve, Curve]:
        """Return the moments (s) and the values of one channel's samples."""
        if not self._pieces:
            return np.empty(0), np.empty(0)
        t_s = np.concatenate([each.t_s for each in self._pieces])
        values = np.concatenate([getattr(each, name) for each in self._pieces])
        there = ~np.isnan(values)
        return t_s[there], values[there]

    def flow_ml_min(self, side: str) -> tuple[Curve, Curve]:
        """Return the moments (s) and the flow of one side, NaN outside of sessions."""
        if not self._flows:
            return np.empty(0), np.empty(0)
        table = np.array(self._flows)
        return table[:, 0], table[:, 1 if side == "left" else 2]


def _cut(samples: Samples) -> Iterator[Samples]:
    number = np.floor(samples.t_s / PIECE_S)
    cuts = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(samples.t_s)]
    for first, last in pairwise(cuts):
        yield Samples(
            samples.t_s[first:last],
            samples.left_vacuum_mmhg[first:last],
            samples.left_volume_ml[first:last],
            samples.right_vacuum_mmhg[first:last],
            samples.right_volume_ml[first:last],
        )

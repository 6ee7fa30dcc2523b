"""The whole core over one recording: what it says, when, and how long it counted stimulation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from bench.detection.recording import COLUMNS, Recording
from lullaflow.detection import Samples
from lullaflow.session.core import Core, View
from lullaflow.session.inputs import CoreSettings, RecordingEnded, RecordingInfo
from lullaflow_protocol.events import Event, SessionStarted

INFO_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)

LOOK_S: Final = 10.0
"""How often the core is asked how long it has counted."""


@dataclass(frozen=True, slots=True)
class Said:
    """One event, and its moment in the recording."""

    at_s: float
    event: Event


@dataclass(frozen=True, slots=True)
class Played:
    """What the core made of a recording.

    Attributes:
        said: its events.
        counted_s: `(at_s, stimulation_s)` while the first session ran.
    """

    said: tuple[Said, ...]
    counted_s: tuple[tuple[float, float], ...]


def play(made: Recording, until: tuple[type[Event], ...] = ()) -> Played:
    """Replay a recording through the core, to its end or until one of some events is said."""
    core = Core(RecordingInfo("bench", INFO_AT, CoreSettings(volume_only=made.volume_only)))
    samples = made.samples
    end_s = float(samples.t_s[-1])
    edges = np.searchsorted(samples.t_s, np.arange(LOOK_S, end_s, LOOK_S)).tolist()
    events: list[Event] = []
    views: list[View] = []
    for first, last in zip((0, *edges), (*edges, len(samples.t_s)), strict=True):
        events += core.step(Samples(*(getattr(samples, name)[first:last] for name in COLUMNS)))
        views.append(core.view)
        if any(isinstance(event, until) for event in events):
            return Played(tuple(_dated(events)), tuple(_counted(views)))
    events += core.step(RecordingEnded(end_s, "recording_ended"))
    return Played(tuple(_dated(events)), tuple(_counted(views)))


def _dated(events: Sequence[Event]) -> Iterator[Said]:
    begin_s = 0.0
    for event in events:
        if isinstance(event, SessionStarted):
            begin_s = event.recording_s or 0.0
        yield Said(event.t_s + (0.0 if event.session is None else begin_s), event)


def _counted(views: Sequence[View]) -> Iterator[tuple[float, float]]:
    running = [view for view in views if view.session is not None]
    for view in running:
        if view.session == running[0].session and view.session_started_at is not None:
            begin_s = (view.session_started_at - INFO_AT).total_seconds()
            yield begin_s + view.session_s, view.stimulation_s

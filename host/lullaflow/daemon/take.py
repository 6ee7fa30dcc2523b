"""One recording while it is made: every input is stored before what follows from it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lullaflow.detection.samples import Samples
from lullaflow.session.core import Core, View
from lullaflow.session.frames import FrameReader
from lullaflow.session.inputs import Input, RecordingInfo
from lullaflow.session.replay import input_from_json, input_to_json
from lullaflow.store import Entry, Recording, Store, StoredFrame, StoredInput
from lullaflow_protocol import wire
from lullaflow_protocol.events import Event, SessionEnded

# Entries read and stepped at once when a recording is replayed at start; a night's hour is 7200.
_REPLAY_BATCH = 2000
# The way to the store's thread and back takes longer than everything else between a frame and the
# house, so those who watch are told first. A crash in between costs nothing: the board still has
# the frame.
TELL_FIRST_S = 0.005
# Long for any disk that writes at all; a full one keeps nobody from ending the daemon.
LAST_WRITE_S = 1.0


@dataclass(frozen=True, slots=True)
class RawFrame:
    """A frame as the link delivers it, its bytes and what they say."""

    raw: bytes
    frame: wire.Frame

    @property
    def seq(self) -> int:
        """Return its sequence number."""
        return self.frame.seq


class Take:
    """One recording, its core, and the law between them: stored first, then told.

    An event leaves, and a cue begins, only when the inputs it comes from are stored. Where nothing
    happened, the view, which tells of this moment only, may be one batch ahead of the disk.

    Attributes:
        recording: the store's row.
        t_s: device time up to which the core has seen everything.
        last_seq: sequence number of the newest frame in it, None before the first.
        ended: whether its session has ended.
    """

    def __init__(self, store: Store, recording: Recording) -> None:
        self._store = store
        self._core = Core(recording.info)
        self._frames = FrameReader()
        self._position = 0
        self._told_first: asyncio.TimerHandle | None = None
        self._unstored: tuple[int, Sequence[Entry]] = (0, ())
        self._storing: asyncio.Task[None] | None = None
        self.recording = recording
        self.t_s = 0.0
        self.last_seq: int | None = None
        self.ended = False
        self._idle_since_s = 0.0

    @classmethod
    async def begin(cls, store: Store, boot_id: int, info: RecordingInfo) -> Take:
        """Begin a new recording."""
        return cls(store, await store.begin_recording(boot_id, info))

    @classmethod
    async def resume(cls, store: Store, recording: Recording) -> tuple[Take, list[Event]]:
        """Take up a recording that was cut short: its core sees everything again.

        Returns:
            the take, and the events that the crash kept from being stored.
        """
        take = cls(store, recording)
        unsaid: list[Event] = []
        while entries := await store.entries(recording, take._position, _REPLAY_BATCH):
            take._position += len(entries)
            events = [event for entry in entries for event in take._act_on(entry)]
            unsaid += await store.add_events(recording, events)
        return take, unsaid

    @property
    def view(self) -> View:
        """What is happening now."""
        return self._core.view

    @property
    def idle_s(self) -> float:
        """Device time since a session ran, or since the recording began."""
        return 0.0 if self._core.in_session else self.t_s - self._idle_since_s

    @property
    def is_over(self) -> bool:
        """Whether its session has ended, and the pump rests: the next suction is another's.

        A session that a person has ended may leave the pump running for a while.
        """
        return self.ended and self._core.pump_rests

    @property
    def last_suction_s(self) -> float:
        """The last moment with suction, device time."""
        return self._core.last_suction_s

    @property
    def milk_until(self) -> datetime | None:
        """When the newest sitting in which milk came had its last suction, wall time."""
        until_s = self._core.milk_until_s
        if until_s is None:
            return None
        return self.recording.info.started_at + timedelta(seconds=until_s)

    async def feed(self, inputs: Sequence[RawFrame | Input]) -> list[Event]:
        """Store inputs in one go and let the core act on them; return what it said, stored."""
        entries: list[Entry] = [
            StoredFrame(item.seq, item.raw)
            if isinstance(item, RawFrame)
            else StoredInput(input_to_json(item))
            for item in inputs
        ]
        await self.settle()
        position, self._position = self._position, self._position + len(entries)
        events = [
            event
            for entry, item in zip(entries, inputs, strict=True)
            for event in self._act_on(entry, item.frame if isinstance(item, RawFrame) else None)
        ]
        if not events:
            self._unstored = position, entries
            loop = asyncio.get_running_loop()
            self._told_first = loop.call_later(TELL_FIRST_S, self._begin_storing)
            return []
        await self._store.append(self.recording, position, entries)
        return await self._store.add_events(self.recording, events)

    async def settle(self) -> None:
        """Return when everything that was fed is on the disk."""
        if self._told_first is not None:
            self._begin_storing()
        if self._storing is not None:
            await self._storing
            self._storing = None

    async def let_go(self) -> None:
        """Give the last batch a moment to reach the disk, before the daemon ends."""
        if self._told_first is not None:
            self._begin_storing()
        if self._storing is not None:
            await asyncio.wait((self._storing,), timeout=LAST_WRITE_S)
            self._storing.cancel()

    async def end(self) -> None:
        """Close the recording for good (the core has been told already)."""
        await self.settle()
        await self._store.end_recording(self.recording)

    def _begin_storing(self) -> None:
        """Store what was fed last; whoever watches has been told by now, or cannot wait."""
        if self._told_first is not None:
            self._told_first.cancel()
            self._told_first = None
        self._storing = asyncio.create_task(
            self._store.append(self.recording, *self._unstored),
            name=f"pump[{self.recording.info.pump}].store",
        )

    def _act_on(self, entry: Entry, frame: wire.Frame | None = None) -> list[Event]:
        """Let the core act on an entry; a frame that came just now need not be decoded again."""
        item = _input(entry, self._frames) if frame is None else self._frames.samples(frame)
        if isinstance(entry, StoredFrame):
            self.last_seq = entry.seq
        if isinstance(item, Samples) and len(item.t_s):
            self.t_s = float(item.t_s[-1])
        events = self._core.step(item)
        for event in events:
            if isinstance(event, SessionEnded):
                self.ended = True
                self._idle_since_s = self.t_s
        return events


async def recorded_inputs(store: Store, recording: Recording) -> list[Input]:
    """Return every input of a recording, as its core saw them."""
    reader = FrameReader()
    inputs: list[Input] = []
    position = 0
    while entries := await store.entries(recording, position, _REPLAY_BATCH):
        position += len(entries)
        inputs += (_input(entry, reader) for entry in entries)
    return inputs


def _input(entry: Entry, reader: FrameReader) -> Input:
    if isinstance(entry, StoredInput):
        return input_from_json(entry.json)
    return reader.samples(wire.decode_frame(entry.raw))

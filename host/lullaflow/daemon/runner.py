"""One pump, from its link to everybody who follows its session."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, Protocol

import structlog

from lullaflow.daemon.take import RawFrame, Take
from lullaflow.link.items import FrameArrived, GapFilled, LinkDown, LinkItem, LinkUp, StatusRead
from lullaflow.link.sequence import ahead
from lullaflow.session.core import View
from lullaflow.session.inputs import (
    Asked,
    CoreSettings,
    CueStep,
    Input,
    LadderSet,
    LinkCameBack,
    LinkWentDown,
    RecordingEnded,
    RecordingInfo,
    SensorChanged,
)
from lullaflow.store import Store
from lullaflow_protocol import wire
from lullaflow_protocol.events import Event

FRAME_S = wire.FRAME_MS / 1000
# The board keeps two and a half minutes of frames. After twice that, samples are gone for good and
# hardly anybody is at the pump any more: the session is closed with what is known.
LINK_AWAY_S = 300.0
# A session needs three seconds of suction to begin. Fed in pieces no longer than that, a recording
# can end with its session before the next one begins: so each session has one of its own.
FRAMES_AT_ONCE = 6
# While nobody pumps, a recording is begun anew this often, so that idle nights fill no disk.
IDLE_ROTATE_S = 600.0
# Samples taken over into the next recording, so that a session which begins just then is whole: its
# first suction is dated back by less than this.
PRE_ROLL_S = 30.0

Command = Literal["start_cue", "stop_cues", "snooze", "end_session"]

log = structlog.get_logger(__name__)


class Link(Protocol):
    """What the runner needs of a pump's link."""

    def resume_after(self, boot_id: int, seq: int | None) -> None:
        """Fetch what came after this frame, when the board still runs since the same start."""

    def items(self) -> AsyncIterator[LinkItem]:
        """Yield what the pump brings, in order, for ever."""


class Follower(Protocol):
    """Whoever acts on a pump's session: outbox, players, page."""

    def on_event(self, event: Event) -> None:
        """Something happened, and is stored."""

    def on_view(self, pump: str, view: View) -> None:
        """What is happening now."""


@dataclass(frozen=True, slots=True)
class _Ask:
    command: Command
    cue: str | None


@dataclass(frozen=True, slots=True)
class _SetLadder:
    ladder: tuple[CueStep, ...]


class PumpRunner:
    """Carries what a pump's link brings through store and core, in order, for ever.

    Args:
        pump: the pump's slug.
        link: where items come from.
        store: where everything goes first.
        settings: the core's settings for new recordings.
        clock: wall time now, aware, UTC.
        follower: told what happened, once it is stored.
    """

    def __init__(
        self,
        pump: str,
        link: Link,
        store: Store,
        settings: CoreSettings,
        clock: Callable[[], datetime],
        follower: Follower,
    ) -> None:
        self.pump = pump
        self._link = link
        self._store = store
        self._settings = settings
        self._ladder = settings.ladder
        self._clock = clock
        self._follower = follower
        self._inbox: asyncio.Queue[LinkItem | _Ask | _SetLadder] = asyncio.Queue()
        self._take: Take | None = None
        self._batch: list[RawFrame] = []
        self._pre_roll: deque[RawFrame] = deque(maxlen=int(PRE_ROLL_S / FRAME_S))
        self._status: wire.Status | None = None
        self._give_up_at: float | None = None
        self._last_start: datetime | None = None
        self._milk_until: datetime | None = None

    def ask(self, command: Command, cue: str | None = None) -> bool:
        """Hand a person's wish to the core; False when no session runs that could heed it."""
        if self._take is None or self._take.view.session is None:
            return False
        self._inbox.put_nowait(_Ask(command, cue))
        return True

    def set_ladder(self, ladder: tuple[CueStep, ...]) -> None:
        """Have the core climb by another ladder from now on, in this session and later ones."""
        if ladder != self._ladder:
            self._ladder = ladder
            self._inbox.put_nowait(_SetLadder(ladder))

    async def run(self) -> None:
        """Take up what a restart cut short, then follow the link until cancelled."""
        await self._resume()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(), name=f"pump[{self.pump}].listen")
                while True:
                    for item in await self._next_items():
                        await self._handle(item)
                    await self._flush()
                    if self._take is not None:
                        self._follower.on_view(self.pump, self._take.view)
        finally:
            if self._take is not None:
                await self._take.let_go()

    async def _listen(self) -> None:
        async for item in self._link.items():
            self._inbox.put_nowait(item)

    async def _next_items(self) -> list[LinkItem | _Ask | _SetLadder]:
        """Return all that waits, at least one item; nothing when the link stayed away too long."""
        try:
            async with asyncio.timeout_at(self._give_up_at):
                items = [await self._inbox.get()]
        except TimeoutError:
            self._give_up_at = None
            await self._end_take("link_lost")
            return []
        while not self._inbox.empty():
            items.append(self._inbox.get_nowait())
        return items

    async def _handle(self, item: LinkItem | _Ask | _SetLadder) -> None:
        match item:
            case FrameArrived():
                await self._take_in(item)
            case LinkUp():
                self._give_up_at = None
            case LinkDown():
                self._give_up_at = asyncio.get_running_loop().time() + LINK_AWAY_S
                await self._tell(LinkWentDown)
            case GapFilled(recovered=recovered, lost=lost):
                await self._tell(
                    partial(
                        LinkCameBack,
                        gap_s=(recovered + lost) * FRAME_S,
                        frames_recovered=recovered,
                        frames_lost=lost,
                    )
                )
            case StatusRead(status=status):
                self._status = status
                await self._note_faults()
            case _Ask(command=command, cue=cue):
                await self._tell(partial(Asked, command=command, cue=cue))
            case _SetLadder(ladder=ladder):
                self._settings = replace(self._settings, ladder=ladder)
                await self._tell(partial(LadderSet, ladder=ladder))

    async def _take_in(self, item: FrameArrived) -> None:
        boot_id = item.frame.boot_id
        if self._take is not None and self._take.recording.boot_id != boot_id:
            await self._flush()
            await self._end_take("recording_ended")
        if self._take is None:
            age_s = FRAME_S
            if self._status is not None and self._status.boot_id == boot_id:
                # A board that had no frame yet when it was asked says one before its first.
                age_s += FRAME_S * max(0, ahead(self._status.newest_seq, item.frame.seq))
            await self._begin_take(boot_id, self._clock() - timedelta(seconds=age_s))
        self._batch.append(RawFrame(item.raw, item.frame))

    async def _tell(self, make: Callable[[float], Input]) -> None:
        """Give the core an input at the moment up to which it has seen everything."""
        await self._flush()
        if self._take is not None:
            self._spread(await self._take.feed([make(self._take.t_s)]))

    async def _flush(self) -> None:
        if self._take is None or not self._batch:
            return
        batch, self._batch = self._batch, []
        for first in range(0, len(batch), FRAMES_AT_ONCE):
            await self._feed(batch[first : first + FRAMES_AT_ONCE])
            await self._rotate()

    async def _feed(self, frames: list[RawFrame]) -> None:
        if self._take is not None:
            self._pre_roll.extend(frames)
            self._spread(await self._take.feed(frames))

    def _spread(self, events: list[Event]) -> None:
        for event in events:
            self._follower.on_event(event)

    # -- which recording

    async def _resume(self) -> None:
        """Take up the newest unfinished recording, close the others."""
        for recording in await self._store.unfinished(self.pump):
            await self._end_take("recording_ended")
            self._take, unsaid = await Take.resume(self._store, recording)
            self._spread(unsaid)
        take = self._take
        if take is None:
            return
        log.info("recording taken up again", pump=self.pump, session=take.view.session)
        seen_until = take.recording.info.started_at + timedelta(seconds=take.t_s)
        if (self._clock() - seen_until).total_seconds() > LINK_AWAY_S:
            await self._end_take("link_lost")
            return
        self._link.resume_after(take.recording.boot_id, take.last_seq)
        if take.view.link_up:
            await self._tell(LinkWentDown)
        self._give_up_at = asyncio.get_running_loop().time() + LINK_AWAY_S
        self._follower.on_view(self.pump, take.view)

    async def _begin_take(self, boot_id: int, started_at: datetime) -> None:
        # Ids of events follow from its milliseconds, and must differ.
        started_at = started_at.replace(microsecond=started_at.microsecond // 1000 * 1000)
        if started_at == self._last_start:
            started_at += timedelta(milliseconds=1)
        self._last_start = started_at
        milk_until_s = None
        if self._milk_until is not None:
            milk_until_s = min(0.0, (self._milk_until - started_at).total_seconds())
        info = RecordingInfo(self.pump, started_at, self._settings, milk_until_s)
        self._take = await Take.begin(self._store, boot_id, info)
        self._pre_roll.clear()

    async def _end_take(self, reason: Literal["link_lost", "recording_ended"]) -> None:
        if self._take is None:
            return
        await self._tell(partial(RecordingEnded, reason=reason))
        self._follower.on_view(self.pump, self._take.view)
        self._milk_until = self._take.milk_until
        await self._take.end()
        self._take = None

    async def _rotate(self) -> None:
        """Begin the recording anew after a session, and now and then while nobody pumps."""
        take = self._take
        if take is None or not (take.is_over or take.idle_s >= IDLE_ROTATE_S):
            return
        pre_roll = list(self._pre_roll)
        if take.is_over:
            # Suction of the old session must not begin a new one.
            quiet = int((take.t_s - take.last_suction_s) / FRAME_S)
            pre_roll = pre_roll[max(0, len(pre_roll) - quiet) :]
        began_s = max(0.0, take.t_s - len(pre_roll) * FRAME_S)
        started_at = take.recording.info.started_at + timedelta(seconds=began_s)
        await self._end_take("recording_ended")
        await self._begin_take(take.recording.boot_id, started_at)
        await self._feed(pre_roll)
        await self._note_faults()

    async def _note_faults(self) -> None:
        """Tell the core which sensors fail and which are well again."""
        if self._take is None or self._status is None:
            return
        known = self._take.view.faults
        for sensor, code in zip(wire.CHANNELS, self._status.faults, strict=True):
            before = known.get(sensor)
            now = None if code == wire.FAULT_NONE else _fault_name(code)
            if now == before:
                continue
            if before is not None:
                await self._tell(partial(SensorChanged, sensor=sensor, fault=before, well=True))
            if now is not None:
                await self._tell(partial(SensorChanged, sensor=sensor, fault=now, well=False))


def _fault_name(code: int) -> str:
    """Return a fault's name; newer boards may know kinds that this version does not."""
    return wire.FAULT_NAMES[code] if code < len(wire.FAULT_NAMES) else f"unknown_{code}"

"""A pump's runner: stored first, nothing lost or said twice, one recording for each session."""

from __future__ import annotations

import asyncio
import io
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeGuard

import pytest

from lullaflow.daemon import runner as runner_module
from lullaflow.daemon.runner import PumpRunner
from lullaflow.daemon.take import recorded_inputs
from lullaflow.link.items import FrameArrived, GapFilled, LinkDown, LinkItem, LinkUp, StatusRead
from lullaflow.session.core import Core, View
from lullaflow.session.inputs import CoreSettings, CueStep
from lullaflow.session.replay import read_recording, write_recording
from lullaflow.store import Store, database, open_store
from lullaflow_protocol import wire
from lullaflow_protocol.events import CueStarted, Event, SensorFault, SensorRecovered, dump_event

from .pumping import frames

NOW = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)
SETTINGS = CoreSettings(
    slow_after_s=20,
    ladder=(CueStep("music", "music", 0.0), CueStep("photo", "photo", 10.0)),
    session_idle_s=20,
)
SESSION = ((5.0, False), (60.0, True), (25.0, False))


class ScriptedLink:
    """The radio's edge: what a test puts in comes out as a link's items."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[LinkItem] = asyncio.Queue()
        self.resumed: tuple[int, int | None] | None = None

    def resume_after(self, boot_id: int, seq: int | None) -> None:
        self.resumed = (boot_id, seq)

    async def items(self) -> AsyncIterator[LinkItem]:
        while True:
            yield await self.queue.get()

    def bring(self, raws: Iterable[bytes]) -> None:
        for raw in raws:
            self.queue.put_nowait(FrameArrived(raw, wire.decode_frame(raw), replayed=False))


@dataclass
class Witness:
    """Follows the runner."""

    events: list[Event] = field(default_factory=list)
    view: View | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    def on_view(self, pump: str, view: View) -> None:
        self.view = view
        self._news.set()

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not reached():
                self._news.clear()
                await self._news.wait()

    async def said(self, kind: str) -> Any:
        await self.until(lambda: kind in self.types())
        return next(event for event in self.events if event.type == kind)

    def types(self) -> list[str]:
        return [event.type for event in self.events]


@dataclass
class Running:
    link: ScriptedLink
    runner: PumpRunner
    witness: Witness


@asynccontextmanager
async def running(store: Store, now: datetime = NOW) -> AsyncIterator[Running]:
    link, witness = ScriptedLink(), Witness()
    runner = PumpRunner("nursery", link, store, SETTINGS, lambda: now, witness)
    task = asyncio.create_task(runner.run())
    try:
        yield Running(link, runner, witness)
        if task.done():
            await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "l.db") as opened:
        yield opened


async def test_a_session_is_told_stored_and_its_replay_says_the_same(store: Store) -> None:
    async with running(store) as it:
        it.link.bring(frames(*SESSION))
        await it.witness.said("session_ended")
    expected = [
        *("session_started", "phase_changed", "let_down_slow", "cue_started", "cue_started"),
        *("phase_changed", "cue_ended", "cue_ended", "session_ended"),
    ]
    assert [t for t in it.witness.types() if t != "seal_leak"] == expected
    pending = [text for _, _, text in await store.pending()]
    assert pending == [dump_event(event) for event in it.witness.events]
    (session,) = await store.sessions()
    recording = await store.recording(session.recording)
    exported = io.StringIO(newline="")
    write_recording(exported, recording.info, await recorded_inputs(store, recording))
    exported.seek(0)
    info, inputs = read_recording(exported)
    core = Core(info)
    assert [dump_event(e) for item in inputs for e in core.step(item)] == pending


async def test_nobody_acts_on_what_is_not_stored(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "RETRY_S", 0.01)
    await store._database.once(lambda db: db.execute("PRAGMA busy_timeout = 1").fetchone())
    async with running(store) as it:
        it.link.bring(frames((2.0, False)))
        await it.witness.until(lambda: it.witness.view is not None)
        other = sqlite3.connect(tmp_path / "l.db")
        other.execute("BEGIN IMMEDIATE")
        it.link.bring(frames((60.0, True), first_seq=4))
        async with asyncio.timeout(5):
            while store.problem is None:  # noqa: ASYNC110 - people look at it
                await asyncio.sleep(0.01)
        assert it.witness.events == []
        other.rollback()
        other.close()
        await it.witness.said("let_down_slow")


@pytest.mark.parametrize("crash_after", [4, 30, 61, 100, 135, 179])
async def test_a_crash_loses_nothing_and_repeats_nothing(store: Store, crash_after: int) -> None:
    everything = list(frames(*SESSION))
    async with running(store) as before:
        before.link.bring(everything[:crash_after])
        await before.witness.until(before.link.queue.empty)
        await before.witness.until(lambda: _frames_seen(before) == crash_after)
    async with running(store) as after:
        # What the board kept meanwhile, and then new frames.
        after.link.queue.put_nowait(LinkUp("C0:FF:EE:00:00:01", "Lullaflow"))
        after.link.bring(everything[crash_after:])
        after.link.queue.put_nowait(GapFilled(len(everything) - crash_after, 0))
        await after.witness.said("link_restored")
    assert after.link.resumed == (7, crash_after - 1)
    said = [*before.witness.events, *after.witness.events]
    ids = [event.id for event in said]
    assert ids == sorted(set(ids))
    assert [text for _, _, text in await store.pending()] == [dump_event(event) for event in said]
    alone = [e.type for e in said if e.type not in ("link_lost", "link_restored", "seal_leak")]
    assert alone == [
        *("session_started", "phase_changed", "let_down_slow", "cue_started", "cue_started"),
        *("phase_changed", "cue_ended", "cue_ended", "session_ended"),
    ]


def _frames_seen(it: Running) -> int:
    take = it.runner._take
    return 0 if take is None or take.last_seq is None else take.last_seq + 1


async def test_events_that_a_crash_kept_from_being_stored_are_said_after_it(store: Store) -> None:
    async with running(store) as before:
        before.link.bring(frames((5.0, False), (40.0, True)))
        await before.witness.said("cue_started")
    await store._database.once(lambda db: db.execute("DELETE FROM events WHERE number > 2"))
    async with running(store) as after:
        await after.witness.said("cue_started")
    assert after.witness.types()[:2] == ["let_down_slow", "cue_started"]


async def test_a_session_of_yesterday_is_closed_and_plays_no_music_now(store: Store) -> None:
    async with running(store) as before:
        before.link.bring(frames((5.0, False), (40.0, True)))
        await before.witness.said("cue_started")
    async with running(store, NOW + timedelta(hours=9)) as after:
        end = await after.witness.said("session_ended")
        assert end.reason == "link_lost"
        await after.witness.until(lambda: after.witness.view is not None)
        assert after.witness.view is not None
        assert after.witness.view.cues == ()
    assert after.link.resumed is None


async def test_cues_that_ran_before_a_restart_go_on(store: Store) -> None:
    async with running(store) as before:
        before.link.bring(frames((5.0, False), (40.0, True)))
        await before.witness.until(lambda: len(_cues(before)) == 2)
    async with running(store) as after:
        await after.witness.until(lambda: after.witness.view is not None)
        assert after.witness.view is not None
        assert [cue.cue for cue in after.witness.view.cues] == ["music", "photo"]
        assert after.witness.types() == ["link_lost"]


async def test_a_rebooted_board_begins_a_new_recording(store: Store) -> None:
    async with running(store) as it:
        it.link.bring(frames((5.0, False), (40.0, True), boot_id=7))
        it.link.bring(frames((40.0, True), boot_id=8))
        await it.witness.said("session_ended")
        await it.witness.until(lambda: it.witness.types().count("session_started") == 2)
        end = await it.witness.said("session_ended")
    assert end.reason == "recording_ended"
    boots = [(await store.recording(s.recording)).boot_id for s in await store.sessions()]
    assert sorted(boots) == [7, 8]


async def test_a_link_that_stays_away_ends_the_session(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "LINK_AWAY_S", 0.05)
    async with running(store) as it:
        it.link.bring(frames((5.0, False), (40.0, True)))
        it.link.queue.put_nowait(LinkDown())
        end = await it.witness.said("session_ended")
        assert end.reason == "link_lost"
        assert "link_lost" in it.witness.types()
        # It comes back much later: what the board still has begins a recording of its own.
        it.link.queue.put_nowait(LinkUp("C0:FF:EE:00:00:01", "Lullaflow"))
        it.link.queue.put_nowait(GapFilled(0, 500))
        it.link.bring(frames((40.0, True), first_seq=600))
        await it.witness.until(lambda: it.witness.types().count("session_started") == 2)


@pytest.mark.parametrize(("newest_seq", "age_s"), [(2**32 - 1, 0.5), (0, 0.5), (20, 10.5)])
async def test_a_recording_is_dated_back_to_what_the_board_still_had(
    store: Store, newest_seq: int, age_s: float
) -> None:
    async with running(store) as it:
        none = (wire.FAULT_NONE,) * 4
        status = wire.Status((1, 0, 0), 7, 0, newest_seq, 1, wire.RESET_POWER_ON, none)
        it.link.queue.put_nowait(StatusRead(status))
        it.link.bring(frames((5.0, False)))
        await it.witness.until(lambda: it.witness.view is not None)
        (recording,) = await store.unfinished("nursery")
    assert (NOW - recording.info.started_at).total_seconds() == age_s


async def test_a_short_gap_is_told_with_what_was_recovered(store: Store) -> None:
    async with running(store) as it:
        it.link.bring(frames((5.0, False), (10.0, True)))
        it.link.queue.put_nowait(LinkDown())
        await it.witness.said("link_lost")
        it.link.bring(frames((10.0, True), first_seq=30))
        it.link.queue.put_nowait(GapFilled(18, 2))
        back = await it.witness.said("link_restored")
    assert (back.gap_s, back.frames_recovered, back.frames_lost) == (10.0, 18, 2)


async def test_each_session_has_its_recording_and_idle_nights_fill_no_disk(store: Store) -> None:
    night = ((700.0, False), *SESSION, (700.0, False), *SESSION, (60.0, False))
    async with running(store) as it:
        batch = 50  # as while catching up, not the whole night at once
        everything = list(frames(*night))
        for first in range(0, len(everything), batch):
            it.link.bring(everything[first : first + batch])
            await it.witness.until(it.link.queue.empty)
            await asyncio.sleep(0)
        await it.witness.until(lambda: it.witness.types().count("session_ended") == 2)
        sessions = await store.sessions()
        recordings = {session.recording for session in sessions}
        assert len(recordings) == 2
        for session in sessions:
            recording = await store.recording(session.recording)
            inputs = await recorded_inputs(store, recording)
            core = Core(recording.info)
            said = [dump_event(e) for item in inputs for e in core.step(item)]
            assert said == await store.events(session)
        stored = await store._database.once(
            lambda db: db.execute("SELECT count(*) FROM frames").fetchone()[0]
        )
    assert stored < len(everything) * 0.8


@pytest.mark.parametrize("asked", [False, True])
async def test_who_begins_again_at_once_has_two_recordings(store: Store, asked: bool) -> None:
    """As she does who has only changed the bottle, or has ended the session on the page."""
    first = list(frames((5.0, False), (40.0, True), (4.0 if asked else 22.0, False)))
    then = list(frames((40.0, True), (25.0, False), first_seq=len(first)))
    async with running(store) as it:
        it.link.bring(first[:85])
        if asked:
            await it.witness.said("cue_started")
            assert it.runner.ask("end_session")
            await it.witness.said("session_ended")
        # All in one go, as after a gap.
        it.link.bring([*first[85:], *then])
        await it.witness.until(lambda: it.witness.types().count("session_ended") == 2)
    again = []
    for session in reversed(await store.sessions()):
        recording = await store.recording(session.recording)
        core = Core(recording.info)
        for item in await recorded_inputs(store, recording):
            again += core.step(item)
    assert again == it.witness.events


@pytest.mark.parametrize(("rest_s", "slow"), [(30.0, False), (330.0, True)])
async def test_who_had_milk_just_now_waits_for_no_first_let_down(
    store: Store, rest_s: float, slow: bool
) -> None:
    night = [
        *frames((5.0, False), (15.0, True)),
        *frames((10.0, True), first_seq=40, flow_g_s=0.5),
        *frames((rest_s, False), (40.0, True), (30.0, False), first_seq=60, milk_g=5.0),
    ]
    async with running(store) as it:
        it.link.bring(night)
        await it.witness.until(lambda: it.witness.types().count("session_ended") == 2)
    assert len({session.recording for session in await store.sessions()}) == 2
    assert "let_down" in it.witness.types()
    assert it.witness.types().count("let_down_slow") == int(slow)


async def test_wishes_reach_the_core_and_the_recording(store: Store) -> None:
    async with running(store) as it:
        assert not it.runner.ask("snooze")  # there is nothing yet that could keep it
        it.link.bring(frames((5.0, False), (40.0, True)))
        await it.witness.said("cue_started")
        assert it.runner.ask("snooze")
        ended = await it.witness.said("cue_ended")
        assert ended.reason == "not_now"
        assert it.runner.ask("start_cue", "photo")
        await it.witness.until(lambda: len(_cues(it)) == 2)
        assert it.runner.ask("end_session")
        end = await it.witness.said("session_ended")
        assert (end.reason, end.cues) == ("asked", ["music", "photo"])


def _cues(it: Running) -> list[str]:
    return [event.cue for event in it.witness.events if isinstance(event, CueStarted)]


def is_about_sensor(event: Event) -> TypeGuard[SensorFault | SensorRecovered]:
    return isinstance(event, SensorFault | SensorRecovered)


async def test_sensor_faults_are_told_once_and_when_they_end(store: Store) -> None:
    later = 9  # a kind that only later boards know

    def status(fault: int) -> StatusRead:
        faults = (wire.FAULT_NONE, fault, wire.FAULT_NONE, wire.FAULT_NONE)
        return StatusRead(wire.Status((1, 0, 0), 7, 0, 0, 1, wire.RESET_POWER_ON, faults))

    async with running(store) as it:
        it.link.bring(frames((5.0, False)))
        for fault in (wire.FAULT_STUCK, wire.FAULT_STUCK, wire.FAULT_SATURATED, later, 0):
            it.link.queue.put_nowait(status(fault))
        await it.witness.until(lambda: len(it.witness.events) == 6)
    told = [(e.type, e.sensor, e.fault) for e in it.witness.events if is_about_sensor(e)]
    assert told == [
        ("sensor_fault", "left_weight", "stuck"),
        ("sensor_recovered", "left_weight", "stuck"),
        ("sensor_fault", "left_weight", "saturated"),
        ("sensor_recovered", "left_weight", "saturated"),
        ("sensor_fault", "left_weight", "unknown_9"),
        ("sensor_recovered", "left_weight", "unknown_9"),
    ]

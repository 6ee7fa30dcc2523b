"""The store: order, recovery, the outbox, and a disk that fails for a while."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lullaflow.session.inputs import CoreSettings, CueStep, RecordingInfo
from lullaflow.store import (
    Entry,
    Store,
    StoredFrame,
    StoredInput,
    StoreError,
    database,
    open_store,
    sole_writer,
)
from lullaflow.store.schema import SCHEMA_VERSION
from lullaflow_protocol.events import Event, LetDownSlow, SessionEnded, SessionStarted, dump_event

START = datetime(2026, 5, 4, 3, 2, 1, 500_000, tzinfo=UTC)
INFO = RecordingInfo("nursery", START, CoreSettings(slow_after_s=90, slow_from="personal"))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "new" / "lullaflow.db") as opened:
        yield opened


def common(number: int, session: str | None = "s1") -> dict[str, object]:
    at = START + timedelta(seconds=number)
    return {"id": f"r-{number:05d}", "at": at, "pump": "nursery", "session": session}


def started(number: int) -> Event:
    return SessionStarted.model_validate({**common(number), "t_s": 0.0, "recording_s": 1.5})


def slow(number: int) -> Event:
    extra = {"t_s": 90.0, "elapsed_s": 90.0, "threshold_s": 90.0, "threshold_from": "default"}
    return LetDownSlow.model_validate({**common(number), **extra})


def ended(number: int) -> Event:
    return SessionEnded.model_validate(
        {
            **common(number),
            "t_s": 300.0,
            "duration_s": 300.0,
            "volume_left_ml": 41.5,
            "volume_right_ml": None,
            "let_downs": 1,
            "time_to_let_down_s": 130.0,
            "cues": ["music"],
            "reason": "pump_stopped",
        }
    )


async def told_problem(store: Store) -> str:
    async with asyncio.timeout(5):
        while store.problem is None:  # noqa: ASYNC110 - people look at it
            await asyncio.sleep(0.01)
    return store.problem


async def test_entries_come_back_in_their_order(store: Store) -> None:
    recording = await store.begin_recording(7, INFO)
    entries: list[Entry] = [
        StoredFrame(2**32 - 1, b"\x01\x00\xff"),
        StoredInput('{"kind": "link_down"}'),
        StoredFrame(0, b"\x01"),
        StoredFrame(1, b""),
    ]
    await store.append(recording, 0, entries[:3])
    await store.append(recording, 3, entries[3:])
    assert await store.entries(recording) == entries
    assert await store.entries(recording, first=1, limit=2) == entries[1:3]


async def test_an_unfinished_recording_comes_back_whole(tmp_path: Path) -> None:
    async with open_store(tmp_path / "l.db") as store:
        recording = await store.begin_recording(7, INFO)
        await store.append(recording, 0, [StoredFrame(1, b"x")])
    async with open_store(tmp_path / "l.db") as store:
        (again,) = await store.unfinished("nursery")
        assert again == recording
        assert again.info.settings.ladder == (
            CueStep("music", "music", 0.0),
            CueStep("photo", "photo", 30.0),
        )
        assert await store.unfinished("other") == []


async def test_a_recording_without_a_session_is_forgotten_one_with_it_stays(store: Store) -> None:
    idle = await store.begin_recording(1, INFO)
    await store.append(idle, 0, [StoredFrame(1, b"x"), StoredInput("{}")])
    kept = await store.begin_recording(2, INFO)
    await store.append(kept, 0, [StoredFrame(1, b"x")])
    await store.add_events(kept, [started(1), ended(2)])
    await store.end_recording(idle)
    await store.end_recording(kept)
    assert await store.unfinished("nursery") == []
    with pytest.raises(LookupError):
        await store.recording(idle.id)
    assert await store.entries(idle) == []
    assert (await store.recording(kept.id)).ended
    assert await store.entries(kept) == [StoredFrame(1, b"x")]


async def test_events_wait_in_the_outbox_and_are_never_said_twice(store: Store) -> None:
    recording = await store.begin_recording(7, INFO)
    first, second = started(1), slow(2)
    assert await store.add_events(recording, [first]) == [first]
    (number, pump, text) = (await store.pending())[0]
    assert (pump, text) == ("nursery", dump_event(first))
    await store.mark_published(number)
    # After a crash the core says everything again.
    assert await store.add_events(recording, [first, second]) == [second]
    assert [text for _, _, text in await store.pending()] == [dump_event(second)]


async def test_sessions_tell_what_was(store: Store) -> None:
    recording = await store.begin_recording(7, INFO)
    await store.add_events(recording, [started(1)])
    (running,) = await store.sessions()
    assert (running.id, running.summary, running.recording_s) == ("s1", None, 1.5)
    end = ended(3)
    await store.add_events(recording, [slow(2), end])
    (past,) = await store.sessions()
    assert past.summary == dump_event(end)
    assert past.started_at == START + timedelta(seconds=1)
    assert past.recording == recording.id
    assert await store.events(past) == [dump_event(e) for e in (started(1), slow(2), end)]


async def test_a_locked_file_is_waited_for_visibly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.01)
    monkeypatch.setattr(database, "RETRY_S", 0.01)
    async with open_store(tmp_path / "l.db") as store:
        recording = await store.begin_recording(7, INFO)
        other = sqlite3.connect(tmp_path / "l.db")
        other.execute("BEGIN EXCLUSIVE")
        appending = asyncio.create_task(store.append(recording, 0, [StoredFrame(1, b"x")]))
        assert "cannot be stored" in await told_problem(store)
        assert not appending.done()
        other.rollback()
        other.close()
        await appending
        assert store.problem is None
        assert await store.entries(recording) == [StoredFrame(1, b"x")]


async def test_a_full_disk_is_waited_for_and_nothing_is_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "RETRY_S", 0.01)
    recording = await store.begin_recording(7, INFO)
    pages: list[int] = []

    def fill(db: sqlite3.Connection) -> None:
        pages.append(db.execute("PRAGMA page_count").fetchone()[0])
        db.execute(f"PRAGMA max_page_count = {pages[0]}")

    await store._database.once(fill)
    big = [StoredFrame(n, bytes(1000)) for n in range(100)]
    appending = asyncio.create_task(store.append(recording, 0, big))
    assert "full" in await told_problem(store)
    await store._database.once(
        lambda db: db.execute(f"PRAGMA max_page_count = {pages[0] + 1000}").fetchone()
    )
    await appending
    assert store.problem is None
    assert await store.entries(recording) == big


async def test_unusable_stores_are_one_sentence(tmp_path: Path) -> None:
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    (tmp_path / "text.db").write_text("no database at all, but long enough to be read as one\n" * 9)
    (tmp_path / "file").write_text("")
    for path, word in [
        (newer, "newer lullaflow"),
        (tmp_path / "text.db", "not a database"),
        (tmp_path / "file" / "l.db", "cannot be made"),
        (tmp_path, "unable to open"),
    ]:
        with pytest.raises(StoreError, match=word) as caught:
            async with open_store(path):
                pass
        assert "store.path" in str(caught.value)


def test_a_store_has_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / "l.db"
    taken = pytest.raises(StoreError, match="another lullaflow uses the store")
    with sole_writer(path), taken, sole_writer(path):
        pass
    with sole_writer(path):
        pass

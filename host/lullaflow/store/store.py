"""The store: recordings first, then events and sessions, and the outbox of unpublished events."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from lullaflow.session.inputs import RecordingInfo
from lullaflow.session.replay import info_from_json, info_to_json
from lullaflow.store.database import Database
from lullaflow.store.records import (
    Entry,
    KeptKnob,
    Recording,
    StoredFrame,
    StoredInput,
    StoredSession,
)
from lullaflow_protocol.events import Event, SessionEnded, SessionStarted, dump_event


class Store:
    """Everything that must outlive the daemon. Opened with `open_store`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def problem(self) -> str | None:
        """What keeps recordings from being stored now, as a sentence; None when all is well."""
        return self._database.problem

    # -- recordings

    async def begin_recording(self, boot_id: int, info: RecordingInfo) -> Recording:
        """Begin a recording, to which entries are then appended."""

        def work(db: sqlite3.Connection) -> Recording:
            (number,) = db.execute(
                "INSERT INTO recordings (pump, boot_id, info) VALUES (?, ?, ?) RETURNING id",
                (info.pump, boot_id, info_to_json(info)),
            ).fetchone()
            return Recording(number, boot_id, info, ended=False)

        return await self._database.patiently(work)

    async def append(self, recording: Recording, first: int, entries: Sequence[Entry]) -> None:
        """Store entries at the positions from `first` on; returns when they are on the disk."""
        frames: list[tuple[int, int, int, bytes]] = []
        inputs: list[tuple[int, int, str]] = []
        for position, entry in enumerate(entries, first):
            if isinstance(entry, StoredFrame):
                frames.append((recording.id, position, entry.seq, entry.raw))
            else:
                inputs.append((recording.id, position, entry.json))

        def work(db: sqlite3.Connection) -> None:
            db.executemany("INSERT INTO frames VALUES (?, ?, ?, ?)", frames)
            db.executemany("INSERT INTO inputs VALUES (?, ?, ?)", inputs)

        await self._database.patiently(work)

    async def end_recording(self, recording: Recording) -> None:
        """Mark that nothing more can come; a recording without a session is forgotten."""

        def work(db: sqlite3.Connection) -> None:
            held = db.execute("SELECT 1 FROM sessions WHERE recording = ?", (recording.id,))
            if held.fetchone():
                db.execute("UPDATE recordings SET ended = 1 WHERE id = ?", (recording.id,))
            else:
                db.execute("DELETE FROM recordings WHERE id = ?", (recording.id,))

        await self._database.patiently(work)

    async def unfinished(self, pump: str) -> list[Recording]:
        """Return the recordings that a crash (or a restart) cut short, oldest first."""
        return await self._database.patiently(
            lambda db: [
                _recording(row)
                for row in db.execute(
                    f"{_RECORDINGS} WHERE pump = ? AND ended = 0 ORDER BY id", (pump,)
                )
            ]
        )

    async def recording(self, recording_id: int) -> Recording:
        """Return a recording by its row.

        Raises:
            LookupError: when there is none.
        """

        def work(db: sqlite3.Connection) -> Recording:
            row = db.execute(f"{_RECORDINGS} WHERE id = ?", (recording_id,)).fetchone()
            if row is None:
                raise LookupError(recording_id)
            return _recording(row)

        return await self._database.once(work)

    async def entries(
        self, recording: Recording, first: int = 0, limit: int = 10_000
    ) -> list[Entry]:
        """Return the entries from position `first` on, in order, at most `limit`."""
        span = (recording.id, first, first + limit)

        def work(db: sqlite3.Connection) -> list[Entry]:
            found: list[tuple[int, Entry]] = [
                (position, StoredFrame(seq, raw))
                for position, seq, raw in db.execute(
                    "SELECT position, seq, raw FROM frames"
                    " WHERE recording = ? AND position >= ? AND position < ?",
                    span,
                )
            ]
            found += (
                (position, StoredInput(text))
                for position, text in db.execute(
                    "SELECT position, json FROM inputs"
                    " WHERE recording = ? AND position >= ? AND position < ?",
                    span,
                )
            )
            return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]

        return await self._database.patiently(work)

    # -- events, sessions and the outbox

    async def add_events(self, recording: Recording, events: Sequence[Event]) -> list[Event]:
        """Store events; return those that were not known before (after a crash, most are)."""

        def work(db: sqlite3.Connection) -> list[Event]:
            return [event for event in events if _add_event(db, recording, event)]

        return await self._database.patiently(work) if events else []

    async def pending(self, limit: int = 100) -> list[tuple[int, str, str]]:
        """Return the oldest unpublished events as (number, pump, JSON)."""
        return await self._database.patiently(
            lambda db: db.execute(
                "SELECT number, pump, json FROM events WHERE published = 0 ORDER BY number LIMIT ?",
                (limit,),
            ).fetchall()
        )

    async def mark_published(self, number: int) -> None:
        """Remember that the broker has taken an event."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("UPDATE events SET published = 1 WHERE number = ?", (number,))

        await self._database.patiently(work)

    async def events(self, session: StoredSession) -> list[str]:
        """Return a session's events as JSON, in order."""
        return await self._database.once(
            lambda db: [
                text
                for (text,) in db.execute(
                    "SELECT json FROM events WHERE pump = ? AND session = ? ORDER BY number",
                    (session.pump, session.id),
                )
            ]
        )

    async def events_of_kinds(self, pump: str, kinds: Sequence[str], limit: int) -> list[str]:
        """Return a pump's newest events of some types as JSON, in order, at most `limit`."""

        def work(db: sqlite3.Connection) -> list[str]:
            rows = db.execute(
                "SELECT json FROM events WHERE pump = ? AND json_extract(json, '$.type')"
                " IN (SELECT value FROM json_each(?)) ORDER BY number DESC LIMIT ?",
                (pump, json.dumps(kinds), limit),
            ).fetchall()
            return [text for (text,) in reversed(rows)]

        return await self._database.once(work)

    # -- what was set by hand

    async def keep_knob(self, knob: KeptKnob) -> None:
        """Remember how something is set."""

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT OR REPLACE INTO knobs VALUES (?, ?, ?, ?)",
                (knob.pump, knob.name, knob.value, knob.configured),
            )

        await self._database.patiently(work)

    async def kept_knobs(self) -> list[KeptKnob]:
        """Return everything that was ever set by hand."""
        return await self._database.once(
            lambda db: [
                KeptKnob(*row)
                for row in db.execute("SELECT pump, name, value, configured FROM knobs")
            ]
        )

    # -- sessions

    async def sessions(self) -> list[StoredSession]:
        """Return every session, newest first."""
        return await self._database.once(
            lambda db: [
                StoredSession(pump, name, recording, datetime.fromisoformat(at), start_s, summary)
                for pump, name, recording, at, start_s, summary in db.execute(
                    "SELECT pump, id, recording, started_at, recording_s, summary FROM sessions"
                    " ORDER BY started_at DESC"
                )
            ]
        )


@asynccontextmanager
async def open_store(path: Path) -> AsyncIterator[Store]:
    """Open the store at `path`, made or migrated as need be.

    Raises:
        StoreError: when that is impossible; the message says why and what to do.
    """
    database = await Database.open(path)
    try:
        yield Store(database)
    finally:
        await database.close()


_RECORDINGS = "SELECT id, boot_id, info, ended FROM recordings"


def _add_event(db: sqlite3.Connection, recording: Recording, event: Event) -> bool:
    cursor = db.execute(
        "INSERT OR IGNORE INTO events (pump, id, session, json) VALUES (?, ?, ?, ?)",
        (event.pump, event.id, event.session, dump_event(event)),
    )
    if isinstance(event, SessionStarted):
        db.execute(
            "INSERT OR IGNORE INTO sessions VALUES (?, ?, ?, ?, ?, NULL)",
            (event.pump, event.session, recording.id, event.at.isoformat(), event.recording_s),
        )
    elif isinstance(event, SessionEnded):
        db.execute(
            "UPDATE sessions SET summary = ? WHERE pump = ? AND id = ?",
            (dump_event(event), event.pump, event.session),
        )
    return cursor.rowcount == 1


def _recording(row: tuple[int, int, str, int]) -> Recording:
    number, boot_id, info, ended = row
    return Recording(number, boot_id, info_from_json(info), bool(ended))

"""The law between a recording and its core: what happened is told once its frames are stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lullaflow.daemon import take as take_module
from lullaflow.daemon.take import RawFrame, Take
from lullaflow.session.inputs import RecordingInfo
from lullaflow.store import Entry, Recording, Store, open_store
from lullaflow_protocol import wire
from lullaflow_protocol.events import Event

from .pumping import frames

INFO = RecordingInfo("pump", datetime(2026, 5, 4, tzinfo=UTC))


def pumping() -> list[RawFrame]:
    raws = frames((5.0, False), (30.0, True), (60.0, False))
    return [RawFrame(raw, wire.decode_frame(raw)) for raw in raws]


async def test_an_event_is_stored_only_after_every_frame_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, told = 0, 0
    append, add_events = Store.append, Store.add_events

    async def counted(
        store: Store, recording: Recording, first: int, entries: Sequence[Entry]
    ) -> None:
        nonlocal stored
        assert first == stored
        await append(store, recording, first, entries)
        stored += len(entries)

    async def checked(store: Store, recording: Recording, events: Sequence[Event]) -> list[Event]:
        nonlocal told
        assert stored == fed
        told += len(events)
        return await add_events(store, recording, events)

    monkeypatch.setattr(Store, "append", counted)
    monkeypatch.setattr(Store, "add_events", checked)
    async with open_store(tmp_path / "l.db") as store:
        take = await Take.begin(store, 7, INFO)
        for fed, frame in enumerate(pumping(), 1):
            await take.feed([frame])
            assert stored >= fed - 1
        await take.end()
    assert stored == fed
    assert told >= 3


async def test_the_last_frame_reaches_the_disk_and_a_stuck_disk_keeps_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *_ = pumping()
    async with open_store(tmp_path / "l.db") as store:
        take = await Take.begin(store, 7, INFO)
        await take.feed([first])
        await take.let_go()
        assert len(await store.entries(take.recording)) == 1

        async def stuck(*_: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(Store, "append", stuck)
        monkeypatch.setattr(take_module, "LAST_WRITE_S", 0.05)
        other = await Take.begin(store, 8, INFO)
        await other.feed([second])
        await other.let_go()

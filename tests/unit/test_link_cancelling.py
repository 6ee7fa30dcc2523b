"""A link that breaks leaves the task that kept it as it was: neither cancelled nor deaf to it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from lullaflow.link import PumpLink, Timing
from lullaflow.link.stream import Stream
from lullaflow_protocol import wire


async def breaks_at_its_end(*_: Any) -> None:
    """Fail while ending, as Bumble does whose link broke."""
    try:
        await asyncio.Event().wait()
    finally:
        raise ConnectionResetError


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Stream:
    monkeypatch.setattr(Stream, "_decode", breaks_at_its_end)
    monkeypatch.setattr(Stream, "_fill", breaks_at_its_end)
    monkeypatch.setattr("lullaflow.link.stream.watch_battery", breaks_at_its_end)
    intake: Any = SimpleNamespace(begin=lambda _: [])
    client: Any = SimpleNamespace(address="")
    return Stream(client, intake, lambda _: None, Timing(), "pump", lambda _: None)


STATUS = wire.Status((0, 1, 0), 1, 0, 5, 3, 1, (0, 0, 0, 0))


async def test_who_followed_a_link_that_broke_does_not_count_as_cancelled(stream: Stream) -> None:
    dropped = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, dropped.set)
    with pytest.raises(ExceptionGroup):
        await stream.follow(STATUS, dropped)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_link_that_breaks_while_it_is_told_to_end_ends(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def search_and_stream(link: PumpLink) -> None:
        begun.set()
        try:
            await stream.follow(STATUS, asyncio.Event())
        except ExceptionGroup as error:
            raise link._lost() from error

    monkeypatch.setattr(PumpLink, "_search_and_stream", search_and_stream)
    radio: Any = SimpleNamespace()
    keeping = asyncio.create_task(PumpLink("pump", radio)._keep())
    await begun.wait()
    await asyncio.sleep(0)
    keeping.cancel()
    ended, _ = await asyncio.wait((keeping,), timeout=5)
    assert ended
    assert keeping.cancelled()

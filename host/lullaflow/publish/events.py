"""Events, from the outbox to the broker, in order and none lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from lullaflow.config import Privacy
from lullaflow.publish.connection import Connection
from lullaflow.publish.privacy import private_event
from lullaflow_protocol.topics import Topics

OUTBOX_BATCH: Final = 100
"""Events read from the outbox at a time, so that a long absence does not fill the memory."""

CATCH_UP_PAUSE_S: Final = 0.02
"""Between events that waited for the broker: fifty a second drown no automation, and a day's
events are told within seconds."""


class Outbox(Protocol):
    """Events that wait to be published, oldest first."""

    async def pending(self, limit: int = ...) -> Sequence[tuple[int, str, str]]:
        """Return the oldest unpublished events as (number, pump, JSON)."""

    async def mark_published(self, number: int) -> None:
        """Note that the broker has acknowledged an event."""


class EventLane:
    """Publishes what the outbox holds.

    Args:
        topics: of the bridge.
        outbox: where events wait.
        privacy: what may leave.
    """

    def __init__(self, topics: Topics, outbox: Outbox, privacy: Privacy) -> None:
        self._topics = topics
        self._outbox = outbox
        self._privacy = privacy
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Tell that the outbox has something new."""
        self._news.set()

    async def run(self, connection: Connection) -> None:
        """Publish until cancelled."""
        catching_up = True
        while True:
            self._news.clear()
            batch = await self._outbox.pending(OUTBOX_BATCH)
            for number, pump, text in batch:
                event = private_event(text, self._privacy)
                await connection.publish(self._topics.event(pump), event, qos=1, retain=False)
                await self._outbox.mark_published(number)
                if catching_up:
                    await asyncio.sleep(CATCH_UP_PAUSE_S)
            if not batch:
                catching_up = False
                await self._news.wait()

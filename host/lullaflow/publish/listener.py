"""Hears events as anybody in the house does: from the broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lullaflow.config import MqttSettings
from lullaflow.publish.connection import BrokerError, Dialer
from lullaflow_protocol.topics import Topics


@asynccontextmanager
async def listen(settings: MqttSettings) -> AsyncIterator[asyncio.Queue[str | BrokerError]]:
    """A queue that fills with every event, as JSON text, while the block runs.

    When the broker goes, the queue says so and gets no more: it might miss something meanwhile.

    Raises:
        lullaflow.publish.connection.BrokerError: the broker is away.
    """
    topics = Topics(settings.base_topic)
    heard: asyncio.Queue[str | BrokerError] = asyncio.Queue()

    async with Dialer(settings).connect() as broker:
        await broker.subscribe(topics.event("+"))

        async def collect() -> None:
            try:
                async for _, payload, _ in broker.messages():
                    heard.put_nowait(payload.decode())
            except BrokerError as error:
                heard.put_nowait(error)

        collector = asyncio.create_task(collect(), name="listener.collect")
        try:
            yield heard
        finally:
            collector.cancel()
            await asyncio.gather(collector, return_exceptions=True)

"""The broker that the demo brings along."""

from __future__ import annotations

import asyncio
from itertools import count

import aiomqtt

from lullaflow.cli.ports import free_port
from lullaflow.publish.embedded_broker import embedded_broker

PATIENCE_S = 20.0


async def test_what_it_has_acknowledged_it_passes_on_while_others_subscribe() -> None:
    port = free_port()
    async with (
        embedded_broker(port),
        aiomqtt.Client("127.0.0.1", port) as ears,
        aiomqtt.Client("127.0.0.1", port) as restless,
    ):
        # What is kept for these is what it waits for when somebody connects.
        for topic in ("said", "kept/#", "#"):
            await ears.subscribe(topic, qos=1)
        for number in range(20):
            await restless.publish(f"kept/{number}", b"for whoever comes", qos=1, retain=True)
        over = asyncio.Event()

        async def subscribe() -> None:
            for number in count():
                if over.is_set():
                    return
                await restless.subscribe(f"new/{number}")

        expected = {f"{number}".encode() for number in range(20)}
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
            group.create_task(subscribe())
            for payload in sorted(expected):
                async with aiomqtt.Client("127.0.0.1", port) as speaker:
                    await speaker.publish("said", payload, qos=1)
            over.set()
        async with asyncio.timeout(PATIENCE_S):
            async for message in ears.messages:
                if message.topic.value == "said":
                    expected.discard(bytes(message.payload))
                if not expected:
                    return

"""A broker within our own process, for the demo and the tests: amqtt on loopback."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from amqtt.broker import Broker


class _Steady(dict[str, Any]):
    """Its keys can be gone through while it grows.

    When a client connects, amqtt goes through everybody's subscriptions and waits in between. When
    another client subscribes meanwhile, that fails, and what the first publishes is acknowledged
    and never passed on. Elsewhere amqtt goes through them at one go.
    """

    def __iter__(self) -> Iterator[str]:
        return iter(list(super().__iter__()))


@asynccontextmanager
async def embedded_broker(port: int) -> AsyncIterator[None]:
    """A broker for anybody on this machine, while the block runs.

    Args:
        port: on 127.0.0.1.
    """
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
    )
    broker._subscriptions = _Steady()  # noqa: SLF001
    await broker.start()
    try:
        yield
    finally:
        await broker.shutdown()


def main(port: int) -> None:
    """Run a broker until the process ends."""

    async def serve() -> None:
        async with embedded_broker(port):
            await asyncio.Event().wait()

    asyncio.run(serve())

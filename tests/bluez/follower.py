"""A link in the guest, and all that it says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from .image import HERE
from .machine import PATIENCE_S, Machine
from .python import Program, python

_PROGRAM: Final = HERE / "guest_link.py"


class Follower:
    """Runs the link in the guest and collects what it says.

    Args:
        machine: the guest.
        adapter: which of its adapters, empty for any.

    Attributes:
        said: every line, decoded; over all the starts of the link.
    """

    def __init__(self, machine: Machine, adapter: str) -> None:
        self.said: list[dict[str, Any]] = []
        self._machine = machine
        self._adapter = adapter
        self._news = asyncio.Condition()
        self._program: Program | None = None
        self._running = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the link; what came before is what it has stored."""
        frames = [said for said in self.said if "frame" in said]
        place = (str(frames[-1]["boot"]), str(frames[-1]["seq"])) if frames else ()
        self._running = True
        self._task = asyncio.create_task(self._hear(*place))

    async def kill(self) -> None:
        """End the link, if it runs, as the kernel would: without a word to anybody.

        Raises:
            GuestError: it had ended by itself, and the guest with it.
        """
        if self._running:
            assert self._program is not None
            await self._machine.run(f"kill -9 {self._program.pid}")
        if self._task is not None:
            await self._task

    async def wait_for(self, where: Callable[[dict[str, Any]], bool], after: int = 0) -> int:
        """Return the place of the first thing said, from a place on, that fulfils `where`."""

        def found() -> int | None:
            places = (n for n, said in enumerate(self.said[after:], after) if where(said))
            return next(places, None)

        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S), self._news:
                await self._news.wait_for(lambda: found() is not None or not self._running)
        place = found()
        if place is None:
            story = [said for said in self.said[after:] if "frame" not in said]
            raise AssertionError(f"waited in vain; meanwhile: {story}")
        return place

    async def frames(self, count: int) -> None:
        """Wait for so many more frames."""
        for _ in range(count):
            await self.wait_for(lambda said: "frame" in said, len(self.said))

    async def _hear(self, *place: str) -> None:
        try:
            async with python(self._machine, _PROGRAM, self._adapter, *place) as self._program:
                async for line in self._program.lines():
                    async with self._news:
                        told = json.loads(line) if line.startswith("{") else {"line": line}
                        self.said.append(told)
                        self._news.notify_all()
        finally:
            async with self._news:
                self._running = False
                self._news.notify_all()


@asynccontextmanager
async def following(machine: Machine, adapter: str = "") -> AsyncIterator[Follower]:
    """A link that is not left running in the guest; starting it is up to the block."""
    follower = Follower(machine, adapter)
    try:
        yield follower
    finally:
        await follower.kill()

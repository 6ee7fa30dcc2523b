"""A link in the guest, and all that it says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

from .image import HERE
from .machine import PATIENCE_S, Machine
from .python import Program, python

_PROGRAM: Final = HERE / "guest_link.py"


class Follower:
    """Runs the link in the guest and collects what it says.

    Args:
        machine: the guest.

    Attributes:
        said: every line, decoded; over all the starts of the link.
    """

    def __init__(self, machine: Machine) -> None:
        self.said: list[dict[str, Any]] = []
        self._machine = machine
        self._news = asyncio.Condition()
        self._program: Program | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the link; what came before is what it has stored."""
        frames = [said for said in self.said if "frame" in said]
        place = (str(frames[-1]["boot"]), str(frames[-1]["seq"])) if frames else ()
        self._task = asyncio.create_task(self._hear(*place))

    async def kill(self) -> None:
        """End the link as the kernel would: without a word to anybody."""
        assert self._program is not None
        assert self._task is not None
        await self._machine.run(f"kill -9 {self._program.pid}")
        await self._task

    async def wait_for(self, where: Callable[[dict[str, Any]], bool], after: int = 0) -> int:
        """Return the place of the first thing said, from a place on, that fulfils `where`."""

        def found() -> int | None:
            places = (n for n, said in enumerate(self.said[after:], after) if where(said))
            return next(places, None)

        try:
            async with asyncio.timeout(PATIENCE_S), self._news:
                await self._news.wait_for(lambda: found() is not None)
        except TimeoutError:
            story = [said for said in self.said[after:] if "frame" not in said]
            raise AssertionError(f"waited in vain; meanwhile: {story}") from None
        place = found()
        assert place is not None
        return place

    async def frames(self, count: int) -> None:
        """Wait for so many more frames."""
        for _ in range(count):
            await self.wait_for(lambda said: "frame" in said, len(self.said))

    async def _hear(self, *place: str) -> None:
        async with python(self._machine, _PROGRAM, *place) as self._program:
            async for line in self._program.lines():
                async with self._news:
                    self.said.append(json.loads(line) if line.startswith("{") else {"line": line})
                    self._news.notify_all()

"""The board's few transmit buffers, and the pace at which the air empties them."""

from __future__ import annotations

import asyncio
import errno
from collections import deque
from collections.abc import Callable
from typing import Final

BUFFERS: Final = 12
"""NimBLE's MSYS_1_BLOCK_COUNT on ESP32: one notification holds one buffer until it is sent."""


class TransmitQueue:
    """A queue that refuses with ENOMEM when its buffers are in use, as NimBLE does.

    Args:
        min_gap_s: least time between two packets, seconds of the wall.

    Attributes:
        first_use: set once anything was sent: a host listens.
    """

    def __init__(self, min_gap_s: float) -> None:
        self._min_gap_s = min_gap_s
        self._waiting: deque[Callable[[], None]] = deque()
        self._free_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.first_use = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    @property
    def full(self) -> bool:
        """Whether the next packet would be refused."""
        return len(self._waiting) >= BUFFERS

    async def room(self) -> None:
        """Return once a buffer is free."""
        await self._has_room.wait()

    def put(self, send: Callable[[], None]) -> None:
        """Send now, or as soon as the air is free again.

        Raises:
            OSError: ENOMEM, when all buffers are in use.
        """
        if self.full:
            raise OSError(errno.ENOMEM, "no transmit buffer is free")
        self.first_use.set()
        self._waiting.append(send)
        if self._timer is None:
            self._send_what_may_go()
        if len(self._waiting) >= BUFFERS:
            self._has_room.clear()

    def flush(self) -> None:
        """Lose what waits: the link is gone."""
        self._waiting.clear()
        self._has_room.set()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send_what_may_go(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        if self._waiting and loop.time() >= self._free_at:
            self._free_at = loop.time() + self._min_gap_s
            self._waiting.popleft()()
            self._has_room.set()
        if self._waiting:
            self._timer = loop.call_at(self._free_at, self._send_what_may_go)

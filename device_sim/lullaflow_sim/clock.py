"""Device time: what the board's crystal counts, run at any speed against the wall's clock."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Final, Protocol

_WAKE_S: Final = 0.005
"""Shortest nap of the driver: at high speed several ticks share one wake-up, which keeps the
processor idle in between; at speed 20 this is 100 ms of device time."""

_MOST_LAG_S: Final = 0.1
"""Wall time that may be caught up at full tilt. What is beyond has passed for people but not for
the device: its time falls behind, for a host that was kept waiting must not be raced."""

_STEPS_PER_TURN: Final = 50
"""Timer calls between two turns of the event loop, about a millisecond of work."""


class Brake(Protocol):
    """What may hold device time: the radio, while it cannot carry what the board sends."""

    @property
    def full(self) -> bool:
        """Whether time must stand still now."""

    async def room(self) -> None:
        """Return once it may go on."""


class Timer:
    """A repeated call in device time, until cancelled."""

    def __init__(self, clock: DeviceClock, period_ms: int, call: Callable[[], None]) -> None:
        self._clock = clock
        self._period_ms = period_ms
        self._call: Callable[[], None] | None = call
        self._due_ms = clock.now_ms + period_ms
        clock.call_at(self._due_ms, self._fire)

    def cancel(self) -> None:
        """Call no more."""
        self._call = None

    def _fire(self) -> None:
        if self._call is not None:
            self._due_ms += self._period_ms
            self._clock.call_at(self._due_ms, self._fire)
            self._call()


class DeviceClock:
    """Steps device time from one due moment to the next; none is ever skipped.

    Args:
        speed: device seconds per second of the wall, above 0.
        brake: holds time while it is full.
        wall: a monotonic clock in seconds.
    """

    def __init__(
        self,
        speed: float,
        brake: Brake | None = None,
        wall: Callable[[], float] = time.monotonic,
    ) -> None:
        if not speed > 0:
            raise ValueError("the speed of device time must be above 0")
        self.speed = speed
        self.now_ms = 0
        self._brake = brake
        self._wall = wall
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._somebody_woke = False

    @property
    def now_s(self) -> float:
        """Device time since the simulation began, seconds."""
        return self.now_ms / 1000

    def call_at(self, due_ms: int, call: Callable[[], None]) -> None:
        """Call once at a moment of device time; at once on the next step when it is past."""
        heapq.heappush(self._due, (due_ms, next(self._order), call))

    def every(self, period_ms: int, call: Callable[[], None]) -> Timer:
        """Call at every multiple of a period from now on, as a hardware timer does."""
        return Timer(self, period_ms, call)

    async def sleep_ms(self, duration_ms: int) -> None:
        """Return once this much device time has passed."""
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not waking.done():
                waking.set_result(None)
                self._somebody_woke = True

        self.call_at(self.now_ms + max(duration_ms, 0), wake)
        await waking

    async def run(self) -> None:
        """Drive device time until cancelled."""
        wall_before = self._wall()
        ahead_ms = 0.0
        while True:
            wall = self._wall()
            elapsed_s = min(wall - wall_before, _MOST_LAG_S)
            wall_before = wall
            ahead_ms += elapsed_s * 1000 * self.speed
            whole_ms = int(ahead_ms)
            ahead_ms -= whole_ms
            await self.advance(whole_ms)
            nap_s = 1.0
            if self._due:
                nap_s = (self._due[0][0] - self.now_ms - ahead_ms) / 1000 / self.speed
            await asyncio.sleep(max(_WAKE_S, min(nap_s, _MOST_LAG_S / 2)))

    async def advance(self, duration_ms: int) -> None:
        """Step through a stretch of device time, letting those who wake run before going on."""
        end_ms = self.now_ms + duration_ms
        steps = 0
        while self._due and self._due[0][0] <= end_ms:
            due_ms, _, call = heapq.heappop(self._due)
            self.now_ms = max(self.now_ms, due_ms)
            call()
            steps += 1
            if self._somebody_woke or steps >= _STEPS_PER_TURN:
                self._somebody_woke = False
                steps = 0
                await asyncio.sleep(0)
            if self._brake is not None and self._brake.full:
                await self._brake.room()
        self.now_ms = end_ms

"""A flag that an interrupt sets and a task waits for."""

import asyncio

try:
    Flag = asyncio.ThreadSafeFlag
except AttributeError:  # CPython, where interrupts come between the turns of the loop

    class Flag:
        """As MicroPython's `ThreadSafeFlag`: one waits, and is woken once."""

        def __init__(self):
            self._event = asyncio.Event()

        def set(self):
            """Wake the waiting task."""
            self._event.set()

        async def wait(self):
            """Return once the flag is set, and clear it."""
            await self._event.wait()
            self._event.clear()

"""Questions to the person at the terminal, while Bluetooth goes on."""

from __future__ import annotations

import asyncio
import sys
import threading

from lullaflow.cli.shared import CommandError, say


class Answers:
    """Lines typed on standard input.

    A thread reads them, because not every standard input can be polled; it ends with the process,
    so that Ctrl-C does not wait for a line.
    """

    def __init__(self) -> None:
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, name="answers", daemon=True).start()

    async def ask(self, question: str) -> str:
        """Say something and return the line typed then, without the blanks round it.

        Raises:
            CommandError: nobody is there to answer.
        """
        say(question)
        line = await self._lines.get()
        if line is None:
            self._lines.put_nowait(None)
            raise CommandError(
                "Nobody answered, so this ends here; run it again in a terminal where you can type."
            )
        return line.strip()

    def _read(self) -> None:
        for line in sys.stdin:
            self._tell(line)
        self._tell(None)

    def _tell(self, line: str | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)

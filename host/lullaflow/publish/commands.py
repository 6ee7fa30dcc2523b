"""What the house asks for, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress

from lullaflow.publish.connection import Connection, RefusedError
from lullaflow_protocol.state import CommandResult
from lullaflow_protocol.topics import Topics

OnCommand = Callable[[str, str, str], Awaitable[str]]
"""Carries out `(pump, command, payload)`; returns '' when accepted, else why not."""


class CommandLane:
    """Carries out commands one after the other and answers each.

    Args:
        topics: of the bridge.
        pumps: the slugs of all pumps.
        on_command: carries them out.
    """

    def __init__(self, topics: Topics, pumps: Collection[str], on_command: OnCommand) -> None:
        self._topics = topics
        self._pumps = pumps
        self._on_command = on_command
        self._asked: asyncio.Queue[tuple[str, str, bytes]] = asyncio.Queue()

    def on_message(self, topic: str, payload: bytes, retained: bool) -> bool:
        """Take a message; False when it is no command."""
        parsed = self._topics.parse_command(topic)
        if parsed is None:
            return False
        # A retained command would be carried out again at every start.
        if not retained:
            self._asked.put_nowait((*parsed, payload))
        return True

    async def run(self, connection: Connection) -> None:
        """Carry out and answer until cancelled; what was asked before a break is too old."""
        while not self._asked.empty():
            self._asked.get_nowait()
        while True:
            pump, command, payload = await self._asked.get()
            refusal = await self._carry_out(pump, command, payload)
            result = CommandResult(command=command, accepted=not refusal, reason=refusal)
            text = result.model_dump_json(by_alias=True)
            with suppress(RefusedError):  # it is carried out, whether or not we may say so
                answers = self._topics.command_result(pump)
                await connection.publish(answers, text, qos=1, retain=False)

    async def _carry_out(self, pump: str, command: str, payload: bytes) -> str:
        if pump not in self._pumps:
            return f"There is no pump {pump}; there is {', '.join(self._pumps)}."
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            return "The payload is no text."
        return await self._on_command(pump, command, text)

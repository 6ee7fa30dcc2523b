"""Commands to the board, each with its reply."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic

from lullaflow.link.cancelling import stop_if_cancelled
from lullaflow.link.errors import CommandRefusedError, LinkCode, LinkError
from lullaflow_protocol import wire

_SENTENCES: Final = {
    wire.BAD_VERSION: "The pump's board speaks another protocol version; update the older side.",
    wire.UNKNOWN_COMMAND: "The pump's firmware is too old for this; `lullaflow flash` updates it.",
    wire.BAD_LENGTH: "The pump's board did not understand.",
    wire.BAD_VALUE: "The pump's board cannot take that value.",
    wire.BUSY: "The pump's board is busy; try again in a moment.",
    wire.NOT_READY: "The scale is not at rest; put the bottle down, wait a moment and try again.",
    wire.NOT_IN_BUFFER: "The pump's board has it no more.",
    wire.STORAGE_FAILED: "The pump's board could not store it; switch it off and on.",
}


class CommandChannel:
    """Asks one thing after the other.

    Args:
        client: connected.
        patience_s: how long to wait for an answer.
    """

    def __init__(self, client: BleakClient, patience_s: float) -> None:
        self._client = client
        self._patience_s = patience_s
        self._token = 0
        self._turn = asyncio.Lock()
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self._waiting_for = (0, 0)

    def on_reply(self, _: BleakGATTCharacteristic, data: bytearray) -> None:
        """Take an indication of the control characteristic."""
        try:
            opcode, token, status, payload = wire.decode_reply(bytes(data))
        except wire.WireError:
            return  # the one who waits will run into the time limit
        waiting = self._waiting
        if waiting is not None and not waiting.done() and (opcode, token) == self._waiting_for:
            waiting.set_result((status, payload))

    async def ask(
        self, opcode: int, payload: bytes = b"", accept: Collection[int] = (wire.OK,)
    ) -> bytes:
        """Send a command and return its reply's payload.

        Raises:
            CommandRefusedError: the status is none of `accept`.
            LinkError: no answer came.
            bleak.exc.BleakError: the link broke.
        """
        async with self._turn:
            self._token = (self._token + 1) & 0xFF
            self._waiting = asyncio.get_running_loop().create_future()
            self._waiting_for = (opcode, self._token)
            command = wire.encode_command(opcode, self._token, payload)
            try:
                async with asyncio.timeout(self._patience_s):
                    await self._client.write_gatt_char(wire.CONTROL_UUID, command, response=True)
                    stop_if_cancelled()
                    status, answer = await self._waiting
            except TimeoutError:
                raise LinkError(
                    LinkCode.SILENT,
                    "The pump did not answer in time.",
                    "Try again when it is nearer.",
                    self._client.address,
                ) from None
            finally:
                self._waiting = None
        if status not in accept:
            sentence = _SENTENCES.get(status, f"The pump refused (code {status}).")
            raise CommandRefusedError(status, sentence, self._client.address)
        return answer

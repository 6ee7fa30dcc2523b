"""A host made of plain Bumble and the wire's codec: enough to talk to the firmware."""

import asyncio
from dataclasses import dataclass, field

from bumble.core import InvalidOperationError

from lullaflow_protocol import wire

from .bumble_central import Central

PATIENCE_S = 20


@dataclass
class Got:
    """One frame as it arrived."""

    raw: bytes
    frame: wire.Frame
    replayed: bool


@dataclass
class PlainClient:
    """One central's view of the pump.

    Attributes:
        frames: every whole frame since the link came up, in order of arrival.
        torn: fragments that fitted nowhere.
    """

    central: Central
    name: str | None = None
    frames: asyncio.Queue[Got] = field(default_factory=asyncio.Queue)
    torn: int = 0

    async def link_up(self, mtu: int | None = 247) -> None:
        """Connect, encrypt (pairing when there is no bond), subscribe; the stream stays off."""
        peer = await self.central.connect(self.name, mtu)
        try:
            await peer.connection.encrypt()
        except InvalidOperationError:
            await peer.connection.pair()
        self._assembler = wire.Reassembler()
        self._replies: asyncio.Queue[bytes] = asyncio.Queue()
        self._control = self.central.characteristic(wire.CONTROL_UUID)
        await self._control.subscribe(self._replies.put_nowait, prefer_notify=False)
        await self.central.characteristic(wire.STREAM_UUID).subscribe(self._on_fragment)
        self._token = 0

    async def command(self, opcode: int, payload: bytes = b"") -> tuple[int, bytes]:
        """Send a command; return the reply's status and payload."""
        self._token = (self._token + 1) & 0xFF
        await self._control.write_value(
            wire.encode_command(opcode, self._token, payload), with_response=True
        )
        async with asyncio.timeout(PATIENCE_S):
            reply = await self._replies.get()
        answered, token, status, answer = wire.decode_reply(reply)
        assert (answered, token) == (opcode, self._token)
        return status, answer

    async def stream(self, on: bool = True) -> None:
        """Switch the stream on or off."""
        assert await self.command(wire.CMD_STREAM, bytes([on])) == (wire.OK, b"")

    async def status(self) -> wire.Status:
        """Read the status."""
        return wire.decode_status(await self.central.characteristic(wire.STATUS_UUID).read_value())

    async def frame(self) -> Got:
        """Wait for the next frame."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.frames.get()

    def _on_fragment(self, notification: bytes) -> None:
        try:
            whole = self._assembler.push(notification)
        except wire.OrderError:
            self.torn += 1
            return
        if whole is not None:
            raw, replayed = whole
            self.frames.put_nowait(Got(raw, wire.decode_frame(raw), replayed))

"""A host written from docs/protocol.md alone: it imports nothing of lullaflow's.

What it cannot do, the page does not say. Bumble is its Bluetooth stack.
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass, field

SERVICE = "6c750001-6c61-466c-8f77-4c657444776e"
STREAM = "6c750002-6c61-466c-8f77-4c657444776e"
CONTROL = "6c750003-6c61-466c-8f77-4c657444776e"
STATUS = "6c750004-6c61-466c-8f77-4c657444776e"

VERSION = 1
PATIENCE_S = 20


class RefusedError(Exception):
    """Bytes that the page does not allow."""


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE, bit by bit."""
    crc = 0xFFFF
    for byte in data:
        for bit in range(7, -1, -1):
            carry = (crc >> 15) ^ ((byte >> bit) & 1)
            crc = ((crc << 1) & 0xFFFF) ^ (0x1021 if carry else 0)
    return crc


@dataclass
class Frame:
    """Half a second: raw samples by channel, and the same in mmHg and grams (None: no sample)."""

    flags: int
    boot_id: int
    seq: int
    time_ms: int
    raw: list[list[int] | None]
    replayed: bool = False

    @property
    def values(self) -> list[list[float | None] | None]:
        units = (mmhg, grams, mmhg, grams)
        return [
            None if samples is None else [unit(sample) for sample in samples]
            for unit, samples in zip(units, self.raw, strict=True)
        ]


def mmhg(sample: int) -> float | None:
    value = sample & 0x7FF
    return None if value == 0x7FF or not sample & 0x800 else value / 5 - 40


def grams(sample: int) -> float | None:
    value = sample & 0x7FFF
    return None if value == 0x7FFF or not sample & 0x8000 else value / 50 - 100


def parse_frame(data: bytes, replayed: bool = False) -> Frame:
    if len(data) < 16:
        raise RefusedError("LengthError")
    version, flags, boot_id, seq, time_ms, vacuums, weights = struct.unpack("<BBHIIBB", data[:14])
    if version != VERSION:
        raise RefusedError("VersionError")
    sizes = [(vacuums * 12 + 7) // 8, 2 * weights] * 2
    if len(data) != 16 + sum(size for bit, size in enumerate(sizes) if flags >> bit & 1):
        raise RefusedError("LengthError")
    if crc16(data[:-2]) != int.from_bytes(data[-2:], "little"):
        raise RefusedError("CrcError")
    if flags > 0x0F or vacuums > 25 or weights > 5:
        raise RefusedError("RangeError")
    at = 14
    raw: list[list[int] | None] = []
    for bit, size in enumerate(sizes):
        if not flags >> bit & 1:
            raw.append(None)
            continue
        packed = int.from_bytes(data[at : at + size], "little")
        # 12 bits a vacuum sample, the first one lowest: that is what the drawing of bits comes to.
        width, count = (16, weights) if bit & 1 else (12, vacuums)
        raw.append([packed >> (width * i) & ((1 << width) - 1) for i in range(count)])
        at += size
    return Frame(flags, boot_id, seq, time_ms, raw, replayed)


class Parts:
    """Puts the parts of frames together."""

    def __init__(self) -> None:
        self._data = b""
        self._next = 0
        self._replayed = 0

    def push(self, notification: bytes) -> tuple[bytes, bool] | None:
        head, part = notification[0], notification[1:]
        index, replayed = head & 0x3F, head & 0x40
        if index == 0:
            self._data, self._next, self._replayed = b"", 0, replayed
        elif index != self._next or replayed != self._replayed:
            self._next = 0
            raise RefusedError("OrderError")
        self._data += part
        self._next += 1
        if not head & 0x80:
            return None
        self._next = 0
        return self._data, bool(replayed)


@dataclass
class Status:
    firmware: tuple[int, int, int]
    boot_id: int
    oldest: int
    newest: int
    uptime_s: int
    cause: int
    faults: list[int]


def parse_status(data: bytes) -> Status:
    if data[0] != VERSION:
        raise RefusedError("VersionError")
    major, minor, patch, boot_id, oldest, newest, low, high, cause, faults = struct.unpack(
        "<BBBHIIHBBH", data[1:20]
    )
    return Status(
        (major, minor, patch),
        boot_id,
        oldest,
        newest,
        high << 16 | low,
        cause,
        [faults >> 4 * i & 15 for i in range(4)],
    )


def command(opcode: int, token: int, payload: bytes) -> bytes:
    return bytes((VERSION, opcode, token)) + payload


def parse_reply(data: bytes) -> tuple[int, int, int, bytes]:
    if data[0] != VERSION:
        raise RefusedError("VersionError")
    if not data[1] & 0x80:
        raise RefusedError("RangeError")
    return data[1] & 0x7F, data[2], data[3], data[4:]


@dataclass
class PageClient:
    """One pump's host.

    Attributes:
        frames: every frame by start and number, the first copy of each.
        lost: frames that the board did not keep.
    """

    central: object
    frames: dict[tuple[int, int], Frame] = field(default_factory=dict)
    lost: int = 0
    _token: int = 0

    async def session(self) -> Status:
        """Connect, bond, subscribe, start the stream and fetch what was missed."""
        before = set(self.frames)
        peer = await self.central.connect(mtu=247)
        if await self.central.device.keystore.get_all():
            await peer.connection.encrypt()
        else:
            await peer.connection.pair()
        await self.status()
        self._parts = Parts()
        self._replies = asyncio.Queue()
        self._came = asyncio.Event()
        self._control = self.central.characteristic(CONTROL)
        await self._control.subscribe(self._replies.put_nowait, prefer_notify=False)
        await self.central.characteristic(STATUS).subscribe(lambda _: None)
        await self.central.characteristic(STREAM).subscribe(self._on_notification)
        assert await self.ask(1, b"\x01") == (0, b"")
        status = await self.status()
        async with asyncio.timeout(PATIENCE_S):
            while not (live := [seq for boot, seq in self.frames.keys() - before]):
                self._came.clear()
                await self._came.wait()
        had = [seq for boot, seq in before if boot == status.boot_id]
        first = max(had) + 1 if had else status.oldest
        await self._fetch(status.boot_id, first, min(live) - 1)
        return status

    async def status(self) -> Status:
        return parse_status(await self.central.characteristic(STATUS).read_value())

    async def ask(self, opcode: int, payload: bytes = b"") -> tuple[int, bytes]:
        """Send a command; return status and payload of its reply."""
        self._token = (self._token + 1) % 256
        await self._control.write_value(command(opcode, self._token, payload), with_response=True)
        async with asyncio.timeout(PATIENCE_S):
            answered, token, status, answer = parse_reply(await self._replies.get())
        assert (answered, token) == (opcode, self._token)
        return status, answer

    async def until(self, boot_id: int, seq: int) -> None:
        """Return once this frame came."""
        async with asyncio.timeout(PATIENCE_S):
            while (boot_id, seq) not in self.frames:
                self._came.clear()
                await self._came.wait()

    async def _fetch(self, boot_id: int, first: int, newest: int) -> None:
        while first <= newest:
            asked = struct.pack("<IH", first, min(30, newest - first + 1))
            _, answer = await self.ask(2, asked)
            begins, count = struct.unpack("<IH", answer)
            if not count:
                self.lost += newest - first + 1
                return
            self.lost += begins - first
            for seq in range(begins, begins + count):
                await self.until(boot_id, seq)
            first = begins + count

    def _on_notification(self, notification: bytes) -> None:
        whole = self._parts.push(notification)
        if whole is not None:
            frame = parse_frame(*whole)
            self.frames.setdefault((frame.boot_id, frame.seq), frame)
            self._came.set()

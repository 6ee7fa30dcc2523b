"""One connection's stream: subscribe, start, put together, fetch what is missing."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

import structlog
from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakCharacteristicNotFoundError, BleakGATTProtocolError

from lullaflow.link.battery import watch_battery
from lullaflow.link.cancelling import stop_if_cancelled
from lullaflow.link.commands import CommandChannel
from lullaflow.link.errors import LinkCode, LinkError
from lullaflow.link.intake import Intake
from lullaflow.link.items import GapFilled, LinkItem, StatusRead
from lullaflow.link.sequence import MODULUS, ahead
from lullaflow.link.timing import Timing
from lullaflow_protocol import wire

FETCH_FRAMES: Final = 64
"""Frames asked for at a time: 7 KB, half a second of a slow link, so that live ones wait no longer
than that and a broken link costs no more."""

FETCH_TRIES: Final = 3
"""A frame that does not come after being asked for so often is given up, so that those behind it
get through."""

log = structlog.get_logger(__name__)


class Stream:
    """The stream over one connection.

    Args:
        client: connected, the link encrypted.
        intake: what came so far; outlives the connection.
        emit: takes each item.
        timing: patience.
        pump: the pump's slug, for the log.
        note_battery: takes the board's charge in percent, now and from time to time.

    Attributes:
        commands: for asking the board things.
    """

    def __init__(
        self,
        client: BleakClient,
        intake: Intake,
        emit: Callable[[LinkItem], None],
        timing: Timing,
        pump: str,
        note_battery: Callable[[int], None],
    ) -> None:
        self.commands = CommandChannel(client, timing.reply_s)
        self._client = client
        self._intake = intake
        self._emit = emit
        self._timing = timing
        self._note_battery = note_battery
        self._log = log.bind(pump=pump)
        self._reassembler = wire.Reassembler()
        self._notifications: asyncio.Queue[bytes] = asyncio.Queue()
        self._gap = asyncio.Event()
        self._progress = asyncio.Event()

    async def start(self) -> wire.Status:
        """Subscribe, then let the board send: nothing is sent before somebody listens.

        Raises:
            LinkError: the board speaks another version, or does not answer.
            BleakError: the link broke.
        """
        async with asyncio.timeout(self._timing.start_s):
            await self._read_status()
            await self._client.start_notify(wire.CONTROL_UUID, self.commands.on_reply)
            await self._client.start_notify(wire.STATUS_UUID, self._on_status)
            await self._client.start_notify(wire.STREAM_UUID, self._on_notification)
            await self.commands.ask(wire.CMD_STREAM, b"\x01")
            return await self._read_status()

    async def follow(self, status: wire.Status, dropped: asyncio.Event) -> None:
        """Hand on what comes, and fetch what does not, until the link is dropped.

        Args:
            status: the board's, as `start` returned it.
            dropped: set when the link is gone.

        Raises:
            ExceptionGroup: of LinkError when the board falls silent, of BleakError when the link
                broke.
        """
        self._hand_on(self._intake.begin(status))
        async with asyncio.TaskGroup() as group:
            tasks = (
                group.create_task(self._decode(), name="link.decode"),
                group.create_task(self._fill(status.newest_seq), name="link.fill"),
                group.create_task(
                    watch_battery(self._client, self._note_battery), name="link.battery"
                ),
            )
            await dropped.wait()
            for task in tasks:
                task.cancel()
            # Here rather than by the group: when one fails while a group waits for its end, our
            # own task counts as cancelled for ever after (before Python 3.13).
            await asyncio.wait(tasks)

    async def read(self, uuid: str) -> bytes | None:
        """Read a characteristic; None where the board lacks it or the system keeps it to itself.

        Raises:
            BleakError: the link broke.
        """
        try:
            data = await self._client.read_gatt_char(uuid)
        except (BleakCharacteristicNotFoundError, BleakGATTProtocolError):
            return None
        stop_if_cancelled()
        return bytes(data)

    # -- what the board sends

    def _on_notification(self, _: BleakGATTCharacteristic, data: bytearray) -> None:
        self._notifications.put_nowait(bytes(data))

    def _on_status(self, _: BleakGATTCharacteristic, data: bytearray) -> None:
        with suppress(wire.WireError):
            self._emit(StatusRead(wire.decode_status(bytes(data))))

    async def _read_status(self) -> wire.Status:
        try:
            data = await self._client.read_gatt_char(wire.STATUS_UUID)
            stop_if_cancelled()
            return wire.decode_status(bytes(data))
        except wire.VersionError as error:
            newer = error.version > wire.VERSION
            raise LinkError(
                LinkCode.WRONG_VERSION,
                f"The pump's board speaks version {error.version} of the protocol, lullaflow here "
                f"version {wire.VERSION}.",
                "Update lullaflow on this computer."
                if newer
                else "Update the board's firmware (lullaflow flash).",
                self._client.address,
            ) from error
        except wire.WireError as error:
            raise LinkError(
                LinkCode.WRONG_DEVICE,
                f"The pump's status cannot be read ({error}).",
                "Switch the board off and on.",
                self._client.address,
            ) from error

    async def _decode(self) -> None:
        """Put notifications together, check them and hand frames on in order."""
        while True:
            try:
                async with asyncio.timeout(self._timing.silence_s):
                    notification = await self._notifications.get()
            except TimeoutError:
                raise LinkError(
                    LinkCode.SILENT,
                    "The pump fell silent.",
                    "It is connected anew.",
                    self._client.address,
                ) from None
            try:
                if (whole := self._reassembler.push(notification)) is not None:
                    self._hand_on(self._intake.take(whole[0], replayed=whole[1]))
            except wire.WireError as error:
                # What is missing now shows as a gap and is asked for again.
                self._log.debug("frame dropped", why=str(error))
            if self._intake.gap() is not None:
                self._gap.set()

    def _hand_on(self, items: Iterable[LinkItem]) -> None:
        for item in items:
            self._emit(item)
        self._progress.set()

    # -- what is missing

    async def _fill(self, newest_seq: int) -> None:
        """Fetch what came before the stream began, then whatever goes missing in it."""
        resumed = self._intake.resumed
        await self._fetch_until((newest_seq + 1) % MODULUS)
        caught_up = self._intake.report()
        if resumed:
            self._emit(caught_up)
            self._log.info("caught up", recovered=caught_up.recovered, lost=caught_up.lost)
        while True:
            self._gap.clear()
            gap = self._intake.gap()
            if gap is None:
                await self._gap.wait()
                continue
            await self._fetch_until((gap.first + gap.count) % MODULUS)
            report = self._intake.report()
            if report.lost:
                self._emit(GapFilled(report.recovered, report.lost))

    async def _fetch_until(self, end: int) -> None:
        """Get all frames before `end`, or count them as lost."""
        intake, tries = self._intake, 0
        while missing := intake.missing_before(end):
            before = intake.expected
            count = min(missing, FETCH_FRAMES)
            first, sent = await self._ask_again(before, count)
            if not sent:
                self._hand_on(intake.give_up(count))
                continue
            self._hand_on(intake.give_up(min(max(ahead(first, before), 0), missing)))
            await self._wait_for((first + sent) % MODULUS)
            tries = 0 if intake.expected != before else tries + 1
            if tries >= FETCH_TRIES:
                self._hand_on(intake.give_up(1))
                tries = 0

    async def _ask_again(self, seq: int, count: int) -> tuple[int, int]:
        """Ask for frames; return the first that will come and how many."""
        answer = await self.commands.ask(
            wire.CMD_REPLAY,
            struct.pack(wire.REPLAY_PAYLOAD, seq, count),
            accept=(wire.OK, wire.NOT_IN_BUFFER),
        )
        try:
            first, sent = wire.unpack_payload(wire.REPLAY_PAYLOAD, answer)
        except wire.WireError as error:
            raise LinkError(
                LinkCode.WRONG_DEVICE,
                f"The pump's answer cannot be read ({error}).",
                "Switch the board off and on.",
                self._client.address,
            ) from error
        return first, sent

    async def _wait_for(self, end: int) -> None:
        """Wait until all frames before `end` are in order, or none has come for a while."""
        while self._intake.missing_before(end):
            expected = self._intake.expected
            try:
                async with asyncio.timeout(self._timing.fetch_patience_s):
                    while self._intake.expected == expected:
                        self._progress.clear()
                        await self._progress.wait()
            except TimeoutError:
                return

"""The link to one pump: find, connect, pair, stream, come back, for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from enum import Enum
from typing import Final

import structlog
from bleak import BleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakCharacteristicNotFoundError

from lullaflow.link.cancelling import stop_if_cancelled
from lullaflow.link.errors import LinkCode, LinkError
from lullaflow.link.intake import Intake
from lullaflow.link.items import LinkDown, LinkItem, LinkUp, StatusRead
from lullaflow.link.radio import Radio
from lullaflow.link.stack import LINK_BREAKS
from lullaflow.link.stream import Stream
from lullaflow.link.timing import Backoff, Timing

STALE_BOND_DROPS: Final = 3
"""So often in a row a near pump must drop the link before it is ready, until its bond is held to be
forgotten there. Once or twice is radio trouble."""

NEAR_DBM: Final = -80
"""Weaker signals drop links by themselves, which says nothing about bonds."""

log = structlog.get_logger(__name__)


class LinkState(Enum):
    """Where the link is."""

    SEARCHING = "searching"
    CONNECTING = "connecting"
    STARTING = "starting"
    STREAMING = "streaming"
    WAITING = "waiting"


class PumpLink:
    """Keeps one pump connected.

    Args:
        pump: the pump's slug, for the log.
        radio: the process's radio.
        name: connect only to a pump of this name, when given.
        address: connect only to this address, when given.
        asked: whether a person has just asked to pair. Without it, only a board that is named by
            its address, that there was a bond with, or the first of all is paired.
        timing: waits and patience.

    Attributes:
        state: where the link is.
        address: of the pump connected last.
        firmware: version on its board, None before it was ever connected.
        battery_percent: its charge when last read, None where it does not tell.
        signal_dbm: strength of the advertisement on which it was connected last.
    """

    def __init__(
        self,
        pump: str,
        radio: Radio,
        *,
        name: str = "",
        address: str = "",
        asked: bool = False,
        timing: Timing | None = None,
    ) -> None:
        self._pump = pump
        self._radio = radio
        self._wanted_name = name
        self._wanted_address = address.upper()
        self._asked = asked
        self._known: set[str] = set()
        self._strangers: set[str] = set()
        self._timing = timing or Timing()
        self._backoff = Backoff(self._timing)
        self._log = log.bind(pump=pump)
        self._items: asyncio.Queue[LinkItem] = asyncio.Queue()
        self._intake = Intake()
        self._stream: Stream | None = None
        self._early_drops = 0
        self._looked_afresh = False
        self._rssi_dbm = 0
        self.state = LinkState.WAITING
        self.address = ""
        self.firmware: str | None = None
        self.signal_dbm: int | None = None
        self.battery_percent: int | None = None

    def resume_after(self, boot_id: int, seq: int | None) -> None:
        """Say what the store has already: frames of this boot up to `seq` are not asked for."""
        self._intake.resume_after(boot_id, seq)

    async def items(self) -> AsyncGenerator[LinkItem, None]:
        """Keep the pump connected and yield what comes, until cancelled."""
        keeper = asyncio.create_task(self._keep(), name=f"link[{self._pump}].keep")
        news: asyncio.Task[LinkItem] | None = None
        try:
            while True:
                news = asyncio.create_task(self._items.get(), name=f"link[{self._pump}].item")
                await asyncio.wait((news, keeper), return_when=asyncio.FIRST_COMPLETED)
                if not news.done():
                    keeper.result()
                yield news.result()
        finally:
            keeper.cancel()
            if news is not None:
                news.cancel()
            with suppress(asyncio.CancelledError):
                await keeper

    async def command(self, opcode: int, payload: bytes = b"") -> bytes:
        """Ask the board for something and return the payload of its reply.

        Raises:
            LinkError: not connected, no answer, or refused (`CommandRefusedError`).
        """
        with suppress(*LINK_BREAKS):
            return await self._connected().commands.ask(opcode, payload)
        raise self._away()

    async def read(self, uuid: str) -> bytes | None:
        """Read a characteristic of the board; None where there is none that can be read.

        Raises:
            LinkError: not connected.
        """
        with suppress(*LINK_BREAKS):
            return await self._connected().read(uuid)
        raise self._away()

    def _connected(self) -> Stream:
        if self._stream is None or self.state is not LinkState.STREAMING:
            raise self._away()
        return self._stream

    def _away(self) -> LinkError:
        return LinkError(
            LinkCode.LOST,
            "The pump is not connected now.",
            "Try again when it is back in reach.",
            self.address,
        )

    def _enter(self, state: LinkState) -> None:
        self._log.debug("link", state=state.value)
        self.state = state

    async def _keep(self) -> None:
        told = ""
        while True:
            trouble = None
            try:
                await self._search_and_stream()
            except LinkError as error:
                trouble = error.code
                # The same trouble is told once, not at each try.
                if str(error) != told:
                    self._log.warning(str(error), code=error.code.value)
                told = str(error)
            # A task group that breaks while it is cancelled tells only what broke it.
            stop_if_cancelled()
            if self.state is LinkState.STREAMING:
                self._backoff.reset()
                told = ""
            self._enter(LinkState.WAITING)
            await asyncio.sleep(self._backoff.next_s(trouble))

    async def _search_and_stream(self) -> None:
        self._enter(LinkState.SEARCHING)
        self._known.update(await self._radio.stack.bonds())
        device = await self._radio.find(self._matches)
        self._enter(LinkState.CONNECTING)
        dropped = asyncio.Event()
        client = self._radio.client(device, dropped.set)
        self.address = device.address
        new_bond = False
        try:
            async with self._radio.connecting:
                await self._connect(client)
                new_bond = await self._bond(client, device)
            self._enter(LinkState.STARTING)
            await self._follow(client, device, dropped)
        except LinkError as error:
            if self.state is LinkState.STREAMING:
                raise
            raise await self._explain_early(error, new_bond=new_bond) from error
        finally:
            self._stream = None
            if self.state is LinkState.STREAMING:
                self._items.put_nowait(LinkDown())
                self._log.info("pump out of reach", address=device.address)
            await self._radio.release(client)

    def _matches(self, device: BLEDevice, advertisement: AdvertisementData) -> bool:
        name = advertisement.local_name or device.name
        if self._wanted_name not in ("", name):
            return False
        if self._wanted_address not in ("", device.address.upper()):
            return False
        if not self._may_pair(device.address):
            self._note_stranger(device.address, name)
            return False
        self._rssi_dbm = advertisement.rssi
        return True

    def _may_pair(self, address: str) -> bool:
        """Tell whether a person wants this board: a neighbour's may advertise as well."""
        if self._asked or self._wanted_address or not self._known:
            return True
        return address in self._known

    def _note_stranger(self, address: str, name: str | None) -> None:
        if address not in self._strangers:
            self._strangers.add(address)
            self._log.warning(
                "A pump is near that this computer is not paired with, and is left alone. "
                "If it is yours, pair it: lullaflow pair.",
                address=address,
                name=name,
            )

    async def _connect(self, client: BleakClient) -> None:
        try:
            await client.connect()
        except LINK_BREAKS as error:
            raise await self._radio.stack.find_trouble() or LinkError(
                LinkCode.CONNECT_FAILED,
                "The pump is there, but connecting to it failed.",
                "It is tried again; if it goes on, keep it nearer or off USB 3 devices.",
                client.address,
            ) from error

    async def _bond(self, client: BleakClient, device: BLEDevice) -> bool:
        try:
            new = await self._radio.stack.bond(client, device)
        except LINK_BREAKS as error:
            # With a bond, nobody had to let us pair: it was the link that broke.
            bonded = self.address in await self._radio.stack.bonds()
            raise (self._lost() if bonded else self._pairing_closed()) from error
        if new:
            self._log.info("paired", address=device.address)
        return new

    async def _follow(self, client: BleakClient, device: BLEDevice, dropped: asyncio.Event) -> None:
        stream = Stream(
            client,
            self._intake,
            self._items.put_nowait,
            self._timing,
            self._pump,
            self._note_battery,
        )
        try:
            status = await stream.start()
            self._stream = stream
            self._early_drops = 0
            self._looked_afresh = False
            self._known.add(device.address)
            self._enter(LinkState.STREAMING)
            self._items.put_nowait(LinkUp(device.address, device.name or device.address))
            self._items.put_nowait(StatusRead(status))
            self._log.info("pump connected", address=device.address, name=device.name)
            self.firmware = ".".join(map(str, status.firmware))
            self.signal_dbm = self._rssi_dbm
            await stream.follow(status, dropped)
        except (ExceptionGroup, *LINK_BREAKS) as error:
            raise self._explain(error) from error

    def _note_battery(self, percent: int) -> None:
        self.battery_percent = percent

    def _explain(self, error: Exception) -> Exception:
        """Return what went wrong in a word of ours; anything else stays what it is."""
        causes = list(_leaves(error))
        for cause in causes:
            if isinstance(cause, LinkError):
                return cause
        if any(isinstance(cause, BleakCharacteristicNotFoundError) for cause in causes):
            return LinkError(
                LinkCode.WRONG_DEVICE,
                "The pump lacks a part of our service.",
                "Its firmware may have changed: forget it (lullaflow unpair) and pair it again.",
                self.address,
            )
        if all(isinstance(cause, LINK_BREAKS) for cause in causes):
            return self._lost()
        return error

    async def _explain_early(self, error: LinkError, *, new_bond: bool) -> LinkError:
        """Say what a link that broke before it was ready means for what we remember of the pump.

        A board with pairing closed takes the bond, then drops the link and the bond; a board that
        has forgotten us drops the link whenever our bond is used. One whose firmware has changed
        lacks what the system remembers of it, or has it elsewhere.
        """
        if error.code is LinkCode.WRONG_DEVICE and not self._looked_afresh:
            self._looked_afresh = await self._radio.stack.forget_services(self.address)
            return self._firmware_changed() if self._looked_afresh else error
        if error.code not in (LinkCode.CONNECT_FAILED, LinkCode.LOST):
            return error
        if new_bond:
            await self._radio.stack.forget(self.address)
            return self._pairing_closed()
        self._early_drops += 1
        if self._early_drops < STALE_BOND_DROPS or self._rssi_dbm < NEAR_DBM:
            return error
        self._early_drops = 0
        if not await self._radio.stack.forget(self.address):
            return error
        return LinkError(
            LinkCode.BOND_FORGOTTEN,
            "The pump does not know this computer any more, so they are paired anew.",
            "If that fails, switch the pump's board off and on.",
            self.address,
        )

    def _lost(self) -> LinkError:
        return LinkError(
            LinkCode.LOST, "The link to the pump broke.", "It is tried again.", self.address
        )

    def _firmware_changed(self) -> LinkError:
        return LinkError(
            LinkCode.FIRMWARE_CHANGED,
            "The pump's firmware has changed, so it is looked at afresh and paired anew.",
            "If that fails, switch the pump's board off and on.",
            self.address,
        )

    def _pairing_closed(self) -> LinkError:
        return LinkError(
            LinkCode.PAIRING_CLOSED,
            "The pump does not let this computer pair.",
            "Switch the pump's board off and on; it pairs for two minutes after that.",
            self.address,
        )


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error

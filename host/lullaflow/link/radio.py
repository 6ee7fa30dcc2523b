"""The one radio of the process: a scanner that everybody shares, and clients for what it found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import structlog
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from lullaflow.link.errors import LinkCode, LinkError
from lullaflow.link.stack import LINK_BREAKS, Stack

SCAN_RENEW_S: Final = 60.0
"""A scan that heard nothing of ours for this long is begun anew: scanners go deaf while they say
they run. They do so after hours, so a minute is soon; an idle board advertises each second."""

SCAN_CHECK_S: Final = 5.0
"""How often the stack is asked whether it still scans, while nothing is heard."""

DISCONNECT_TIMEOUT_S: Final = 4.0
"""A live link ends within a second or two; one that is gone needs no goodbye. What is left over
after this is ended as an orphan before the next scan."""

Matches = Callable[[BLEDevice, AdvertisementData], bool]

log = structlog.get_logger(__name__)


class Radio:
    """Finds pumps, and makes clients for them.

    Args:
        stack: the Bluetooth host.
        scan_renew_s: see `SCAN_RENEW_S`.

    Attributes:
        stack: as given.
        connecting: held while connecting, for adapters do one attempt at a time.
    """

    def __init__(self, stack: Stack, *, scan_renew_s: float = SCAN_RENEW_S) -> None:
        self.stack = stack
        self.connecting = asyncio.Lock()
        self._scan_renew_s = scan_renew_s
        self._scanner: BleakScanner | None = None
        self._waiting: dict[asyncio.Future[BLEDevice], Matches] = {}
        self._lock = asyncio.Lock()
        self._heard_at = 0.0
        self._clients: dict[str, BleakClient] = {}

    async def check(self) -> None:
        """Scan for a moment, to find out now rather than later whether it works.

        Raises:
            LinkError: it does not.
        """
        async with self._lock:
            try:
                await self._start()
            except LinkError as error:
                # Another program's scan passes by itself, and is waited for while running.
                if error.code is not LinkCode.BUSY:
                    raise
                log.warning(str(error), code=error.code.value)
            await self._stop()

    async def close(self) -> None:
        """Let go of the radio."""
        async with self._lock:
            await self._stop()
            await self.stack.close()

    async def find(self, matches: Matches) -> BLEDevice:
        """Wait, for ever if need be, until a device that matches is heard.

        Raises:
            LinkError: the radio does not work.
        """
        found: asyncio.Future[BLEDevice] = asyncio.get_running_loop().create_future()
        self._waiting[found] = matches
        try:
            while not found.done():
                async with self._lock:
                    await self._start()
                await asyncio.wait((found,), timeout=SCAN_CHECK_S)
                await self._renew_if_deaf(found)
            return found.result()
        finally:
            del self._waiting[found]
            if not self._waiting:
                async with self._lock:
                    await self._stop()

    def client(self, device: BLEDevice, on_disconnect: Callable[[], None]) -> BleakClient:
        """Return a client, not yet connected, for a device that `find` has just found."""
        client = self.stack.client(device, on_disconnect)
        self._clients[device.address] = client
        return client

    async def release(self, client: BleakClient) -> None:
        """Disconnect a client, whatever has become of it."""
        with suppress(*LINK_BREAKS):
            async with asyncio.timeout(DISCONNECT_TIMEOUT_S):
                await client.disconnect()
        if self._clients.get(client.address) is client:
            del self._clients[client.address]

    async def _renew_if_deaf(self, found: asyncio.Future[BLEDevice]) -> None:
        """Drop the scanner when it heard nothing for long, or has lost what it scans with."""
        silent_s = asyncio.get_running_loop().time() - self._heard_at
        if found.done() or silent_s < SCAN_CHECK_S:
            return
        if silent_s < self._scan_renew_s and await self.stack.is_scanning():
            return
        async with self._lock:
            if self._scanner is not None:
                log.debug("scan begun anew", silent_s=round(silent_s))
                await self._stop()

    async def _start(self) -> None:
        if self._scanner is not None:
            return
        try:
            await self.stack.open()
            await self.stack.free_orphans(self._clients)
            scanner = self.stack.scanner(self._on_advertisement)
            await scanner.start()
        except LINK_BREAKS as error:
            raise await self.stack.diagnose(error) from error
        self._scanner = scanner
        # Silence counts from the new start, else a scan that just began would be renewed at once.
        self._heard_at = asyncio.get_running_loop().time()

    async def _stop(self) -> None:
        scanner, self._scanner = self._scanner, None
        if scanner is not None:
            # A scanner whose adapter or service went away cannot be stopped, and need not be.
            with suppress(*LINK_BREAKS):
                async with asyncio.timeout(DISCONNECT_TIMEOUT_S):
                    await scanner.stop()

    def _on_advertisement(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        for waiting, matches in list(self._waiting.items()):
            if not waiting.done() and matches(device, advertisement):
                waiting.set_result(device)


@asynccontextmanager
async def open_radio(controller: str, adapter: str, state_folder: Path) -> AsyncIterator[Radio]:
    """A radio that is known to work when the block begins, and let go of when it ends.

    Args:
        controller: a Bumble transport, or empty for the machine's own Bluetooth.
        adapter: which of several adapters, by address or name (`hci1`), for the machine's own
            Bluetooth.
        state_folder: where our own stack keeps its bonds.

    Raises:
        LinkError: it does not work.
    """
    radio = Radio(_stack(controller, adapter, state_folder))
    try:
        await radio.check()
        yield radio
    finally:
        await radio.close()


def _stack(controller: str, adapter: str, state_folder: Path) -> Stack:
    if not controller:
        from lullaflow.link.bluez import BlueZStack

        return BlueZStack(adapter)
    # Bumble takes a second and 30 MB: those who have BlueZ need not pay for it.
    from lullaflow.link.bumble import BumbleStack

    return BumbleStack(controller, state_folder)

"""What the link needs of a Bluetooth host, be it the system's own or ours."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, Protocol

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementDataCallback
from bleak.exc import BleakError

from lullaflow.link.errors import LinkError

CONNECT_TIMEOUT_S: Final = 20.0
"""For connecting and discovering; a slow adapter has been seen to need 10 to 15 s."""

LINK_BREAKS: Final = (BleakError, OSError, EOFError, TimeoutError)
"""What bleak's backends raise when a link or the system's service goes away."""


class Stack(Protocol):
    """A Bluetooth host."""

    async def is_scanning(self) -> bool:
        """Tell whether a scan that was started still runs, as far as the stack knows."""

    async def open(self) -> None:
        """Take hold of it.

        Raises:
            LinkError: it cannot be had.
        """

    async def close(self) -> None:
        """Let go of it."""

    def scanner(self, hear: AdvertisementDataCallback) -> BleakScanner:
        """Return a scanner for our service, not yet started."""

    def client(self, device: BLEDevice, on_disconnect: Callable[[], None]) -> BleakClient:
        """Return a client, not yet connected, for a device that the scanner has just found."""

    async def bond(self, client: BleakClient, device: BLEDevice) -> bool:
        """Encrypt a link, pairing if need be; True when the bond was made just now.

        Raises:
            BleakError: the board refuses, or the link broke.
        """

    async def bonds(self) -> list[str]:
        """Return the addresses of the pumps that there are bonds with.

        Raises:
            LinkError: the stack cannot be asked.
        """

    async def forget(self, address: str) -> bool:
        """Forget the bond with a device; False when there is none.

        Raises:
            LinkError: the stack cannot be asked.
        """

    async def forget_services(self, address: str) -> bool:
        """Forget what is remembered of a device's services, the bond too where one cannot go alone.

        Returns:
            False when nothing is remembered.

        Raises:
            LinkError: the stack cannot be asked.
        """

    async def find_trouble(self) -> LinkError | None:
        """Look for what keeps the stack from working; None when nothing does."""

    async def free_orphans(self, keep: Collection[str]) -> None:
        """End links to pumps that a process before us has left open, since they do not advertise.

        Args:
            keep: addresses of devices that we use ourselves.

        Raises:
            BleakError: the stack cannot be asked.
        """

    async def diagnose(self, error: Exception) -> LinkError:
        """Return what is wrong with this machine's Bluetooth, given what bleak said."""

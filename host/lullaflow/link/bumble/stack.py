"""Our own Bluetooth host, on any controller that Bumble can open."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementDataCallback

from lullaflow.link.bumble.client import BumbleClient
from lullaflow.link.bumble.controller import BumbleController
from lullaflow.link.bumble.scanner import BumbleScanner
from lullaflow.link.errors import LinkError
from lullaflow.link.stack import CONNECT_TIMEOUT_S
from lullaflow_protocol import wire


class BumbleStack:
    """See `Stack`.

    Args:
        spec: a Bumble transport.
        state_folder: where bonds and our own address are kept.
    """

    def __init__(self, spec: str, state_folder: Path) -> None:
        self._controller = BumbleController(spec, state_folder)

    async def is_scanning(self) -> bool:
        """Tell whether the controller is still there."""
        return self._controller.is_open

    async def open(self) -> None:
        """Open the controller, when it is not open."""
        if not self._controller.is_open:
            await self._controller.close()
            await self._controller.open()

    async def close(self) -> None:
        """Close the controller."""
        await self._controller.close()

    def scanner(self, hear: AdvertisementDataCallback) -> BleakScanner:
        """Return a scanner for our service."""
        return BleakScanner(hear, [wire.SERVICE_UUID], backend=BumbleScanner.on(self._controller))

    def client(self, device: BLEDevice, on_disconnect: Callable[[], None]) -> BleakClient:
        """Return a client for a device."""
        return BleakClient(
            device,
            disconnected_callback=lambda _: on_disconnect(),
            timeout=CONNECT_TIMEOUT_S,
            backend=BumbleClient.on(self._controller),
        )

    async def bond(self, client: BleakClient, device: BLEDevice) -> bool:
        """Encrypt a link; the client itself forgets a bond that the board has forgotten."""
        known = await self._controller.bonds()
        await client.pair()
        del device
        return await self._controller.bonds() != known

    async def bonds(self) -> list[str]:
        """Return the addresses of all bonds: our stack meets pumps only."""
        return [address.partition("/")[0] for address in await self._controller.bonds()]

    async def forget(self, address: str) -> bool:
        """Forget a bond."""
        return await self._controller.forget(address)

    async def forget_services(self, address: str) -> bool:
        """Do nothing: our stack looks at the services each time."""
        del address
        return False

    async def find_trouble(self) -> LinkError | None:
        """Look whether the controller is still there."""
        return None if self._controller.is_open else self._controller.unreachable()

    async def free_orphans(self, keep: Collection[str]) -> None:
        """Do nothing: our links end with our process."""

    async def diagnose(self, error: Exception) -> LinkError:
        """Return what is wrong: there is but one thing between us and the controller."""
        del error
        return self._controller.unreachable()

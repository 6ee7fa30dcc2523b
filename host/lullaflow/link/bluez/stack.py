"""The system's own Bluetooth host: bleak's native backend on BlueZ."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from typing import Any

import structlog
from bleak import BleakAdapter, BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementDataCallback
from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError

from lullaflow.link.bluez.agent import pairing_agent
from lullaflow.link.bluez.bus import Properties, bluez
from lullaflow.link.bluez.client import BlueZClient
from lullaflow.link.bluez.diagnosis import find_trouble
from lullaflow.link.errors import LinkCode, LinkError
from lullaflow.link.stack import CONNECT_TIMEOUT_S, LINK_BREAKS
from lullaflow_protocol import wire

log = structlog.get_logger(__name__)


class BlueZStack:
    """See `Stack`.

    Args:
        adapter: which of several adapters, by address or name (`hci1`), or empty.
    """

    def __init__(self, adapter: str) -> None:
        self._adapter = adapter
        self._options: dict[str, Any] = {"bluez": {}}

    async def is_scanning(self) -> bool:
        """Tell whether an adapter scans: after a restart of its service none does."""
        try:
            async with bluez() as service:
                return await service.is_running() and any(
                    adapter.get("Discovering")
                    for adapter in (await service.adapters(self._adapter)).values()
                )
        except LINK_BREAKS:
            return False

    async def open(self) -> None:
        """Check that this is Linux, and find out what our adapter is called today.

        Raises:
            LinkError: it is not, or there is no such adapter.
        """
        if sys.platform != "linux":
            raise LinkError(
                LinkCode.NO_SERVICE,
                "lullaflow uses Bluetooth through BlueZ, which only Linux has.",
                "Give it an adapter of its own: bluetooth.controller = 'usb:0'.",
            )
        if not self._adapter:
            return
        try:
            async with bluez() as service:
                found = await service.adapters(self._adapter) if await service.is_running() else {}
        except LINK_BREAKS as error:
            raise await self.diagnose(error) from error
        if not found:
            raise await self.diagnose(BleakError(f"no adapter {self._adapter}"))
        # Names go by the order in which adapters were found, and change with it.
        self._options = {"bluez": {"adapter": next(iter(found)).rpartition("/")[2]}}

    async def close(self) -> None:
        """Do nothing: scanners and clients are let go of one by one."""

    def scanner(self, hear: AdvertisementDataCallback) -> BleakScanner:
        """Return a scanner for our service."""
        return BleakScanner(hear, [wire.SERVICE_UUID], **self._options)

    def client(self, device: BLEDevice, on_disconnect: Callable[[], None]) -> BleakClient:
        """Return a client for a device."""
        return BlueZClient(
            device, disconnected_callback=lambda _: on_disconnect(), timeout=CONNECT_TIMEOUT_S
        )

    async def bond(self, client: BleakClient, device: BLEDevice) -> bool:
        """Pair, when BlueZ has no bond; with one, it encrypts by itself."""
        path = device.details["path"]
        async with bluez() as service:
            if (await service.devices()).get(path, {}).get("Paired"):
                return False
        async with pairing_agent(path):
            await client.pair()
        return True

    async def bonds(self) -> list[str]:
        """Return the addresses of the paired devices that have our service."""
        try:
            async with bluez() as service:
                devices = (await service.devices()).values()
        except LINK_BREAKS as error:
            raise await self.diagnose(error) from error
        return [
            str(device["Address"])
            for device in devices
            if device.get("Paired") and wire.SERVICE_UUID in device.get("UUIDs", ())
        ]

    async def forget(self, address: str) -> bool:
        """Remove the device from BlueZ, which forgets its bond."""
        return any(device.get("Paired") for device in await self._remove(address))

    async def forget_services(self, address: str) -> bool:
        """Remove the device from BlueZ: nothing less makes it look at the services anew."""
        return bool(await self._remove(address))

    async def _remove(self, address: str) -> list[Properties]:
        removed = []
        try:
            async with bluez() as service:
                for path, device in (await service.devices()).items():
                    if device["Address"].upper() == address.upper():
                        await service.remove_device(path)
                        removed.append(device)
        except LINK_BREAKS as error:
            raise await self.diagnose(error) from error
        return removed

    async def find_trouble(self) -> LinkError | None:
        """Look at bus, service, adapter, version and permission."""
        return await find_trouble(self._adapter)

    async def free_orphans(self, keep: Collection[str]) -> None:
        """Disconnect pumps that BlueZ holds for nobody; it keeps links when a program dies.

        A pump that somebody follows is left to him: a command must not cut the daemon's session.

        Raises:
            BleakError: BlueZ cannot be asked.
        """
        adapter = await BleakAdapter.get(**self._options)
        connected = await adapter.get_connected_devices([wire.SERVICE_UUID])
        orphans = [device for device in connected if device.address not in keep]
        if not orphans:
            return
        async with bluez() as service:
            followed = await service.followed_devices()
            for device in orphans:
                path = device.details["path"]
                if path not in followed:
                    log.info("link left over from before is ended", address=device.address)
                    await service.disconnect_device(path)

    async def diagnose(self, error: Exception) -> LinkError:
        """Look what is wrong."""
        if (trouble := await self.find_trouble()) is not None:
            return trouble
        if isinstance(error, BleakDBusError) and error.dbus_error == "org.bluez.Error.InProgress":
            return LinkError(
                LinkCode.BUSY,
                "The Bluetooth adapter is busy with another program's request.",
                "It is tried again; if it goes on, unplug the adapter and plug it in again.",
            )
        if isinstance(error, BleakBluetoothNotAvailableError):
            return LinkError(
                LinkCode.ADAPTER_OFF, "Bluetooth was not ready just now.", "It is tried again."
            )
        return LinkError(
            LinkCode.NO_SERVICE,
            f"The system's Bluetooth service does not do what it should ({error}).",
            "It is tried again; if it goes on: systemctl restart bluetooth.",
        )

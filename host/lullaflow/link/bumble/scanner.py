"""bleak's scanner on Bumble."""

from __future__ import annotations

from typing import Any

from bleak.backends.scanner import (
    AdvertisementData,
    AdvertisementDataCallback,
    BaseBleakScanner,
)
from bumble.core import UUID, AdvertisingData
from bumble.device import Advertisement

from lullaflow.link.bumble.controller import BumbleController


class BumbleScanner(BaseBleakScanner):
    """Scanner backend; make one for a controller with `on`."""

    controller: BumbleController

    @classmethod
    def on(cls, controller: BumbleController) -> type[BumbleScanner]:
        """Return the backend class for a controller, as bleak's `backend=` wants it."""
        return type("BumbleScannerOnController", (cls,), {"controller": controller})

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str = "active",
        **_: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode == "active"
        self._names: dict[str, str] = {}
        self._uuids: dict[str, list[str]] = {}

    async def start(self) -> None:
        """Start scanning."""
        self.seen_devices = {}
        device = self.controller.device
        if device is None:
            raise OSError("the controller is closed")
        device.on("advertisement", self._on_advertisement)
        await device.start_scanning(active=self._active, filter_duplicates=False)

    async def stop(self) -> None:
        """Stop scanning."""
        device = self.controller.device
        if device is None:
            return
        device.remove_listener("advertisement", self._on_advertisement)
        if self.controller.is_open:
            await device.stop_scanning()

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        address = advertisement.address.to_string(False)
        data = advertisement.data
        # Service and name may come apart, in advertisement and scan response.
        name = data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME) or self._names.get(address)
        if name is not None:
            self._names[address] = str(name)
        uuids = _service_uuids(data) or self._uuids.get(address, [])
        self._uuids[address] = uuids
        if not self.is_allowed_uuid(uuids):
            return
        seen = AdvertisementData(
            local_name=name,
            manufacturer_data={},
            service_data={},
            service_uuids=uuids,
            tx_power=None,
            rssi=advertisement.rssi,
            platform_data=(advertisement,),
        )
        device = self.create_or_update_device(address, address, name, advertisement.address, seen)
        self.call_detection_callbacks(device, seen)


def _service_uuids(data: AdvertisingData) -> list[str]:
    found: list[UUID] = []
    for kind in (
        AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
        AdvertisingData.Type.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
    ):
        for group in data.get_all(kind):
            found += group
    return [uuid.to_hex_str("-").lower() for uuid in found]

"""A client that knows when to stop; bleak tries for all its patience, whatever drops the link."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from bleak import BleakClient
from bleak.backends.device import BLEDevice

from lullaflow.link.bluez.bus import bluez

DROPS_PER_TRY: Final = 5
"""So many links may break before one is ready. bleak takes the first to be the radio's trouble and
tries again at once, which helps; but a board that has forgotten our bond drops each of them, twice
a second."""


class BlueZClient(BleakClient):
    """bleak's client for a device that its scanner has found.

    Args:
        device: as found.
        options: bleak's own.
    """

    def __init__(self, device: BLEDevice, **options: Any) -> None:
        super().__init__(device, **options)
        self._path: str = device.details["path"]

    async def connect(self, **kwargs: Any) -> None:
        """Connect and discover.

        Raises:
            TimeoutError: it took too long, or too many links broke meanwhile.
            BleakError: BlueZ cannot.
        """
        drops = 0
        async with asyncio.timeout(None) as patience, bluez() as service:

            def count() -> None:
                nonlocal drops
                drops += 1
                if drops == DROPS_PER_TRY:
                    patience.reschedule(0)

            await service.watch_drops(self._path, count)
            await super().connect(**kwargs)

"""What `lullaflow scan`, `unpair` and `doctor` ask."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from lullaflow.link.errors import LinkError
from lullaflow.link.radio import Radio, open_radio


@dataclass(frozen=True, slots=True)
class FoundPump:
    """A pump that was heard.

    Attributes:
        rssi_dbm: signal strength; -60 is near, -90 far.
    """

    name: str
    address: str
    rssi_dbm: int


async def scan(radio: Radio, for_s: float) -> list[FoundPump]:
    """Listen for a while; return the pumps heard, the nearest first.

    Raises:
        LinkError: the radio does not work.
    """
    found: dict[str, FoundPump] = {}

    def note(device: BLEDevice, advertisement: AdvertisementData) -> bool:
        name = advertisement.local_name or device.name or "(no name)"
        found[device.address] = FoundPump(name, device.address, advertisement.rssi)
        return False

    try:
        async with asyncio.timeout(for_s):
            await radio.find(note)
    except TimeoutError:
        pass
    return sorted(found.values(), key=lambda pump: -pump.rssi_dbm)


async def unpair(radio: Radio, address: str = "") -> list[str]:
    """Forget the bond with one pump, or with all.

    Args:
        radio: the process's radio.
        address: of the pump; empty for all.

    Returns:
        The addresses forgotten.

    Raises:
        LinkError: the radio does not work.
    """
    stack = radio.stack
    known = [address] if address else await stack.bonds()
    return [each for each in known if await stack.forget(each)]


async def find_trouble(adapter: str) -> LinkError | None:
    """Return what keeps this machine's own Bluetooth from working; None when it does.

    Args:
        adapter: the one to use, by address or name (`hci1`), or empty for any.
    """
    try:
        async with open_radio("", adapter, Path()) as radio:
            # Not all that is wrong shows in a scan.
            return await radio.stack.find_trouble()
    except LinkError as error:
        return error

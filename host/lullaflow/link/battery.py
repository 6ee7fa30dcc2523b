"""The board's battery, asked for from time to time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from bleak import BleakClient
from bleak.exc import BleakCharacteristicNotFoundError, BleakGATTProtocolError

from lullaflow.link.cancelling import stop_if_cancelled

BATTERY_LEVEL_UUID: Final = "00002a19-0000-1000-8000-00805f9b34fb"
"""Bluetooth SIG, Battery Service 1.0, section 3.1: one byte, 0 to 100."""

EVERY_S: Final = 300.0
"""A cell lasts for hours. Read rather than subscribed to: BlueZ lets nobody else subscribe."""


async def watch_battery(client: BleakClient, note: Callable[[int], None]) -> None:
    """Read the level now and from time to time, as long as the link holds.

    Args:
        client: connected.
        note: takes each level, 0 to 100.

    Raises:
        bleak.exc.BleakError: the link broke.
    """
    while True:
        try:
            data = await client.read_gatt_char(BATTERY_LEVEL_UUID)
        except (BleakCharacteristicNotFoundError, BleakGATTProtocolError):
            return  # a board without a cell, or a system that keeps it to itself
        stop_if_cancelled()
        if data and data[0] <= 100:
            note(data[0])
        await asyncio.sleep(EVERY_S)

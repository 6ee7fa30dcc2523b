"""Runs under MicroPython: boots a board's compiled firmware and prints what memory is left.

The parts round it are those of the firmware's tests (tests/firmware/rig): chips that answer as
their data sheets say. Arguments: what MicroPython calls the board's chip.
"""

import asyncio
import gc
import sys
import time

import bluetooth
import machine
from chips import Bus, Hx711Chip, Lps33hwChip, MprChip

from lullaflow_protocol import wire

RUN_MS = 1200
LPS33HW_ADDRESSES = (0x5C, 0x5D)
MPR_ADDRESS = 0x18


class RealTime:
    """The chips' time."""

    @property
    def us(self):
        """Microseconds, of no matter what."""
        return time.ticks_us()


class AnyPins(dict):
    """An HX711 on whatever pins the board file names."""

    def __getitem__(self, pin):
        if pin not in self:
            self[pin] = Hx711Chip(now)
        return self.get(pin)


def attach(chip):
    """Attach the chips that this board has."""
    if chip == "ESP32S3":
        machine.world.i2c = {n: Bus({MPR_ADDRESS: MprChip(now)}) for n in (0, 1)}
    else:
        gauges = {address: Lps33hwChip(now) for address in LPS33HW_ADDRESSES}
        machine.world.i2c = {0: Bus(gauges)}
    machine.world.hx711 = AnyPins()
    machine.world.tick = lambda _period_ms: None


async def boot(chip):
    """Boot, run for a while, and print the bytes in use and free."""
    from lullaflow_firmware.app import RING_FRAMES, Application
    from lullaflow_firmware.boards.esp32 import Clock
    from lullaflow_firmware.start import find_board

    app = Application(bluetooth.BLE(), Clock(), find_board(chip), Flash())
    task = asyncio.create_task(app.run())
    await asyncio.sleep_ms(RUN_MS)
    if app.ring.next_seq() == 0:
        raise RuntimeError("no frame was sampled")
    gc.collect()
    print(gc.mem_alloc() - before, gc.mem_free(), wire.MAX_FRAME_SIZE * RING_FRAMES)
    task.cancel()


class Flash:
    """A flash that is blank."""

    def read(self, _name):
        """Return nothing."""
        return

    def write(self, name, data):
        """Keep nothing."""


now = RealTime()
attach(sys.argv[1])
gc.collect()
before = gc.mem_alloc()
asyncio.run(boot(sys.argv[1]))

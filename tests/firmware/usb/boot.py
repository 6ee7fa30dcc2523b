"""Runs under MicroPython in place of a chip: its flash, its watchdog, `main.py`, then the prompt.

Arguments: the image of the flash, what MicroPython calls the chip, a file that says until when the
watchdog waits, and how much faster than life that runs.
"""

import sys
import time

import bluetooth  # noqa: F401 - loaded as long as its file can be seen
import chips
import esp32  # noqa: F401
import machine
import vfs

IMAGE, CHIP, WATCHDOG, HASTE = sys.argv[1:]
BLOCK = 4096


class Flash:
    """The block device that littlefs has on a board, kept in a file: what is written stays."""

    def __init__(self, path):
        self._file = open(path, "r+b")  # noqa: SIM115 - open as long as the chip lives
        self._file.seek(0, 2)
        self._blocks = self._file.tell() // BLOCK

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK + offset)
        self._file.write(buffer)

    def ioctl(self, what, _):
        return {4: self._blocks, 5: BLOCK}.get(what, 0)


class RealTime:
    @property
    def us(self):
        return time.ticks_us()


class AnyPins(dict):
    def __getitem__(self, pin):
        if pin not in self:
            self[pin] = chips.Hx711Chip(now)
        return self.get(pin)


class Watchdog:
    def __init__(self, timeout):
        self._timeout_s = timeout / 1000 / float(HASTE)
        self.feed()

    def feed(self):
        watchdog.seek(0)
        watchdog.write("%20.3f" % (time.time() + self._timeout_s))


class Implementation:
    _machine = CHIP
    _mpy = sys.implementation._mpy
    version = sys.implementation.version


class Sys:
    """`sys`, but for the chip's name."""

    implementation = Implementation

    def __getattr__(self, name):
        return getattr(real_sys, name)


def reset():
    """Have this process killed at once: nothing is closed, nothing is caught, as with a chip."""
    watchdog.seek(0)
    watchdog.write("%20.3f" % 0)
    while True:
        pass


now = RealTime()
gauges = {address: chips.Lps33hwChip(now) for address in (0x5C, 0x5D)}
machine.world.i2c = {0: chips.Bus(gauges)}
machine.world.hx711 = AnyPins()
machine.world.tick = lambda period_ms: None
machine.reset = reset
machine.WDT = Watchdog
watchdog = open(WATCHDOG, "w")  # noqa: SIM115
flash = Flash(IMAGE)
try:
    files = vfs.VfsLfs2(flash)
except OSError:  # fresh from the factory; MicroPython's boards do the same
    vfs.VfsLfs2.mkfs(flash)
    files = vfs.VfsLfs2(flash)
real_sys = sys
sys.modules["sys"] = Sys()
vfs.umount("/")
vfs.mount(files, "/")
sys.path[:] = ["", "/lib", ".frozen"]

try:
    with open("/main.py") as file:
        program = file.read()
except OSError:
    program = ""
exec(program, {"__name__": "__main__"})

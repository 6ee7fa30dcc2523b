"""A board without hardware: virtual time, sensors that say what they are told, flash, a central."""

import asyncio

import bluetooth

from lullaflow_firmware.app import Application
from lullaflow_protocol import wire

_TICKS_MASK = (1 << 30) - 1


class Clock:
    """Time that moves only when it is told to.

    Args:
        start_ms: what the ticks begin with; near 2**30 they wrap soon.
    """

    def __init__(self, start_ms=0):
        self.now_ms = start_ms
        self._sleepers = []

    def ticks_ms(self):
        return self.now_ms & _TICKS_MASK

    async def sleep_ms(self, duration_ms):
        event = asyncio.Event()
        self._sleepers.append((self.now_ms + duration_ms, event))
        await event.wait()

    async def advance(self, duration_ms, on_tick=None):
        # In long stretches tasks get fewer turns: each costs a millisecond on this platform.
        turn_ms = 100 if duration_ms <= 20_000 else 2000
        end_ms = self.now_ms + duration_ms
        while self.now_ms < end_ms:
            self.now_ms += 20
            if on_tick is not None:
                on_tick(None)
            if self.now_ms % turn_ms < 20 or self.now_ms >= end_ms:
                await self._turn()

    async def _turn(self):
        for sleeper in list(self._sleepers):
            if sleeper[0] <= self.now_ms:
                self._sleepers.remove(sleeper)
                sleeper[1].set()
        for _ in range(6):
            await asyncio.sleep(0)


class Sensor:
    def __init__(self, raw):
        self.raw = raw
        self.fault = wire.FAULT_NONE

    def read(self):
        return self.raw


class Board:
    unique_id = b"\x01\x02\x03\x04\xca\xfe"

    def __init__(self, sensors, cause, sleep_after_ms):
        self.sensors = sensors
        self.callback = None
        self.lit = []
        self.sleep_after_ms = sleep_after_ms
        self.cause = cause
        self.pressed = False
        self.fed = 0

    def start_sampling(self, period_ms, callback):
        assert period_ms == 20
        self.callback = callback

    def battery_percent(self):
        return 87

    def reset_cause(self):
        return self.cause

    def identify(self, on):
        self.lit.append(on)

    def button_pressed(self):
        return self.pressed

    def feed_watchdog(self):
        self.fed += 1


class Storage:
    """Flash. With `cut_after` set, the power goes after that many bytes of the next write."""

    def __init__(self):
        self.files = {}
        self.cut_after = None

    def read(self, name):
        return self.files.get(name)

    def write(self, name, data):
        if self.cut_after is not None:
            self.files[name] = bytes(data[: self.cut_after])
            raise PowerCut
        self.files[name] = bytes(data)


class PowerCut(Exception):
    """The power went in the middle of a write."""


class Rig:
    """A board that runs the application, and its central."""

    def __init__(
        self,
        sensors=None,
        storage=None,
        start_ms=0,
        cause=wire.RESET_POWER_ON,
        sleep_after_ms=None,
    ):
        if sensors is None:
            sensors = tuple(
                Sensor(wire.weight_raw(12.0) if i & 1 else wire.vacuum_raw(100.0)) for i in range(4)
            )
        self.ble = bluetooth.BLE()
        self.clock = Clock(start_ms)
        self.board = Board(sensors, cause, sleep_after_ms)
        self.storage = storage or Storage()
        self.app = Application(self.ble, self.clock, self.board, self.storage)
        self.task = None
        self._token = 0
        # Handles are given out in the order of the services.
        self.stream, self.control, self.status = 13, 16, 19

    async def start(self):
        self.task = asyncio.create_task(self.app.run())
        await self.run(0)
        for _ in range(12):
            await asyncio.sleep(0)

    async def run(self, duration_ms):
        await self.clock.advance(duration_ms, self.board.callback)

    async def stop(self):
        """Let the power go."""
        self.task.cancel()
        try:
            await self.task
        except asyncio.CancelledError:
            pass

    async def press(self, duration_ms):
        """Press the button, and let go."""
        self.board.pressed = True
        await self.run(duration_ms)
        self.board.pressed = False
        await self.run(200)

    async def connect(self, encrypted=True, att_mtu=247):
        self.ble.event(1, (1, 0, bytearray(b"\x11" * 6)))
        self.ble.event(21, (1, att_mtu))
        if encrypted:
            self.ble.event(28, (1, 1, 0, 1, 16))
        await self.run(20)

    async def disconnect(self):
        self.ble.event(2, (1, 0, bytearray(b"\x11" * 6)))
        await self.run(20)

    async def ask(self, opcode, payload=b"", data=None):
        """Write a command and return `(status, payload)` of its reply."""
        self._token = (self._token + 1) & 255
        del self.ble.indicated[:]
        self.ble.write(self.control, data or wire.encode_command(opcode, self._token, payload))
        await self.run(40)
        handle, reply = self.ble.indicated[-1]
        assert handle == self.control
        _, token, status, answer = wire.decode_reply(reply)
        assert data is not None or token == self._token
        return status, answer

    def frames(self):
        """Put together all that the stream has sent; return `(frame, replayed)` of each."""
        reassembler = wire.Reassembler()
        found = []
        for handle, part in self.ble.notified:
            if handle == self.stream:
                whole = reassembler.push(part)
                if whole is not None:
                    found.append((wire.decode_frame(whole[0]), whole[1]))
        return found


def main(case):
    """Run one case; it fails by an exception."""
    asyncio.run(case())
    print("passed")

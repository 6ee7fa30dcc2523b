"""The boot program on both boards: power-on, session, crash, sleep; every start knows its cause."""

import asyncio
import os
import struct
import sys

import bluetooth
import machine
from chips import Bus, Hx711Chip, Lps33hwChip, MprChip, Time

from lullaflow_firmware import start
from lullaflow_firmware.boards import esp32 as common
from lullaflow_firmware.drivers.hx711 import Hx711
from lullaflow_firmware.drivers.lps33hw import SA0_LOW, Lps33hw
from lullaflow_protocol import wire

MAIN = __file__.replace("tests/firmware/cases/boot.py", "firmware/main.py")
STREAM, CONTROL, STATUS, BATTERY = 13, 16, 19, 31
HERE = os.getcwd()
world = machine.world


class Machine:
    """What the boot program takes for `sys`: on a real board it says which chip it is."""

    class implementation:  # noqa: N801
        _machine = None

    print_exception = sys.print_exception


class QuickClock:
    """A clock that goes as the timer ticks, however busy this machine is."""

    def ticks_ms(self):
        return bench.time.us // 1000 & ((1 << 30) - 1)

    async def sleep_ms(self, duration_ms):
        end_us = bench.time.us + duration_ms * 1000
        while bench.time.us < end_us:
            await asyncio.sleep_ms(0)


class Bench:
    """One board with its chips, and the central that talks to it."""

    def __init__(self, name, left, right, button_pin):
        self.name = name
        self.button_pin = button_pin
        self.c3 = "ESP32C3" in name
        self.time = time = Time()
        self.boots = []
        self.looks = []
        if self.c3:
            self.gauges = [Lps33hwChip(time), Lps33hwChip(time)]
            world.i2c = {0: Bus({0x5C: self.gauges[0], 0x5D: self.gauges[1]})}
        else:
            self.gauges = [MprChip(time), MprChip(time)]
            world.i2c = {side: Bus({0x18: self.gauges[side]}) for side in (0, 1)}
        self.cells = [Hx711Chip(time, 60_000), Hx711Chip(time, 90_000)]
        world.hx711 = {pin: self.cells[side] for side in (0, 1) for pin in (left, right)[side]}
        world.rtc = b""
        world.tick = self.pass_ms
        self.folder = "%s/%d" % (HERE, len(os.listdir(HERE)))
        os.mkdir(self.folder)

    def pass_ms(self, duration_ms):
        self.time.us += duration_ms * 1000

    def suck(self, mmhg):
        for gauge in self.gauges:
            if self.c3:
                gauge.hpa = 1013 - mmhg * 4 // 3
            else:
                gauge.pa = 101_325 - mmhg * 400 // 3

    def start(self, cause, scenario, end, clock=QuickClock, change=None, make=None):
        """Run the boot program until it ends with `end`, while the scenario plays.

        Args:
            cause: of this start, as the chip tells it.
            scenario: a coroutine function.
            end: the exception that ends the program.
            clock: for the application.
            change: called with the board before the application gets it.
            make: makes another board than the file for this chip does.
        """
        asyncio.new_event_loop()
        self.board = None  # nothing of the boot before is left in memory
        world.cause = cause
        world.fed = 0
        world.scenario = scenario
        world.trouble = world.end = None
        world.in_real_time = clock is common.Clock
        os.chdir(self.folder)
        self.ble = bluetooth.BLE()
        Machine.implementation._machine = self.name
        find_board = start.find_board

        def find_and_change(name):
            self.board = find_board(name) if make is None else make()
            if change is not None:
                change(self.board)
            return self.board

        start.sys = Machine
        start.Clock = clock
        start.bluetooth = self
        start.find_board = find_and_change
        sys.modules.pop("main", None)
        try:
            with open(MAIN) as file:
                exec(file.read(), {"__name__": "__main__"})
        except end:
            pass
        finally:
            start.find_board = find_board
        if world.trouble is not None:
            sys.print_exception(world.trouble)
            raise AssertionError("the scenario failed")

    def BLE(self):  # noqa: N802
        return self.ble

    async def connect(self):
        self.ble.event(1, (1, 0, bytearray(b"\x11" * 6)))
        self.ble.event(21, (1, 247))
        self.ble.event(28, (1, 1, 0, 1, 16))
        await asyncio.sleep_ms(20)

    async def disconnect(self):
        self.ble.event(2, (1, 0, bytearray(b"\x11" * 6)))
        await asyncio.sleep_ms(20)

    async def ask(self, opcode, payload=b""):
        del self.ble.indicated[:]
        self.ble.write(CONTROL, wire.encode_command(opcode, 1, payload))
        while not self.ble.indicated:
            await asyncio.sleep_ms(0)
        _, _, status, answer = wire.decode_reply(self.ble.indicated[0][1])
        assert status == wire.OK, (opcode, status)
        return answer

    def status(self):
        return wire.decode_status(self.ble.gatts_read(STATUS))

    async def log(self):
        """Return kind and detail of each entry, newest first."""
        count = (await self.ask(wire.CMD_LOGS, b"\xff"))[0]
        found = []
        for skip in range(count):
            fields = struct.unpack(wire.LOGS_PAYLOAD, await self.ask(wire.CMD_LOGS, bytes((skip,))))
            found.append(fields[1:3])
        return found

    async def frames(self, count):
        """Return the next frames that the stream sends."""
        del self.ble.notified[:]
        found = []
        at = 0
        reassembler = wire.Reassembler()
        while len(found) < count:
            while at < len(self.ble.notified):
                handle, part = self.ble.notified[at]
                at += 1
                whole = reassembler.push(part) if handle == STREAM else None
                if whole is not None:
                    found.append(wire.decode_frame(whole[0]))
            await asyncio.sleep_ms(0)
        return found


def shows(samples, value_of, expected, tolerance):
    """Tell whether samples show a value; those that a busy machine made us miss show none."""
    values = [value_of(raw) for raw in samples if value_of(raw) is not None]
    assert len(values) >= len(samples) // 2, samples
    return all(abs(value - expected) <= tolerance for value in values)


async def until(true):
    while not true():
        await asyncio.sleep_ms(0)


async def first():
    assert world.watchdog_ms == 8000 and world.hz == 160_000_000
    left, _, right, _ = bench.board.sensors
    await until(lambda: left.ambient.pa and right.ambient.pa)
    await bench.connect()
    status = bench.status()
    bench.boots.append(status.boot_id)
    assert status.reset_cause == wire.RESET_POWER_ON and status.faults == (0, 0, 0, 0)
    assert bench.ble.gatts_read(BATTERY) == bytes((90,))  # 2.01 V behind the divider
    await bench.ask(wire.CMD_STREAM, b"\x01")
    await bench.ask(wire.CMD_SET_NAME, b"Bench")
    bench.suck(120)
    frame = (await bench.frames(2))[1]
    assert frame.flags == wire.ALL_CHANNELS and frame.boot_id == status.boot_id
    for channel in (0, 2):
        assert shows(frame.channels[channel][5:], wire.vacuum_mmhg, 120, 1)
    for channel, grams in ((1, 60_000 / 2150), (3, 90_000 / 2150)):
        assert shows(frame.channels[channel], wire.weight_g, grams, 0.1)
    late = struct.unpack(wire.STATISTICS_PAYLOAD, await bench.ask(wire.CMD_STATISTICS))
    assert late[3] == status.boot_id
    del world.duties[:]
    await bench.ask(wire.CMD_IDENTIFY, b"\x01")
    await until(lambda: world.duties)
    bench.suck(0)
    assert world.fed >= 3


async def failing():
    await bench.connect()
    status = bench.status()
    bench.boots.append(status.boot_id)
    assert status.reset_cause == wire.RESET_BROWN_OUT
    assert bench.ble.settings["gap_name"] == "Bench"
    world.i2c[0].cut.update((0x5C, 0x18))
    await until(lambda: bench.status().faults[0] == wire.FAULT_ABSENT)
    assert bench.status().faults[1:] == (0, 0, 0)
    world.i2c[0].cut.clear()
    await until(lambda: bench.status().faults[0] == wire.FAULT_NONE)
    found = await bench.log()
    assert found == [
        (wire.LOG_FAULT, wire.FAULT_ABSENT),
        (wire.LOG_RESET, wire.RESET_BROWN_OUT),
        (wire.LOG_RESET, wire.RESET_POWER_ON),
    ], found


async def nothing():
    await asyncio.sleep_ms(60_000)


async def woken():
    await bench.connect()
    assert bench.status().reset_cause == wire.RESET_WAKE
    assert (await bench.log())[:3] == [
        (wire.LOG_RESET, wire.RESET_WAKE),
        (wire.LOG_RESET, wire.RESET_SOFT),
        (wire.LOG_RESET, wire.RESET_WATCHDOG),
    ]
    # It knows the air's pressure from before, so the first suction counts in full.
    await bench.ask(wire.CMD_STREAM, b"\x01")
    assert shows((await bench.frames(1))[0].channels[0][10:], wire.vacuum_mmhg, 120, 1)
    bench.suck(0)


def sleepy(board):
    board.sleep_after_ms = 3_000


def suck_at_the_fifth_look(duration_ms):
    bench.looks.append(duration_ms)
    bench.pass_ms(duration_ms)
    assert not bench.ble.on and all(cell.held and cell.data() == 1 for cell in bench.cells)
    assert world.duties[-1] == (0 if bench.c3 else 65_535)
    if len(bench.looks) == 5:
        bench.suck(120)


def press_at_the_second_look(duration_ms):
    bench.looks.append(duration_ms)
    bench.pass_ms(duration_ms)
    if len(bench.looks) == 2:
        world.low.add(bench.button_pin)


async def interrupted():
    assert bench.board.reset_cause() == wire.RESET_BUTTON
    world.end = KeyboardInterrupt()
    await asyncio.sleep_ms(60_000)


def play():
    world.adc_uv = 2_010_000
    start._AFTER_CRASH_MS = 0
    bench.start(machine.PWRON_RESET, first, machine.PowerOff)
    bench.start(machine.PWRON_RESET, failing, machine.PowerOff)
    assert bench.boots[1] == bench.boots[0] + 1
    world.adc_uv = None  # nothing in the program expects that
    bench.start(machine.WDT_RESET, nothing, machine.Reset)
    assert bench.board.reset_cause() == wire.RESET_WATCHDOG
    world.adc_uv = 2_010_000
    bench.looks = []
    world.sleep = suck_at_the_fifth_look
    bench.start(machine.HARD_RESET, nothing, machine.Reset, change=sleepy)
    assert 5 <= len(bench.looks) <= 7 and bench.board.reset_cause() == wire.RESET_SOFT
    bench.start(machine.HARD_RESET, woken, machine.PowerOff)
    bench.looks = []
    world.sleep = press_at_the_second_look
    bench.start(machine.HARD_RESET, nothing, machine.Reset, change=sleepy)
    assert bench.board.reset_cause() == wire.RESET_SOFT
    world.low.clear()

    # A person at the console has an hour before the watchdog bites. This once in real time.
    bench.start(machine.HARD_RESET, interrupted, KeyboardInterrupt, clock=common.Clock)
    assert world.watchdog_ms == 3_600_000


async def left_only():
    await until(lambda: bench.board.sensors[0].ambient.pa)
    await bench.connect()
    await bench.ask(wire.CMD_STREAM, b"\x01")
    frame = (await bench.frames(1))[0]
    assert frame.flags == wire.HAS_LEFT_VACUUM | wire.HAS_LEFT_WEIGHT
    assert shows(frame.channels[0], wire.vacuum_mmhg, 0, 1)
    await bench.disconnect()
    await nothing()


def make_left_only():
    bus = machine.I2C(0, sda=None, scl=None, freq=400_000, timeout=2_000)
    return common.Esp32(
        gauges=(Lps33hw(bus, SA0_LOW), None),
        scales=(Hx711(machine.Pin(10), machine.Pin(5)), None),
        battery_pin=2,
        button_pin=3,
        led_pin=4,
        led_lights_when_low=False,
        wake_on=lambda pin: None,
        sleep_after_ms=3_000,
    )


for board in (
    ("ESP32C3 module with ESP32C3", (10, 5), (8, 21), 3),
    ("Seeed Studio XIAO ESP32S3 with ESP32S3", (4, 7), (3, 43), 2),
):
    bench = Bench(*board)
    play()

# A board with one side is a board: it samples, dozes and wakes as well.
bench = Bench("ESP32C3 module with ESP32C3 and one side", (10, 5), (8, 21), 3)
bench.cells.pop()
world.sleep = suck_at_the_fifth_look
bench.start(machine.PWRON_RESET, left_only, machine.Reset, make=make_left_only)
assert 5 <= len(bench.looks) <= 7

try:
    start.find_board("Raspberry Pi Pico W with RP2040")
    raise AssertionError("that chip cannot pair")
except RuntimeError as error:
    assert "ESP32-C3" in str(error)
print("passed")

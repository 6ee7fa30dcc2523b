"""What every ESP32 board has in common: clock, flash, timer, watchdog, sleep, cause of the reset.

Facts about MicroPython's port are from its sources, version 1.29, ports/esp32.
"""

import asyncio
import os
import struct
import time

import machine
from micropython import const

from lullaflow_firmware.drivers.battery import Battery
from lullaflow_firmware.drivers.led import BLINKS_HZ, Led
from lullaflow_firmware.power import LOOK_EVERY_MS, SLEEP_AFTER_MS, Doze
from lullaflow_protocol import wire

# Longer than any write to flash and any garbage collection; the program feeds it twice a second.
_WATCHDOG_MS = const(8_000)
_SAMPLING_TIMER = const(0)
_CPU_HZ = const(160_000_000)  # an S3 would start with 240 MHz, for which there is no work

# What is kept in RTC memory over a reset, but not without power (machine_rtc.c): mark, why the
# board ended its doze, and the air's pressure then, left and right in Pa.
_MARK = b"LF"
_KEPT = "<2sBII"
_KEPT_SIZE = struct.calcsize(_KEPT)


class Clock:
    """The board's time."""

    ticks_ms = staticmethod(time.ticks_ms)

    def sleep_ms(self, duration_ms):
        """Return an awaitable that ends once this much time has passed."""
        return asyncio.sleep_ms(duration_ms)


class Storage:
    """Files on flash. Whoever writes expects that a power cut tears a write: see `records`.

    Args:
        folder: where the files lie; made when it is not there.
    """

    def __init__(self, folder="state"):
        self._folder = folder
        try:
            os.mkdir(folder)
        except OSError:
            pass  # it is there

    def read(self, name):
        """Return a file's bytes, None when there is none."""
        try:
            with open(self._path(name), "rb") as file:
                return file.read()
        except OSError:
            return None

    def write(self, name, data):
        """Write a file whole.

        Raises:
            OSError: the flash refuses.
        """
        with open(self._path(name), "wb") as file:
            file.write(data)

    def _path(self, name):
        return self._folder + "/" + name


class Esp32:
    """A board, as the application needs it (see `board`).

    Args:
        gauges: left and right pressure sensor, None where there is none.
        scales: left and right scale, None where there is none.
        battery_pin: of the ADC, behind a divider of two equal resistors.
        button_pin: the button pulls it low.
        led_pin: of the LED.
        led_lights_when_low: whether the LED hangs between the supply and its pin.
        wake_on: `esp32.wake_on_...`, called with the button's pin and the level that wakes.
        sleep_after_ms: how long without suction and host until it dozes; None never does.
    """

    def __init__(
        self,
        gauges,
        scales,
        battery_pin,
        button_pin,
        led_pin,
        led_lights_when_low,
        wake_on,
        sleep_after_ms=SLEEP_AFTER_MS,
    ):
        machine.freq(_CPU_HZ)
        self._gauges = gauges
        self._scales = scales
        self.sensors = (gauges[0], scales[0], gauges[1], scales[1])
        self.unique_id = machine.unique_id()
        self.sleep_after_ms = sleep_after_ms
        self._battery = Battery(machine.ADC(machine.Pin(battery_pin), atten=machine.ADC.ATTN_11DB))
        self._button = machine.Pin(button_pin, machine.Pin.IN, machine.Pin.PULL_UP)
        pwm = machine.PWM(machine.Pin(led_pin), freq=BLINKS_HZ, duty_u16=0)
        self._led = Led(pwm, led_lights_when_low)
        self._wake_on = wake_on
        self._timer = machine.Timer(_SAMPLING_TIMER)
        self._cause = self._find_cause()
        # Last, so that a board file with a mistake leaves the prompt alone.
        self._watchdog = machine.WDT(timeout=_WATCHDOG_MS)

    def start_sampling(self, period_ms, callback):
        """Call back from the timer every period.

        The port puts the call on its scheduler, so it comes between two byte codes of the program,
        never within a flash write; what is late is seen by the ticks.
        """
        self._timer.init(mode=machine.Timer.PERIODIC, period=period_ms, callback=callback)

    def battery_percent(self):
        """Return the cell's charge, 0 to 100."""
        return self._battery.percent()

    def reset_cause(self):
        """Return why this start happened, one of wire.RESET_."""
        return self._cause

    def identify(self, on):
        """Let the LED blink, or not."""
        self._led.blink(on)

    def button_pressed(self):
        """Tell whether the button is down at this moment."""
        return not self._button.value()

    def feed_watchdog(self):
        """Say that samples are being taken; without it the board resets itself."""
        self._watchdog.feed()

    def hand_over(self):
        """Leave the board to a person at the prompt: no sampling, and an hour to copy files."""
        self._timer.deinit()
        self._watchdog = machine.WDT(timeout=3_600_000)

    def doze(self):
        """Sleep until there is suction or the button is pressed; keep why for the next start."""
        self._timer.deinit()
        self._led.blink(False)
        for scale in self._scales:
            if scale is not None:
                scale.doze()
        gauges = [gauge for gauge in self._gauges if gauge is not None]
        for gauge in gauges:
            gauge.doze()
        doze = Doze(len(gauges))
        self._wake_on(self._button)
        why = None
        while why is None:
            machine.lightsleep(LOOK_EVERY_MS)
            self._watchdog.feed()
            if self.button_pressed():
                why = wire.RESET_BUTTON
            for side in range(len(gauges)):
                pa = gauges[side].look()
                if doze.is_over(side, pa):
                    why = wire.RESET_WAKE
                elif pa is not None:
                    gauges[side].ambient.resume(pa)
        self._keep(why)

    def _find_cause(self):
        kept = machine.RTC().memory()
        known = len(kept) == _KEPT_SIZE and kept[:2] == _MARK
        why, *air_pa = (wire.RESET_UNKNOWN, 0, 0)
        if known:
            _, why, *air_pa = struct.unpack(_KEPT, kept)
        self._keep(wire.RESET_UNKNOWN)
        cause = machine.reset_cause()
        if cause == machine.PWRON_RESET:
            # The port tells no brown-out from power-on; but what is in RTC memory was not without
            # power for long. Nor is it when the reset button of the board is just tapped.
            return wire.RESET_BROWN_OUT if known else wire.RESET_POWER_ON
        if cause == machine.WDT_RESET:
            return wire.RESET_WATCHDOG
        if cause == machine.HARD_RESET and why != wire.RESET_UNKNOWN:
            for side in (0, 1):
                if self._gauges[side] is not None:
                    self._gauges[side].ambient.resume(air_pa[side])
            return why
        return wire.RESET_SOFT

    def _keep(self, why):
        air_pa = [0 if gauge is None else gauge.ambient.pa for gauge in self._gauges]
        machine.RTC().memory(struct.pack(_KEPT, _MARK, why, *air_pa))

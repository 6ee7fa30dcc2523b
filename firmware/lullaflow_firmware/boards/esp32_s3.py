"""Seeed Studio XIAO ESP32S3, both sides: two MPR gauges on a bus each, two scales.

Pins are GPIO numbers; the name on the board stands beside them. One side only: put None for the
gauge and the scale of the other. GPIO 44 (D7) stays free: the console listens there, and would take
a scale's bits for a key press.
"""

import esp32
from machine import I2C, Pin

from lullaflow_firmware.drivers.hx711 import Hx711
from lullaflow_firmware.drivers.mpr import Mpr

from .esp32 import Esp32

_BUS_HZ = 400_000
_BUS_PATIENCE_US = 2_000  # a chip that holds the bus must not hold the sampling


def make():
    """Return the board with its parts."""
    left = I2C(0, sda=Pin(5), scl=Pin(6), freq=_BUS_HZ, timeout=_BUS_PATIENCE_US)  # D4, D5
    right = I2C(1, sda=Pin(9), scl=Pin(8), freq=_BUS_HZ, timeout=_BUS_PATIENCE_US)  # D10, D9
    return Esp32(
        gauges=(Mpr(left), Mpr(right)),
        scales=(
            Hx711(Pin(4, Pin.IN, Pin.PULL_UP), Pin(7, Pin.OUT)),  # D3, D8
            Hx711(Pin(3, Pin.IN, Pin.PULL_UP), Pin(43, Pin.OUT)),  # D2, D6
        ),
        battery_pin=1,  # D0
        button_pin=2,  # D1
        led_pin=21,  # on the board
        led_lights_when_low=True,
        wake_on=lambda pin: esp32.wake_on_ext0(pin, esp32.WAKEUP_ALL_LOW),
    )

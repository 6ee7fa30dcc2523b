"""Seeed Studio XIAO ESP32C3, both sides: two LPS33HW gauges on one bus, two scales.

Pins are GPIO numbers; the name on the board stands beside them. One side only: put None for the
gauge and the scale of the other. GPIO 20 (D7) stays free: the console listens there, and would take
a scale's bits for a key press. GPIO 9 (D9) chooses what the chip starts.
"""

import esp32
from machine import I2C, Pin

from lullaflow_firmware.drivers.hx711 import Hx711
from lullaflow_firmware.drivers.lps33hw import SA0_HIGH, SA0_LOW, Lps33hw

from .esp32 import Esp32

_BUS_HZ = 400_000
_BUS_PATIENCE_US = 2_000  # a chip that holds the bus must not hold the sampling


def make():
    """Return the board with its parts."""
    bus = I2C(0, sda=Pin(6), scl=Pin(7), freq=_BUS_HZ, timeout=_BUS_PATIENCE_US)  # D4, D5
    return Esp32(
        gauges=(Lps33hw(bus, SA0_LOW), Lps33hw(bus, SA0_HIGH)),
        scales=(
            Hx711(Pin(10, Pin.IN, Pin.PULL_UP), Pin(5, Pin.OUT)),  # D10, D3
            Hx711(Pin(8, Pin.IN, Pin.PULL_UP), Pin(21, Pin.OUT)),  # D8, D6
        ),
        battery_pin=2,  # D0
        button_pin=3,  # D1
        led_pin=4,  # D2
        led_lights_when_low=False,
        wake_on=lambda pin: esp32.wake_on_gpio((pin,), esp32.WAKEUP_ALL_LOW),
    )

"""Stands for MicroPython's `esp32`: what wakes the board up."""

WAKEUP_ALL_LOW = False
woken_by = []


def wake_on_ext0(pin, level):
    woken_by.append((pin, level))


def wake_on_gpio(pins, level):
    woken_by.append((pins, level))

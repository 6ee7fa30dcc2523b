"""What a board says in codes, in words."""

from __future__ import annotations

from typing import Final

from lullaflow_protocol import wire

SIDES: Final = {wire.LEFT: "left", wire.RIGHT: "right"}

SENSORS: Final = ("left suction", "left scale", "right suction", "right scale")
"""In the order of `wire.CHANNELS`."""

FAULTS: Final = {
    wire.FAULT_NONE: "well",
    wire.FAULT_ABSENT: "does not answer",
    wire.FAULT_NOT_READY: "has no reading in time",
    wire.FAULT_SATURATED: "is at the end of its range",
    wire.FAULT_STUCK: "says the same all the time",
    wire.FAULT_CHECKSUM: "sends readings that are damaged on the way",
}

RESETS: Final = {
    wire.RESET_UNKNOWN: "unknown",
    wire.RESET_POWER_ON: "switched on",
    wire.RESET_BUTTON: "woken up by its button",
    wire.RESET_WATCHDOG: "hung, and was restarted by its watchdog",
    wire.RESET_WAKE: "woken up by suction",
    wire.RESET_SOFT: "restarted itself",
    wire.RESET_BROWN_OUT: "the voltage fell too low",
}


def fault_words(code: int) -> str:
    """Return what is wrong with a sensor."""
    return FAULTS.get(code, f"has a fault that this lullaflow does not know ({code})")


def reset_words(code: int) -> str:
    """Return why a board started."""
    return RESETS.get(code, f"for a reason that this lullaflow does not know ({code})")


def duration_words(seconds: int) -> str:
    """Return a time such as `3 d 2 h`, `2 h 5 min` or `7 s`: its two largest units."""
    parts = []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"

"""Which serial port the board is at, and why one cannot be opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from lullaflow.flashing.errors import FlashError, PortHeldError

VENDORS: Final = {0x303A, 0x10C4, 0x1A86, 0x0403}
"""USB vendors on ESP32 boards: Espressif itself, and Silicon Labs, WCH and FTDI for bridges."""


def find_port() -> str:
    """Return the port of the one board that is plugged in.

    Raises:
        FlashError: there is none, or there are several.
    """
    from serial.tools.list_ports import comports

    found = sorted(port.device for port in comports() if port.vid in VENDORS)
    if not found:
        raise FlashError(
            "No board is plugged in. Plug it into USB with a cable that carries data too (many "
            "carry power alone), press its button in case it sleeps, or name its --port."
        )
    if len(found) > 1:
        raise FlashError(f"Several boards are plugged in; name one with --port: {', '.join(found)}")
    return str(found[0])


def why_not(port: str) -> FlashError:
    """Return why a port could not be opened."""
    path = Path(port)
    if not path.exists():
        return FlashError(
            f"There is no port {port}. Plug the board in, press its button in case it sleeps, or "
            "name another --port."
        )
    if not os.access(path, os.R_OK | os.W_OK):
        return FlashError(
            f"You may not use {port}. Let yourself: `sudo usermod -aG {_group(path)} $USER`, then "
            "log out and in."
        )
    return PortHeldError(
        f"{port} cannot be opened: another program may hold it. Close it (a terminal, an editor "
        "with a serial monitor) and try again."
    )


def _group(path: Path) -> str:
    try:
        return path.group()
    except (KeyError, NotImplementedError):
        return "dialout"

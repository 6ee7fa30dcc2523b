"""Stand-ins for MicroPython's own modules, so that the shipped firmware runs under CPython."""

from __future__ import annotations

import sys

from lullaflow_sim.standin import bluetooth, cryptolib, micropython


def install() -> None:
    """Let the firmware's imports of MicroPython's modules find the stand-ins from now on."""
    sys.modules["bluetooth"] = bluetooth
    sys.modules["cryptolib"] = cryptolib
    sys.modules["micropython"] = micropython

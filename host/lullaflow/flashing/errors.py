"""What can go wrong with flashing."""

from __future__ import annotations


class FlashError(Exception):
    """The firmware could not be put on the board; the message says what to do about it."""


class BoardLostError(FlashError):
    """The board does not answer any more: its plug was pulled, or its power went."""


class PortHeldError(FlashError):
    """The port is there and may be used, but cannot be opened: mostly, another program has it."""

"""Bluetooth: find, connect, pair, subscribe, fetch what was missed, come back."""

from lullaflow.link.errors import CommandRefusedError, LinkCode, LinkError
from lullaflow.link.items import (
    FrameArrived,
    GapFilled,
    LinkDown,
    LinkItem,
    LinkUp,
    StatusRead,
)
from lullaflow.link.pump_link import LinkState, PumpLink
from lullaflow.link.radio import Radio, open_radio
from lullaflow.link.scan import FoundPump, find_trouble, scan, unpair
from lullaflow.link.timing import Timing

__all__ = [
    "CommandRefusedError",
    "FoundPump",
    "FrameArrived",
    "GapFilled",
    "LinkCode",
    "LinkDown",
    "LinkError",
    "LinkItem",
    "LinkState",
    "LinkUp",
    "PumpLink",
    "Radio",
    "StatusRead",
    "Timing",
    "find_trouble",
    "open_radio",
    "scan",
    "unpair",
]

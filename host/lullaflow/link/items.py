"""What a pump's link tells the daemon, in order."""

from __future__ import annotations

from dataclasses import dataclass

from lullaflow_protocol import wire


@dataclass(frozen=True, slots=True)
class FrameArrived:
    """A frame, in sequence and once.

    Attributes:
        raw: its bytes, CRC included.
        frame: the same, decoded.
        replayed: whether it was fetched from the board's memory.
    """

    raw: bytes
    frame: wire.Frame
    replayed: bool


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Connected and encrypted; frames follow."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The link broke."""


@dataclass(frozen=True, slots=True)
class GapFilled:
    """What was missed has been fetched, as far as the board still had it.

    Attributes:
        recovered: frames fetched.
        lost: frames that the board had no more.
    """

    recovered: int
    lost: int


@dataclass(frozen=True, slots=True)
class StatusRead:
    """The board's status, after connecting and whenever it changes."""

    status: wire.Status


LinkItem = FrameArrived | LinkUp | LinkDown | GapFilled | StatusRead

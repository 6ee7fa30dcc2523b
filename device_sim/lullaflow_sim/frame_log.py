"""Every frame that the firmware encoded, taken straight from its ring: what no link can lose."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from lullaflow_protocol import wire

_COLUMNS: Final = ("boot_id", "seq", "t_ms", "frame")
_U32: Final = 0xFFFFFFFF


class Ring(Protocol):
    """What is read of the firmware's ring."""

    def next_seq(self) -> int:
        """Return the sequence number of the frame that comes next."""

    def get(self, seq: int) -> bytearray | None:
        """Return a kept frame."""


@dataclass(frozen=True)
class Boot:
    """One start of the board.

    Attributes:
        boot_id: as frames carry it.
        at_s: device time of its first moment, seconds since the simulation began.
    """

    boot_id: int
    at_s: float


class FrameLog:
    """The frames of all boots, in order.

    Attributes:
        frames: the raw frames.
        boots: the starts of the board.
    """

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.boots: list[Boot] = []

    def follow(self, ring: Ring, boot: Boot) -> Callable[[], None]:
        """Return what is to be called after each sampling of this boot."""
        self.boots.append(boot)
        seen = ring.next_seq()

        def look() -> None:
            nonlocal seen
            while seen != ring.next_seq():
                frame = ring.get(seen)
                if frame is None:
                    raise RuntimeError(f"frame {seen} was overwritten before it was logged")
                self.frames.append(bytes(frame))
                seen = (seen + 1) & _U32

        return look

    def write(self, path: Path) -> None:
        """Write one row per frame.

        Raises:
            OSError: when the file cannot be written.
        """
        with path.open("w", encoding="ascii", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(_COLUMNS)
            for raw in self.frames:
                frame = wire.decode_frame(raw)
                rows.writerow((frame.boot_id, frame.seq, frame.t_ms, raw.hex()))

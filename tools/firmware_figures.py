"""What the compiled firmware takes of a board: a table of flash and memory in docs/hardware.md."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "hardware.md"
BEGIN, END = "<!-- firmware begin -->", "<!-- firmware end -->"

HEAP_KB = 160
"""What the smaller board, an ESP32-C3, has for MicroPython's heap with its Bluetooth stack up."""
WORD_RATIO = 2
"""Words have 8 bytes where it is measured, 4 on a board; so the heap is twice as large there."""


@dataclass(frozen=True)
class Memory:
    """Measured after the start, under a MicroPython whose words have 8 bytes.

    Attributes:
        used: by the firmware, bytes.
        free: of `WORD_RATIO * HEAP_KB`, with the stand-ins for the board's parts in it, bytes.
        ring: the part of `used` that is frames, and so as large on a board, bytes.
    """

    used: int
    free: int
    ring: int

    @property
    def used_on_board(self) -> int:
        """Estimate for words of 4 bytes: all but the frames is made of words."""
        return self.ring + (self.used - self.ring) // WORD_RATIO


def measure(folder: Path, chip: str) -> Memory | None:
    """Boot a board's compiled firmware; None where there is no MicroPython.

    Raises:
        subprocess.CalledProcessError: it does not boot.
    """
    micropython = shutil.which("micropython", path=f"{Path(sys.executable).parent}:{os.defpath}")
    if micropython is None:
        return None
    path = f"{folder}:{ROOT / 'tests' / 'firmware' / 'rig'}:.frozen"
    ran = subprocess.run(  # noqa: S603 - our own script
        [micropython, "-X", f"heapsize={WORD_RATIO * HEAP_KB}K", "tools/board_memory.py", chip],
        cwd=ROOT,
        env={**os.environ, "MICROPYPATH": path},
        check=True,
        capture_output=True,
        text=True,
    )
    used, free, ring = map(int, ran.stdout.split())
    return Memory(used, free, ring)


def row(board: str, modules: int, size: int, compressed: int, memory: Memory) -> str:
    """Return a board's line of the table."""
    left_kb = HEAP_KB - memory.used_on_board / 1024
    return (
        f"| `{board}` | {modules} | {_kb(size)} | {_kb(compressed)} | {_kb(memory.used)} "
        f"| {_kb(memory.free)} | {_kb(memory.used_on_board)} | {left_kb:.0f} KB |"
    )


def table(rows: list[str]) -> str:
    """Return the whole table."""
    head = (
        "| board | modules | `.mpy` | compressed | used | free of "
        f"{WORD_RATIO * HEAP_KB} KB | on a board | left of {HEAP_KB} KB |"
    )
    return "\n".join([head, "|---|---|---|---|---|---|---|---|", *rows])


def keep(rows: list[str]) -> None:
    """Put the table into the page."""
    head, rest = PAGE.read_text("utf-8").split(BEGIN)
    tail = rest.split(END)[1]
    PAGE.write_text(f"{head}{BEGIN}\n{table(rows)}\n{END}{tail}", "utf-8")


def _kb(size: int) -> str:
    return f"{size / 1024:.0f} KB"

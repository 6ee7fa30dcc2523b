"""Orders to a running simulator: one line of text each, on its standard input.

`cut SECONDS` cuts the radio for so much device time, `miss COUNT` lets the board miss so many
requests to connect, `reboot` pulls the board's power, `speed FACTOR` lets device time run at
another speed, `stop` ends the simulator. `mass SIDE GRAMS` puts a known mass on a scale in place of
the session's bottle, `cell SIDE GRAMS FACTOR` swaps its load cell for one that nobody calibrated.
Whoever reads the simulator's output sees each order carried out or refused.
"""

from __future__ import annotations

import asyncio
import math
import sys
import threading
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True)
class Cut:
    """Cut the radio.

    Attributes:
        for_s: device seconds.
    """

    for_s: float


@dataclass(frozen=True)
class Miss:
    """Let the board miss requests to connect, as by bad radio.

    Attributes:
        count: how many.
    """

    count: int


@dataclass(frozen=True)
class Reboot:
    """Pull the board's power and give it back."""


@dataclass(frozen=True)
class Speed:
    """Let device time run at another speed.

    Attributes:
        factor: device seconds per second.
    """

    factor: float


@dataclass(frozen=True)
class Stop:
    """End the simulator."""


@dataclass(frozen=True)
class Mass:
    """Put a known mass on a scale.

    Attributes:
        side: 0 left, 1 right.
        grams: the mass, g.
    """

    side: int
    grams: float


@dataclass(frozen=True)
class Cell:
    """Swap a scale's load cell.

    Attributes:
        side: 0 left, 1 right.
        zero_g: what it shows without any load, g.
        factor: what it shows for each true gram, g.
    """

    side: int
    zero_g: float
    factor: float


Order = Cut | Miss | Reboot | Speed | Stop | Mass | Cell

_SIDES = {"left": 0, "right": 1}


class OrderError(ValueError):
    """The line is no order; the message says what would be."""


def parse_order(line: str) -> Order:
    """Read one line.

    Raises:
        OrderError: when it is no order.
    """
    match line.split():
        case ["reboot"]:
            return Reboot()
        case ["stop"]:
            return Stop()
        case ["cut", seconds]:
            if (for_s := _number(seconds)) > 0:
                return Cut(for_s)
            raise OrderError(f"Cut for how long? {seconds!r} is no number of seconds above 0.")
        case ["speed", factor]:
            if (times := _number(factor)) > 0:
                return Speed(times)
            raise OrderError(f"At what speed? {factor!r} is no number above 0.")
        case ["miss", count] if count.isdecimal():
            return Miss(int(count))
        case ["mass", side, grams] if side in _SIDES:
            return Mass(_SIDES[side], _number(grams))
        case ["cell", side, zero, factor] if side in _SIDES:
            return Cell(_SIDES[side], _number(zero), _number(factor))
    raise OrderError(
        f"{line.strip()!r} is no order: say 'cut SECONDS', 'miss COUNT', 'reboot', 'speed FACTOR', "
        "'stop', 'mass left|right GRAMS' or 'cell left|right GRAMS FACTOR'."
    )


def _number(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise OrderError(f"{word!r} is no number.")
    return number


def read_lines(stream: TextIO = sys.stdin) -> asyncio.Queue[str]:
    """Return a queue of the stream's lines; it stays open, and silent, at the stream's end.

    A thread reads, because not every standard input (a file, /dev/null) can be polled.
    """
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        for line in stream:
            if loop.is_closed():
                return
            if line.strip():
                loop.call_soon_threadsafe(lines.put_nowait, line)

    threading.Thread(target=read, name="orders", daemon=True).start()
    return lines

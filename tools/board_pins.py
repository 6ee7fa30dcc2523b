"""What hangs on which pin, found out by running the board files with parts that only take notes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

ROOT = Path(__file__).parent.parent
SIDES = ("left", "right")

# What the pins are called on the boards, by GPIO number (Seeed's pin maps of the two).
NAMES = {
    "esp32_s3": dict(zip((1, 2, 3, 4, 5, 6, 43, 44, 7, 8, 9), range(11), strict=True)),
    "esp32_c3": dict(zip((2, 3, 4, 5, 6, 7, 21, 20, 8, 9, 10), range(11), strict=True)),
}


@dataclass(frozen=True)
class Part:
    """A part of a board.

    Attributes:
        kind: name of its driver's class: `Mpr`, `Lps33hw`, `Hx711`.
        side: `left` or `right`.
        pins: GPIO number by the part's own name for its pin.
        address: on the bus; None of a part without a bus.
    """

    kind: str
    side: str
    pins: dict[str, int]
    address: int | None


@dataclass(frozen=True)
class Wiring:
    """What hangs on a board.

    Attributes:
        board: `esp32_s3` or `esp32_c3`.
        parts: gauges and scales.
        battery, button, led: GPIO numbers.
        led_lights_when_low: as the board file says.
    """

    board: str
    parts: tuple[Part, ...]
    battery: int
    button: int
    led: int
    led_lights_when_low: bool

    def name(self, gpio: int) -> str:
        """Return what a pin is called on the board, such as `D4`; its GPIO number if nothing."""
        number = NAMES[self.board].get(gpio)
        return f"GPIO{gpio}" if number is None else f"D{number}"

    @property
    def led_on_board(self) -> bool:
        """Whether the LED is soldered on the board already: its pin is not led out."""
        return self.led not in NAMES[self.board]


def read_wiring(board: str) -> Wiring:
    """Run a board file and return what it wires."""
    with _note_taking_modules():
        module = importlib.import_module(f"lullaflow_firmware.boards.{board}")
        made: dict[str, Any] = module.make()
    parts = []
    for group in (made["gauges"], made["scales"]):
        for side, part in zip(SIDES, group, strict=True):
            if part is not None:
                parts.append(Part(type(part).__name__, side, *_pins_of(part)))
    return Wiring(
        board,
        tuple(parts),
        made["battery_pin"],
        made["button_pin"],
        made["led_pin"],
        made["led_lights_when_low"],
    )


class _Pin:
    IN = OUT = PULL_UP = 0

    def __init__(self, number: int, *_: object) -> None:
        self.number = number

    def __call__(self, level: int = 0) -> None:
        """Take a level."""

    def init(self, **_: object) -> None:
        """Take further settings."""


class _I2C:
    def __init__(self, _number: int, sda: _Pin, scl: _Pin, **_: object) -> None:
        self.pins = {"SDA": sda.number, "SCL": scl.number}


def _pins_of(part: Any) -> tuple[dict[str, int], int | None]:
    held = list(vars(part).values())
    bus = next((each for each in held if isinstance(each, _I2C)), None)
    if bus is not None:
        return bus.pins, part._address  # noqa: SLF001 - a driver keeps its wiring to itself
    data, clock = (each.number for each in held if isinstance(each, _Pin))
    return {"DT": data, "SCK": clock}, None


@contextmanager
def _note_taking_modules() -> Iterator[None]:
    """Stand in for what boards have and this machine has not."""
    stand_ins = {
        "machine": {"Pin": _Pin, "I2C": _I2C},
        "esp32": {"wake_on_ext0": None, "wake_on_gpio": None},
        "micropython": {"const": lambda value: value},
        "lullaflow_firmware.boards.esp32": {"Esp32": lambda **named: named},
    }
    before = dict(sys.modules)
    sys.path.insert(0, str(ROOT / "firmware"))
    for name, content in stand_ins.items():
        module = ModuleType(name)
        module.__dict__.update(SimpleNamespace(**content).__dict__)
        sys.modules[name] = module
    try:
        yield
    finally:
        sys.path.pop(0)
        for name in set(sys.modules) - set(before):
            if name in stand_ins or name.startswith("lullaflow_firmware"):
                del sys.modules[name]
        sys.modules.update({name: before[name] for name in stand_ins if name in before})

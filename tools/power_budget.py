"""Writes `docs/power.md`: how long a cell lasts on each board, added up from data sheets.

Every number of the page comes from here or from the firmware. Run it after a change of either:
`python tools/power_budget.py`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
OUT: Final = ROOT / "docs" / "power.md"
sys.path[:0] = [str(ROOT / "firmware"), str(ROOT / "protocols")]

from lullaflow_firmware.advertising import FAST_US, SLOW_US  # noqa: E402
from lullaflow_firmware.power import LOOK_EVERY_MS, SLEEP_AFTER_MS  # noqa: E402
from lullaflow_protocol import wire  # noqa: E402

CELL_MAH: Final = 1000
USABLE: Final = 0.9
"""Share of the cell that is used before the regulator drops out, and as the cell ages."""
SESSION_MIN: Final = 20
SESSIONS_A_DAY: Final = 6
SIDES: Final = 2

BUSY: Final = 0.25
"""Share of the time in which the processor runs: five ticks of 20 ms in twenty. An estimate."""
WAKE_MS: Final = 3
"""Awake at each look while asleep: out of light sleep, two readings, back again. An estimate."""
START_S: Final = 0.5
"""From reset to a running program, as the simulator counts it. An estimate."""

# One advertising event is the same packet on three channels, each followed by a moment of listening
# (Core 5.4, Vol 6, Part B, 4.4.2): preamble, access address, header, address, 31 bytes and CRC at
# 1 Mbit/s, then the gap and a scan request's length.
_ADVERTISEMENT_MS: Final = 8 * (1 + 4 + 2 + 6 + 31 + 3) / 1000
_LISTENING_MS: Final = 0.150 + 8 * (1 + 4 + 2 + 12 + 3) / 1000
# Linked: a host asks for an event every 50 ms (BlueZ's default), in which both send at least an
# empty packet; a frame with its overhead goes in one of them.
_EVENTS_A_S: Final = 20
_EMPTY_MS: Final = 8 * (1 + 4 + 2 + 3) / 1000
_RAMP_MS: Final = 0.5
"""The radio is on before it is needed. An estimate."""
_FRAME_MS: Final = 8 * (1 + 4 + 2 + 4 + 3 + 1 + wire.MAX_FRAME_SIZE + 4 + 3) / 1000


@dataclass(frozen=True)
class Chip:
    """Currents of a microcontroller at 160 MHz, with its data sheet's tables."""

    name: str
    source: str
    running_ma: float
    idle_ma: float
    transmit_ma: float
    receive_ma: float
    light_sleep_ma: float
    deep_sleep_ma: float
    memory_ma: float


@dataclass(frozen=True)
class Gauge:
    """Currents of a pressure sensor."""

    name: str
    source: str
    sampling_ma: float
    dozing_ma: float


C3: Final = Chip(
    name="ESP32-C3",
    source="ESP32-C3-MINI-1 data sheet v2.2, tables 6-5 to 6-7",
    running_ma=28,
    idle_ma=21,
    transmit_ma=190,
    receive_ma=86,
    light_sleep_ma=0.130,
    deep_sleep_ma=0.005,
    memory_ma=0,
)
S3: Final = Chip(
    name="ESP32-S3",
    source="ESP32-S3 Series data sheet, tables 5-8 to 5-10, and 8 MB of PSRAM (its note 1)",
    running_ma=54.6,
    idle_ma=42.3,
    transmit_ma=193,
    receive_ma=93,
    light_sleep_ma=0.240,
    deep_sleep_ma=0.007,
    memory_ma=0.140,
)
LPS33HW: Final = Gauge(
    name="LPS33HW",
    source="DocID030522, features: down to 3 µA (low current, 1 Hz); an allowance at 75 Hz",
    sampling_ma=1.2,
    dozing_ma=0.003,
)
MPR: Final = Gauge(
    name="MPR",
    source="32332628, features: 0.01 mW at one conversion a second, so at 3.3 V and 50 a second",
    sampling_ma=50 * 0.01 / 3.3,
    dozing_ma=0.01 / 3.3,
)
HX711_MA: Final = 1.5
HX711_DOWN_MA: Final = 0.001
LOAD_CELL_OHM: Final = 1000
BOARD_MA: Final = 0.039
"""Regulator and charger of the board: 44 µA in deep sleep less the chip's 5 (Seeed Studio)."""
DIVIDER_MA: Final = 4.0 / 440
"""Two resistors of 220 kΩ across the cell."""

BOARDS: Final = ((C3, LPS33HW), (S3, MPR))


@dataclass(frozen=True)
class Part:
    """One line of the budget: currents in mA linked, advertising slowly, and asleep."""

    name: str
    linked: float
    waiting: float
    asleep: float
    source: str


def parts(chip: Chip, gauge: Gauge) -> list[Part]:
    """Return what draws current on a board."""
    awake = BUSY * chip.running_ma + (1 - BUSY) * chip.idle_ma
    look = WAKE_MS / LOOK_EVERY_MS * chip.running_ma
    cell = 3.3 / LOAD_CELL_OHM * 1000
    return [
        Part("processor", awake, awake, chip.light_sleep_ma + chip.memory_ma + look, chip.source),
        Part(
            "radio", linked_radio_ma(chip), advertising_ma(chip, SLOW_US), 0, "the same, at 9 dBm"
        ),
        Part(
            f"{SIDES} gauges {gauge.name}",
            SIDES * gauge.sampling_ma,
            SIDES * gauge.sampling_ma,
            SIDES * gauge.dozing_ma,
            gauge.source,
        ),
        Part(
            f"{SIDES} HX711",
            SIDES * HX711_MA,
            SIDES * HX711_MA,
            SIDES * HX711_DOWN_MA,
            "data sheet, features: below 1.5 mA; power down below 1 µA",
        ),
        Part(
            f"{SIDES} load cells",
            SIDES * cell,
            SIDES * cell,
            0,
            f"{LOAD_CELL_OHM} Ω at 3.3 V; off together with the HX711's regulator",
        ),
        Part(
            "board and divider",
            BOARD_MA + DIVIDER_MA,
            BOARD_MA + DIVIDER_MA,
            BOARD_MA + DIVIDER_MA,
            "44 µA in deep sleep (Seeed Studio) less the chip's; 440 kΩ across the cell",
        ),
    ]


def advertising_ma(chip: Chip, interval_us: int) -> float:
    """Return the radio's mean current while advertising."""
    charge = 3 * (_ADVERTISEMENT_MS * chip.transmit_ma + _LISTENING_MS * chip.receive_ma)
    return (charge + _RAMP_MS * chip.receive_ma) / (interval_us / 1000)


def linked_radio_ma(chip: Chip) -> float:
    """Return the radio's mean current while a host is connected and frames go out."""
    event = _RAMP_MS * chip.receive_ma + _EMPTY_MS * (chip.receive_ma + chip.transmit_ma)
    frames = 1000 / wire.FRAME_MS * _FRAME_MS * chip.transmit_ma
    return (_EVENTS_A_S * event + frames) / 1000


def deep_sleep_ma(chip: Chip) -> float:
    """Return the mean current of a board that slept deeply and started anew for every look."""
    period_s = LOOK_EVERY_MS / 1000 + START_S
    return (LOOK_EVERY_MS / 1000 * chip.deep_sleep_ma + START_S * chip.running_ma) / period_s


def page() -> str:
    """Return the whole page."""
    origin = (
        "Written by `tools/power_budget.py` from the currents in the data sheets: no number here "
        "is typed in by hand, and none was measured on a board yet."
    )
    when = (
        f"The board is awake while there is suction or a host, and for {SLEEP_AFTER_MS // 60_000} "
        "minutes after. Then it dozes in light sleep and looks at its gauges every "
        f"{LOOK_EVERY_MS / 1000:g} s; suction or the button wakes it up. Asleep it cannot be found "
        "by a host: press the button. It advertises every "
        f"{FAST_US / 1000:g} ms for half a minute, then every {SLOW_US / 1000:g} ms."
    )
    lines = ["# Power", "", origin, "", when]
    for chip, gauge in BOARDS:
        lines += _board(chip, gauge)
    lines += [
        "",
        "## Why light sleep",
        "",
        f"Deep sleep needs a few µA, but whoever wakes from it starts anew: about {START_S:g} s at "
        "full current for every look. With a look a second that is "
        + " and ".join(f"{deep_sleep_ma(chip):.0f} mA ({chip.name})" for chip, _ in BOARDS)
        + " on average, far more than light sleep with its looks.",
        "",
        "## What is estimated",
        "",
        f"- The processor runs {BUSY:.0%} of the time while awake and {WAKE_MS} ms for a look.",
        f"- Of a cell {USABLE:.0%} can be used. A cell of another size lasts in proportion.",
        f"- A host asks for {_EVENTS_A_S} connection events a second.",
        f"- The radio is on {_RAMP_MS:g} ms before it is needed.",
        "- The LED is dark but for seconds after a press.",
    ]
    return "\n".join(lines) + "\n"


def _board(chip: Chip, gauge: Gauge) -> list[str]:
    budget = parts(chip, gauge)
    linked, waiting, asleep = (
        sum(column)
        for column in zip(
            *((part.linked, part.waiting, part.asleep) for part in budget), strict=True
        )
    )
    usable_mah = CELL_MAH * USABLE
    session_h = SESSION_MIN / 60
    after_h = SLEEP_AFTER_MS / 3_600_000
    day_mah = SESSIONS_A_DAY * (session_h * linked + after_h * waiting)
    day_mah += (24 - SESSIONS_A_DAY * (session_h + after_h)) * asleep
    return [
        "",
        f"## {chip.name}, both sides",
        "",
        "| mA | host connected | waiting for one | asleep | from |",
        "|---|---|---|---|---|",
        *(
            f"| {part.name} | {part.linked:.2f} | {part.waiting:.2f} | {part.asleep:.3f} "
            f"| {part.source} |"
            for part in budget
        ),
        f"| **together** | **{linked:.1f}** | **{waiting:.1f}** | **{asleep:.2f}** | |",
        "",
        f"On a cell of {CELL_MAH} mAh:",
        "",
        f"- {usable_mah / linked:.0f} hours of pumping with a host,",
        f"- {usable_mah / asleep / 24:.0f} days asleep,",
        (
            f"- {usable_mah / day_mah:.1f} days with {SESSIONS_A_DAY} sessions a day "
            f"of {SESSION_MIN} minutes ({day_mah:.0f} mAh)."
        ),
    ]


if __name__ == "__main__":
    OUT.write_text(page(), "utf-8")

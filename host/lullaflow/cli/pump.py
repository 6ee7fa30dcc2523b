"""`lullaflow pump`: ask one board something, or change something on it."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lullaflow.cli.board_words import SENSORS, duration_words, fault_words, reset_words
from lullaflow.cli.reach import PumpOption, ReachedPump, reached
from lullaflow.cli.shared import CommandError, ConfigOption, run_async, say, settings
from lullaflow.config import Config
from lullaflow_protocol import wire

app = typer.Typer(no_args_is_help=True, help="Ask a pump's board something, or set it up.")

IDENTIFY_S: Final = 10

# Bluetooth SIG, Device Information Service 1.1, section 3, and Battery Service 1.0, section 3.1.
_MANUFACTURER: Final = "00002a29-0000-1000-8000-00805f9b34fb"
_MODEL: Final = "00002a24-0000-1000-8000-00805f9b34fb"
_BATTERY_LEVEL: Final = "00002a19-0000-1000-8000-00805f9b34fb"

# The board counts how many entries to pass over in one byte.
_MOST_LOG_ENTRIES: Final = 256


class Side(Enum):
    """Which bottle."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


class Switch(Enum):
    """On or off."""

    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One reset or fault that a board remembers.

    Attributes:
        kind: `wire.LOG_RESET` or `wire.LOG_FAULT`.
        detail: the cause, or the sensor and its fault.
        boot_id: of the start in which it was.
        uptime_s: after so many seconds of that start.
    """

    kind: int
    detail: int
    boot_id: int
    uptime_s: int

    @property
    def words(self) -> str:
        """What happened."""
        if self.kind == wire.LOG_RESET:
            return f"started: {reset_words(self.detail)}"
        sensor, fault = self.detail >> 4, self.detail & 0x0F
        if self.kind == wire.LOG_FAULT and sensor < len(SENSORS):
            if fault == wire.FAULT_NONE:
                return f"{SENSORS[sensor]} is well again"
            return f"{SENSORS[sensor]} {fault_words(fault)}"
        return f"something that this lullaflow does not know ({self.kind}, {self.detail})"


@app.command()
def rename(
    name: Annotated[str, typer.Argument(help="The new name, up to 17 letters.")],
    pump: PumpOption = None,
    config: ConfigOption = None,
) -> None:
    """Give the board another name on the air."""
    # What a terminal sends in another encoding comes as lone surrogates, which UTF-8 has not.
    encoded = name.strip().encode(errors="replace")
    if not 1 <= len(encoded) <= wire.MAX_NAME_SIZE or not name.isprintable():
        raise CommandError(
            f"A board's name has 1 to {wire.MAX_NAME_SIZE} letters on one line, where ä or é count "
            "twice and signs of other scripts three or four times; "
            f"{name!r} does not fit, so choose another."
        )
    run_async(_ask(settings(config), pump, wire.CMD_SET_NAME, encoded))
    say(f"The board is called {name.strip()} now.")


@app.command()
def identify(pump: PumpOption = None, config: ConfigOption = None) -> None:
    """Let the board blink for ten seconds."""
    name = run_async(_ask(settings(config), pump, wire.CMD_IDENTIFY, bytes([IDENTIFY_S])))
    say(f"{name} blinks for {IDENTIFY_S} seconds.")


@app.command()
def tare(
    side: Annotated[Side, typer.Option(help="Which bottle.")] = Side.BOTH,
    pump: PumpOption = None,
    config: ConfigOption = None,
) -> None:
    """Set the bottle's scale to zero; the bottle stands empty and still on it."""
    run_async(_tare(settings(config), pump, side))
    say("The scale is at zero.")


@app.command()
def info(pump: PumpOption = None, config: ConfigOption = None) -> None:
    """Show what the board is, how long it runs, and how its sensors are."""
    rows = run_async(_info(settings(config), pump))
    table = Table(box=None, show_header=False)
    for what, said in rows:
        table.add_row(what, Text(said))
    Console().print(table)


@app.command()
def logs(pump: PumpOption = None, config: ConfigOption = None) -> None:
    """Show the board's last starts and faults, the newest first."""
    entries = run_async(_logs(settings(config), pump))
    if not entries:
        say("The board remembers nothing yet.")
        return
    table = Table("start", "after", "what", box=None)
    for entry in entries:
        table.add_row(str(entry.boot_id), duration_words(entry.uptime_s), entry.words)
    Console().print(table)


@app.command()
def bthome(
    switch: Annotated[Switch, typer.Argument(help="on or off")],
    pump: PumpOption = None,
    config: ConfigOption = None,
) -> None:
    """Let the board tell Home Assistant by itself while no host is connected; prints the key."""
    if switch is Switch.OFF:
        run_async(_ask(settings(config), pump, wire.CMD_BTHOME, b"\x00"))
        say("The board broadcasts nothing any more but its name.")
        return
    key = secrets.token_bytes(wire.BIND_KEY_SIZE)
    name = run_async(_ask(settings(config), pump, wire.CMD_BTHOME, b"\x01" + key))
    say(
        f"{name} broadcasts whenever no host is connected. Home Assistant finds it by itself "
        "(Settings, Devices, BTHome) and asks for this key, which is shown only now:"
    )
    typer.echo(key.hex())


async def _ask(config: Config, asked: str | None, opcode: int, payload: bytes) -> str:
    """Carry out one command and return the board's name."""
    async with reached(config, asked) as pump:
        await pump.ask(opcode, payload)
        return pump.name


async def _tare(config: Config, asked: str | None, side: Side) -> None:
    from lullaflow.link import CommandRefusedError

    sides = {Side.LEFT: wire.LEFT, Side.RIGHT: wire.RIGHT, Side.BOTH: wire.BOTH}
    async with reached(config, asked) as pump:
        try:
            await pump.ask(wire.CMD_TARE, bytes([sides[side]]))
        except CommandRefusedError as error:
            if error.status != wire.BAD_VALUE:
                raise
            which = "scale" if side is Side.BOTH else f"{side.value} scale"
            raise CommandError(
                f"This board has no {which}; look at its wiring (docs/hardware.md)."
            ) from None


async def _info(config: Config, asked: str | None) -> list[tuple[str, str]]:
    async with reached(config, asked) as pump:
        status = pump.status
        statistics = await pump.ask(wire.CMD_STATISTICS)
        late, worst_ms, refused, starts = struct.unpack_from(wire.STATISTICS_PAYLOAD, statistics)
        hardware = [await _text(pump, uuid) for uuid in (_MANUFACTURER, _MODEL)]
        battery = await pump.read(_BATTERY_LEVEL)
        (frame,) = await pump.next_frames(1)  # the status does not tell which sensors there are
    sampling = f"{late} samples late" if late else "no sample late"
    return [
        ("name", pump.name),
        ("address", pump.address),
        ("firmware", ".".join(map(str, status.firmware))),
        ("hardware", " ".join(filter(None, hardware)) or "not told"),
        ("battery", f"{battery[0]} %" if battery and battery[0] <= 100 else "not told"),
        ("running for", duration_words(status.uptime_s)),
        ("last start", f"{reset_words(status.reset_cause)} (start {starts})"),
        *zip(SENSORS, _sensor_words(frame.flags, status.faults), strict=True),
        ("sampling", f"{sampling}, at worst by {worst_ms} ms"),
        ("radio", f"had to try {refused} packets again"),
    ]


def _sensor_words(flags: int, faults: Sequence[int]) -> Iterator[str]:
    """Yield how each sensor is; their order is that of the bits of a frame's flags."""
    for number, fault in enumerate(faults):
        yield fault_words(fault) if flags & (1 << number) else "not on this board"


async def _text(pump: ReachedPump, uuid: str) -> str:
    return ((await pump.read(uuid)) or b"").decode(errors="replace").strip("\0 ")


async def _logs(config: Config, asked: str | None) -> list[LogEntry]:
    from lullaflow.link import CommandRefusedError

    entries: list[LogEntry] = []
    async with reached(config, asked) as pump:
        try:
            while len(entries) < _MOST_LOG_ENTRIES:
                answer = await pump.ask(wire.CMD_LOGS, bytes([len(entries)]))
                if len(answer) < struct.calcsize(wire.LOGS_PAYLOAD):
                    break
                entries.append(LogEntry(*struct.unpack_from(wire.LOGS_PAYLOAD, answer)[1:]))
        except CommandRefusedError as error:
            if error.status != wire.UNKNOWN_COMMAND:
                raise
            raise CommandError(
                f"The firmware of {pump.name} keeps no logs yet; `lullaflow flash` updates it."
            ) from None
    return entries

"""`lullaflow calibrate`: from a load cell that shows anything to a scale that shows grams."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from lullaflow.cli.answers import Answers
from lullaflow.cli.board_words import SIDES, fault_words
from lullaflow.cli.pump import Side
from lullaflow.cli.reach import PumpOption, ReachedPump, reached
from lullaflow.cli.shared import CommandError, ConfigOption, run_async, say, settings
from lullaflow.config import Config
from lullaflow_protocol import wire

app = typer.Typer()

# Below 5 g the board refuses (noise); above, the wire ends at 455 g, the bottle included.
LIGHTEST_G: Final = 20.0
HEAVIEST_G: Final = 400.0
DEFAULT_G: Final = 100.0

# As strict as the board itself: a second's readings within 1 g (firmware's sampler).
STEADY_WITHIN_G: Final = 1.0
# Two seconds: the second that the board looks at, and the one before in which things settled.
READ_FRAMES: Final = 4
# A frame is half a second; the reply to a command may overtake what was sampled before it.
OVERTAKEN_FRAMES: Final = 2
SETTLE_TRIES: Final = 8

# Milk is told in ml; half a gram is half of one.
GOOD_WITHIN_G: Final = 0.5
# Less than this share of a known mass is a mass that is not there.
_LEAST_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Reading:
    """What a scale shows over a while.

    Attributes:
        mean_g: on average; None when a reading is missing or bad.
        spread_g: from the lowest to the highest.
    """

    mean_g: float | None
    spread_g: float = 0.0

    @property
    def steady_g(self) -> float | None:
        """The mean of a scale at rest; None of one that moves."""
        return self.mean_g if self.spread_g <= STEADY_WITHIN_G else None


@app.command()
def calibrate(
    side: Annotated[Side, typer.Option(help="Which bottle.")] = Side.BOTH,
    grams: Annotated[
        float,
        typer.Option(
            min=LIGHTEST_G, max=HEAVIEST_G, help="The mass of the weight that you have, in grams."
        ),
    ] = DEFAULT_G,
    pump: PumpOption = None,
    config: ConfigOption = None,
) -> None:
    """Set the bottle's scale with a known weight, and show how well it weighs then.

    A full bottle of water will do when a kitchen scale has weighed it.
    """
    run_async(_calibrate(settings(config), pump, side, grams))


def read(frames: Sequence[wire.Frame], side: int) -> Reading:
    """Return what the scale of a side (0 left, 1 right) shows in some frames."""
    shown = [wire.weight_g(raw) for frame in frames for raw in frame.channels[2 * side + 1] or ()]
    good = [grams for grams in shown if grams is not None]
    if not good or len(good) < len(shown):
        return Reading(None)
    return Reading(sum(good) / len(good), max(good) - min(good))


def mass_typed(answer: str, otherwise: float) -> float | None:
    """Return the mass that was typed, in grams; `otherwise` for nothing, None for no mass."""
    text = answer.lower().removesuffix("g").strip().replace(",", ".")
    if not text:
        return otherwise
    try:
        grams = float(text)
    except ValueError:
        return None
    return grams if LIGHTEST_G <= grams <= HEAVIEST_G else None


async def _calibrate(config: Config, asked: str | None, side: Side, grams: float) -> None:
    answers = Answers()
    async with reached(config, asked) as pump:
        here = await _scales(pump)
        wanted = here if side is Side.BOTH else [side]
        if not set(wanted) <= set(here):
            raise CommandError(
                f"This board has no {side.value} scale; name another with --side, or look at its "
                "wiring (docs/hardware.md)."
            )
        for each in wanted:
            grams = await _one(pump, answers, each, grams)
    say("The pump keeps this until the next calibration, also without power.")


async def _scales(pump: ReachedPump) -> list[Side]:
    (frame,) = await pump.next_frames(1)
    scales = {Side.LEFT: wire.HAS_LEFT_WEIGHT, Side.RIGHT: wire.HAS_RIGHT_WEIGHT}
    found = [side for side, flag in scales.items() if frame.flags & flag]
    if not found:
        raise CommandError("This board has no scale; look at its wiring (docs/hardware.md).")
    return found


async def _one(pump: ReachedPump, answers: Answers, side: Side, grams: float) -> float:
    """Calibrate one scale and return the mass that was used."""
    number = list(Side).index(side)
    bit = list(SIDES)[number]
    await answers.ask(
        f"{side.value}: put the empty bottle on its scale, take your hands off, press Enter."
    )
    await _steady_g(pump, number)
    await pump.ask(wire.CMD_TARE, bytes([bit]))
    while True:
        answer = await answers.ask(
            f"{side.value}: add the weight and take your hands off. Type its mass in grams, or "
            f"just press Enter for {grams:g}."
        )
        if (typed := mass_typed(answer, grams)) is not None:
            grams = typed
            break
        say(f"{answer!r} is no mass from {LIGHTEST_G:g} to {HEAVIEST_G:g} g.")
    before_g = await _steady_g(pump, number)
    await _tell_mass(pump, side, bit, grams, before_g)
    after_g = await _steady_g(pump, number)
    error_g = after_g - grams
    if abs(error_g) > GOOD_WITHIN_G:
        raise CommandError(
            f"The {side.value} scale shows {after_g:.2f} g for {grams:g} g now, which is "
            f"{abs(error_g):.2f} g off. See that nothing touches the bottle or its tube, and "
            "calibrate again."
        )
    say(
        f"{side.value}: shows {after_g:.2f} g for {grams:g} g, {error_g:+.2f} g off "
        f"(before: {before_g:.2f} g)."
    )
    return grams


async def _tell_mass(pump: ReachedPump, side: Side, bit: int, grams: float, shown_g: float) -> None:
    """Let the board learn what a true gram is.

    Raises:
        CommandError: what the scale shows cannot be that mass; the board keeps its calibration.
    """
    from lullaflow.link import CommandRefusedError

    unlikely = CommandError(
        f"The {side.value} scale shows {shown_g:.2f} g for {grams:g} g, which is too far off to be "
        "right; it stays as it was. Check the mass that you typed, that the weight stands on the "
        "bottle's scale, and how the load cell is mounted and wired (docs/hardware.md)."
    )
    if shown_g < _LEAST_SHARE * grams:
        raise unlikely
    payload = struct.pack(wire.CALIBRATE_PAYLOAD, bit, round(grams * 1000))
    try:
        await pump.ask(wire.CMD_CALIBRATE, payload)
    except CommandRefusedError as error:
        if error.status == wire.BAD_VALUE:
            raise unlikely from None
        raise


async def _steady_g(pump: ReachedPump, side: int) -> float:
    """Wait until a scale is at rest and return what it shows.

    Raises:
        CommandError: it does not come to rest, or says nothing.
    """
    await pump.next_frames(OVERTAKEN_FRAMES)
    reading = Reading(None)
    for _ in range(SETTLE_TRIES):
        reading = read(await pump.next_frames(READ_FRAMES), side)
        if reading.steady_g is not None:
            return reading.steady_g
    name = list(Side)[side].value
    if reading.mean_g is None:
        fault = pump.status.faults[2 * side + 1]
        what = fault_words(fault) if fault else "shows nothing that can be used"
        raise CommandError(
            f"The {name} scale {what}. Look at its wiring and mounting (docs/hardware.md)."
        )
    raise CommandError(
        f"The {name} scale does not come to rest (it moves by {reading.spread_g:.1f} g). Put "
        "it where nothing shakes or touches it, switch the pump off, and try again."
    )

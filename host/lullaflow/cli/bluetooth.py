"""`lullaflow scan`, `pair` and `unpair`: which boards are near, and the bonds with them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lullaflow.cli.reach import PumpArgument, chosen_slug, reached
from lullaflow.cli.shared import CommandError, ConfigOption, console, run_async, say, settings
from lullaflow.config import Config

app = typer.Typer()

# A board that was just switched on advertises ten times a second, later once a second.
SCAN_S = 6.0


@app.command()
def scan(
    seconds: Annotated[float, typer.Option(min=1, help="How long to listen.")] = SCAN_S,
    config: ConfigOption = None,
) -> None:
    """Show which pumps are near, the nearest first."""
    found = run_async(_scan(settings(config), seconds))
    if not found:
        raise CommandError(
            "No pump was heard. Switch the board on, bring it near, and disconnect it from "
            "anything else: it talks to one at a time."
        )
    table = Table("name", "address", "signal", box=None)
    for name, address, rssi_dbm in found:
        table.add_row(name, address, f"{rssi_dbm} dBm")
    Console().print(table)


@app.command()
def pair(pump: PumpArgument = None, config: ConfigOption = None) -> None:
    """Connect to a pump once and bond with it, so that it is known from now on."""
    address = run_async(_pair(settings(config), pump))
    say(f"Paired with the pump at {address}.")


@app.command()
def unpair(pump: PumpArgument = None, config: ConfigOption = None) -> None:
    """Forget the bond with a pump, so that it can be paired anew."""
    chosen = settings(config)
    forgotten = run_async(_unpair(chosen, chosen.pumps[chosen_slug(chosen, pump)].address))
    if not forgotten:
        raise CommandError("There is no pump that this computer is paired with.")
    say(f"The bond with {', '.join(forgotten)} is forgotten. To pair again, switch the board on.")


async def _scan(config: Config, for_s: float) -> list[tuple[str, str, int]]:
    from lullaflow.link import LinkError, open_radio, scan

    bluetooth = config.bluetooth
    try:
        with console.status("listening"):
            async with open_radio(
                bluetooth.controller, bluetooth.adapter, config.store.path.parent
            ) as radio:
                found = await scan(radio, for_s)
    except LinkError as error:
        raise CommandError(str(error)) from None
    return [(pump.name, pump.address, pump.rssi_dbm) for pump in found]


async def _pair(config: Config, asked: str | None) -> str:
    async with reached(config, asked, to_pair=True) as pump:
        return pump.address


async def _unpair(config: Config, address: str) -> list[str]:
    from lullaflow.link import LinkError, open_radio, unpair

    bluetooth = config.bluetooth
    try:
        async with open_radio(
            bluetooth.controller, bluetooth.adapter, config.store.path.parent
        ) as radio:
            return await unpair(radio, address)
    except LinkError as error:
        raise CommandError(str(error)) from None

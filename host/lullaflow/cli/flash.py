"""`lullaflow flash`: put the compiled firmware on the board at the USB cable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from lullaflow.cli.shared import CommandError, console, say
from lullaflow.flashing import FlashError, find_port, load_packages
from lullaflow.flashing import flash as put_on_board

app = typer.Typer()


@app.command()
def flash(
    port: Annotated[
        str | None, typer.Option(help="The board's serial port. [default: the one that is there]")
    ] = None,
    board: Annotated[
        str | None, typer.Option(help="esp32_s3 or esp32_c3. [default: what the board says]")
    ] = None,
    firmware: Annotated[Path, typer.Option(help="Where `make firmware` has put it.")] = Path(
        "build/firmware"
    ),
) -> None:
    """Put the firmware on a board; bonds, settings and calibration stay on it.

    The former firmware stays as well, and runs again when the new one does not work.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    try:
        packages = load_packages(firmware)
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("reaching the board", total=None)

            def show(doing: str, done: int, total: int) -> None:
                bar.update(task, description=doing, completed=done, total=total or None)

            flashed = put_on_board(packages, port or find_port(), board, show)
    except FlashError as error:
        raise CommandError(str(error)) from None
    say(f"The {flashed.board} runs firmware {flashed.version} now.")

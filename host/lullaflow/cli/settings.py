"""`lullaflow config`: write a commented settings file, and check one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lullaflow.cli.shared import CommandError, ConfigOption, say
from lullaflow.config import find_config, load, template

app = typer.Typer(no_args_is_help=True, help="Write or check lullaflow.toml.")


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("lullaflow.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a settings file in which everything is explained."""
    if path.exists() and not force:
        raise CommandError(f"{path} is there already; --force replaces it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template(), encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"{path} cannot be written ({error.strerror}); name another place."
        ) from None
    say(f"Wrote {path}. Every setting in it is explained and stands at its default.")


@app.command()
def check(config: ConfigOption = None) -> None:
    """Say every mistake in the settings at once, each with its line."""
    path = find_config(config)
    load(path)
    say(f"{path}: all settings are right." if path else "No settings file; the defaults are right.")

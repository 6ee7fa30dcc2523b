"""`lullaflow run`: the daemon, from lullaflow.toml."""

from __future__ import annotations

import typer

from lullaflow.cli.shared import CommandError, ConfigOption, run_async, until_terminated
from lullaflow.config import FILE_NAME, find_config, load

app = typer.Typer()


@app.command()
def run(config: ConfigOption = None) -> None:
    """Run the daemon until it is told to stop."""
    path = find_config(config)
    if path is None:
        raise CommandError(f"There is no {FILE_NAME}; `lullaflow config init` writes one.")
    settings = load(path)
    from lullaflow.daemon.service import run_daemon

    run_async(until_terminated(run_daemon(settings)))

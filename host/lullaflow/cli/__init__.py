"""The command line. Each module holds the commands of one matter."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from lullaflow import __version__
from lullaflow.cli import bluetooth, calibrate, demo, doctor, flash, history, pump, run, settings
from lullaflow.cli.shared import CommandError, say
from lullaflow.config import ConfigError
from lullaflow.daemon.errors import StartError
from lullaflow.logs import Level, set_up_logs
from lullaflow.store import StoreError

EXIT_MISTAKE = 2

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(demo.app)
app.add_typer(run.app)
app.add_typer(bluetooth.app)
app.add_typer(pump.app, name="pump")
app.add_typer(calibrate.app)
app.add_typer(flash.app)
app.add_typer(history.app)
app.add_typer(doctor.app)
app.add_typer(settings.app, name="config")


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"lullaflow {__version__}")
        raise typer.Exit


@app.callback()
def start(
    log_level: Annotated[
        Level, typer.Option(envvar="LULLAFLOW_LOG_LEVEL", help="How much to say on the way.")
    ] = "info",
    _version_asked: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Notices a slow milk let-down while pumping, and brings gentle cues by itself."""
    set_up_logs(log_level)


def main() -> None:
    """Run the command line; mistakes end in one clear sentence and exit code 2."""
    try:
        app(prog_name="lullaflow")
    except (CommandError, ConfigError, StartError, StoreError) as error:
        say(str(error))
        sys.exit(EXIT_MISTAKE)
    except BrokenPipeError:
        # The reader (`| head`) has enough. Python would complain again while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

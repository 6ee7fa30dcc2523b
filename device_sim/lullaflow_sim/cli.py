"""`lullaflow-sim`: the simulated pump as a program of its own."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from lullaflow_sim.control import read_lines
from lullaflow_sim.ears import Room
from lullaflow_sim.flash import FlashError
from lullaflow_sim.generate.command import generate_command
from lullaflow_sim.radio import RadioError
from lullaflow_sim.scenarios import ScenarioError, load_scenario
from lullaflow_sim.simulation import FileError, Plan, simulate

app = typer.Typer(add_completion=False, rich_markup_mode=None)


app.command("generate")(generate_command)


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    scenario: Annotated[
        str, typer.Option(help="calm, slow, none, double, knocks, or a TOML file")
    ] = "calm",
    speed: Annotated[
        float, typer.Option(min=0.1, help="device seconds per second, once a host listens")
    ] = 1.0,
    radio: Annotated[
        str,
        typer.Option(
            help="tcp-server:HOST:PORT for a virtual radio that a host attaches to as "
            "tcp-client:HOST:PORT; usb:0 or serial:PATH to be a real peripheral on a dongle"
        ),
    ] = "tcp-server:127.0.0.1:7300",
    seed: Annotated[int, typer.Option(help="the same seed gives the same session")] = 1,
    sessions: Annotated[int, typer.Option(min=1, help="how many sessions to run")] = 1,
    mqtt: Annotated[
        str | None, typer.Option(help="HOST:PORT of the broker whose cues the body hears")
    ] = None,
    base_topic: Annotated[str, typer.Option(help="as in the daemon's settings")] = "lullaflow",
    pump: Annotated[str, typer.Option(help="the pump's slug in the daemon's settings")] = "pump",
    name: Annotated[
        str | None, typer.Option(help="the board's name on the air; its address follows from it")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="write here, as JSON, what really happened")
    ] = None,
    sampled: Annotated[
        Path | None, typer.Option(help="write here, as CSV, every frame that the board encoded")
    ] = None,
    flash: Annotated[
        Path | None, typer.Option(help="keep the board's flash (bonds, settings) in this file")
    ] = None,
    wait: Annotated[bool, typer.Option(help="begin the first session when a host listens")] = True,
    stay: Annotated[bool, typer.Option(help="stay on the air after the last session")] = False,
) -> None:
    """Simulate a breast pump with its companion board, running the shipped firmware.

    Prints one JSON object a line: 'ready' first, then what happens. Takes orders, one a line, on
    standard input: 'cut SECONDS', 'miss COUNT' requests to connect, 'reboot', 'speed FACTOR'
    of device time, 'stop', 'mass left|right GRAMS' for a known mass on a scale, 'cell left|right
    GRAMS FACTOR' for a load cell that nobody calibrated.
    """
    if context.invoked_subcommand is not None:
        return
    try:
        _check_folders(truth, sampled, flash)
        plan = Plan(
            scenario=load_scenario(scenario),
            radio=radio,
            speed=speed,
            seed=seed,
            sessions=sessions,
            wait=wait,
            room=None if mqtt is None else _room(mqtt, base_topic, pump),
            name=name,
            truth=truth,
            sampled=sampled,
            flash=flash,
        )
        _log_to_stderr()
        asyncio.run(_run(plan, stay=stay))
    except (ScenarioError, RadioError, FlashError, FileError, _UsageError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


class _UsageError(Exception):
    """An option cannot be used as it is; the message says how to mend it."""


async def _run(plan: Plan, *, stay: bool) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with simulate(plan, _say) as simulation, asyncio.TaskGroup() as tasks:
        helpers = [tasks.create_task(simulation.obey_all(read_lines()), name="cli.orders")]
        if not stay:
            helpers.append(tasks.create_task(_when(simulation.day_over, stopped), name="cli.day"))
        helpers.append(tasks.create_task(_when(simulation.stopped, stopped), name="cli.stop"))
        await stopped.wait()
        for helper in helpers:
            helper.cancel()


async def _when(event: asyncio.Event, then: asyncio.Event) -> None:
    await event.wait()
    then.set()


def _check_folders(*files: Path | None) -> None:
    """Find out before the session rather than after it."""
    for file in files:
        if file is not None and not file.parent.is_dir():
            raise _UsageError(f"There is no folder {file.parent} for {file.name}: make it first.")


def _room(address: str, base_topic: str, pump: str) -> Room:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise _UsageError(f"--mqtt {address!r} names no broker: write HOST:PORT.")
    return Room(host, int(port), base_topic, pump)


def _say(said: dict[str, Any]) -> None:
    print(json.dumps(said), flush=True)


def _log_to_stderr() -> None:
    """Keep standard output for the JSON lines."""
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


def main() -> None:
    """Run the command; mistakes end in one clear sentence and exit code 2."""
    try:
        code = app(prog_name="lullaflow-sim", standalone_mode=False)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = "lullaflow-sim" if context is None else context.command_path
        said = error.format_message().rstrip(".")
        typer.echo(f"{said}: see {command} --help.", err=True)
        code = error.exit_code
    sys.exit(code)

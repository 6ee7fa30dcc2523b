"""`lullaflow sessions`, `export` and `replay`: what has been."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TextIO

import rich.progress
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from lullaflow.cli.course import Course
from lullaflow.cli.shared import (
    CommandError,
    ConfigOption,
    console,
    run_async,
    say,
    settings,
    whole_file,
    write_whole,
)
from lullaflow.daemon.take import recorded_inputs
from lullaflow.detection.samples import Samples
from lullaflow.session.core import Core
from lullaflow.session.replay import ReplayError, read_recording, write_recording
from lullaflow.store import StoredSession, open_store
from lullaflow_protocol.events import SessionEnded, dump_event

app = typer.Typer()

# So that the moments of events, which come after the start, are dates as well.
LAST_YEAR = 9000


@app.command()
def sessions(config: ConfigOption = None) -> None:
    """List the sessions that were recorded, newest first."""
    path = settings(config).store.path
    found = run_async(_sessions(path)) if path.exists() else []
    if not found:
        say("No session has been recorded yet.")
        return
    table = Table("session", "pump", "when", "minutes", "let-down after", "milk", box=None)
    for session in found:
        table.add_row(*_row(session))
    Console().print(table)


async def _sessions(path: Path) -> list[StoredSession]:
    async with open_store(path) as store:
        return await store.sessions()


def _row(session: StoredSession) -> tuple[str, ...]:
    when = f"{session.started_at.astimezone():%Y-%m-%d %H:%M}"
    if session.summary is None:
        return session.id, session.pump, when, "running", "", ""
    end = SessionEnded.model_validate_json(session.summary)
    let_down = end.time_to_let_down_s
    volumes = [v for v in (end.volume_left_ml, end.volume_right_ml) if v is not None]
    return (
        session.id,
        session.pump,
        when,
        f"{end.duration_s / 60:.0f}",
        "–" if let_down is None else f"{let_down:.0f} s",
        f"{sum(volumes):.0f} ml" if volumes else "–",
    )


@app.command()
def export(
    session: Annotated[str, typer.Argument(help="Its name, as `lullaflow sessions` shows it.")],
    out: Annotated[Path, typer.Option(help="The CSV file to write; - is standard output.")],
    config: ConfigOption = None,
) -> None:
    """Write a session's recording as CSV: the samples, and all else that decisions came from."""
    path = settings(config).store.path
    if not path.exists():
        raise CommandError(f"There is no session {session}: none has been recorded yet.")
    with whole_file(str(out)) as sink:
        rows = run_async(_export(path, session, sink))
    if str(out) != "-":
        say(f"Wrote {out}: {rows} samples.")


async def _export(path: Path, name: str, sink: TextIO) -> int:
    async with open_store(path) as store:
        found = [session for session in await store.sessions() if session.id == name]
        if not found:
            raise CommandError(f"There is no session {name}; `lullaflow sessions` lists them all.")
        recording = await store.recording(found[0].recording)
        inputs = await recorded_inputs(store, recording)
    write_recording(sink, recording.info, inputs)
    return sum(len(item.t_s) for item in inputs if isinstance(item, Samples))


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="- is standard input.")],
    events: Annotated[str, typer.Option(help="Where to write the events; - is stdout.")] = "-",
    start: Annotated[
        str | None, typer.Option(help="Wall time of t_s = 0, such as 2026-05-04T03:00:00Z.")
    ] = None,
    volume_only: Annotated[
        bool, typer.Option("--volume-only", help="Ignore suction, as for a plain scale.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw flow, suction, let-downs and confidence (.png, .svg, .pdf)."),
    ] = None,
) -> None:
    """Write the events that a recording (CSV) gives rise to, one JSON object a line."""
    course = None if plot is None else _new_course(plot)
    with _recording_text(file) as text, whole_file(events) as sink:
        try:
            info, inputs = read_recording(text, started_at=_moment(start), volume_only=volume_only)
            core = Core(info)
            for item in inputs if course is None else course.follow(core, inputs):
                for event in core.step(item):
                    sink.write(dump_event(event) + "\n")
                    if course is not None:
                        course.add(event)
        except UnicodeDecodeError:
            raise CommandError(f"{file} is not UTF-8 text: save it as CSV in UTF-8.") from None
        except (ValidationError, OverflowError):
            raise CommandError(f"{file} holds numbers that no recording can hold.") from None
        except (ReplayError, csv.Error) as error:
            raise CommandError(f"{file}: {error}.") from None
    if plot is not None and course is not None:
        _draw(course, plot, file.name)


def _new_course(plot: Path) -> Course:
    """Return what a plot is drawn from, when it can be drawn at all."""
    try:
        # matplotlib is an extra, and large
        from lullaflow.cli.plotting import FORMATS
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("matplotlib"):
            raise
        raise CommandError(
            'Plots need matplotlib, which is not installed: pip install "lullaflow[plots]".'
        ) from None
    if plot.suffix.lower() not in FORMATS:
        raise CommandError(f"{plot} is no picture: its name must end in {' or '.join(FORMATS)}.")
    return Course()


def _draw(course: Course, plot: Path, title: str) -> None:
    from lullaflow.cli.plotting import draw

    write_whole(plot, draw(course, plot.suffix.lower(), title))
    say(f"Drew {plot}.")


@contextmanager
def _recording_text(file: Path) -> Iterator[TextIO]:
    if str(file) == "-":
        yield sys.stdin
        return
    try:
        text = rich.progress.open(
            file,
            "r",
            encoding="utf-8-sig",  # spreadsheets put a mark before the first letter
            newline="",
            description="replaying",
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
    except OSError as error:
        raise CommandError(f"{file} cannot be read ({error.strerror}).") from None
    with text as opened:
        yield opened


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--start {text} is no moment such as 2026-05-04T03:00:00Z.") from None
    if moment.year > LAST_YEAR:
        raise CommandError(f"--start {text} is too far away; recordings end with {LAST_YEAR}.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

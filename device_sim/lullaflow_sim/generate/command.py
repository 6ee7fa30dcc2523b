"""`lullaflow-sim generate`: many recordings, each with its truth."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lullaflow_sim.generate.conditions import Family, Forms
from lullaflow_sim.generate.files import write_session
from lullaflow_sim.generate.session import generate_session

SEEDS_APART: Final = 1_000_000
"""Sessions of one run have the seeds `seed * SEEDS_APART + index`: two runs share none."""

WORTH_A_POOL: Final = 8
"""Fewer sessions than this are done before other processes have started."""

INTERRUPTED: Final = 130
"""Exit code, as shells have it."""


@dataclass(frozen=True, slots=True)
class Task:
    """One recording to make."""

    family: Family
    seed: int
    mother_seed: int
    forms: Forms
    folder: Path
    name: str


def generate_command(
    out: Annotated[Path, typer.Option(help="folder for the files; made if it is not there")],
    sessions: Annotated[
        int, typer.Option(min=1, max=SEEDS_APART, help="how many recordings to make")
    ] = 10,
    family: Annotated[Family, typer.Option(help="what they are like")] = Family.TYPICAL,
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same files")] = 1,
    per_mother: Annotated[
        int, typer.Option(min=1, help="sessions of one mother before the next one comes")
    ] = 1,
    forms: Annotated[
        Forms, typer.Option(help="all forms of ejections and pumps, or only those for fitting")
    ] = Forms.ALL,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="processes; by default one per processor")
    ] = None,
) -> None:
    """Generate recordings (CSV) and what is true about them (JSON)."""
    tasks = [
        Task(
            family,
            seed * SEEDS_APART + index,
            seed * SEEDS_APART + index // per_mother,
            forms,
            out,
            f"{family.value}-{seed}-{index:06d}",
        )
        for index in range(sessions)
    ]
    try:
        out.mkdir(parents=True, exist_ok=True)
        with _stopped_softly(), _progress(len(tasks)) as advance:
            for _ in _done(tasks, jobs or os.cpu_count() or 1):
                advance()
    except KeyboardInterrupt as error:
        done = sum((out / f"{task.name}.csv").exists() for task in tasks)
        typer.echo(f"Stopped: {done} of {sessions} recordings are in {out}, all whole.", err=True)
        raise typer.Exit(INTERRUPTED) from error
    except OSError as error:
        why = error.strerror or str(error)
        typer.echo(f"Cannot write to {out}: {why}. Choose another folder with --out.", err=True)
        raise typer.Exit(2) from error
    except BrokenProcessPool as error:
        typer.echo("A process was killed, perhaps for want of memory: use fewer --jobs.", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{sessions} recordings in {out}")


def make(task: Task) -> None:
    """Make one recording and write it.

    Raises:
        OSError: when it cannot be written.
    """
    session = generate_session(task.family, task.seed, task.forms, task.mother_seed)
    write_session(session, task.folder, task.name)


@contextmanager
def _stopped_softly() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does, with nothing half written."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    columns = (
        TextColumn("generating"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("generating", total=total)
        yield lambda: progress.advance(bar)


def _done(tasks: list[Task], jobs: int) -> Iterator[None]:
    """Make recordings, yielding as each is done."""
    if jobs == 1 or len(tasks) < WORTH_A_POOL:
        yield from map(make, tasks)
        return
    # A fresh interpreter each: forked ones would inherit our threads' locks.
    pool = ProcessPoolExecutor(min(jobs, len(tasks)), get_context("spawn"), _leave_stopping_to_us)
    with pool:
        try:
            yield from pool.map(make, tasks)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _leave_stopping_to_us() -> None:
    """Let a process of the pool finish its recording when Ctrl-C reaches the whole group."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)

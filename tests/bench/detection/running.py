"""Do the same with many recordings, on all processors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Task = TypeVar("Task")
Result = TypeVar("Result")

CHUNK: Final = 4
"""Tasks handed to a process at once."""


@contextmanager
def pool(jobs: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """Give processes that are fresh, so that what they know is what they import."""
    with ProcessPoolExecutor(jobs or os.cpu_count() or 1, get_context("spawn")) as made:
        try:
            yield made
        except BaseException:
            made.shutdown(cancel_futures=True)
            raise


def run_all(
    processes: ProcessPoolExecutor,
    what: str,
    do: Callable[[Task], Result],
    tasks: Sequence[Task],
) -> list[Result]:
    """Do all tasks and return their results in order; a bar on standard error shows how far."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    results: list[Result] = []
    console = Console(stderr=True)
    seen = console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not seen) as progress:
        bar = progress.add_task(what, total=len(tasks))
        for result in processes.map(do, tasks, chunksize=CHUNK):
            results.append(result)
            progress.advance(bar)
    return results

"""What every command shares: how it speaks, and how it ends."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO, TypeVar

import typer
from rich.console import Console

from lullaflow.config import Config, find_config, load

T = TypeVar("T")

# Standard output carries data only (events, CSV), so that it can be piped.
console = Console(stderr=True, highlight=False, soft_wrap=True)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The settings file. [default: lullaflow.toml]"),
]


class CommandError(Exception):
    """What was asked for cannot be done; the message says so in one sentence, with what to do."""


def say(text: str) -> None:
    """Tell the person at the terminal something."""
    console.print(text, markup=False)


def settings(path: Path | None) -> Config:
    """Load the settings asked for, or those that are found, or the defaults.

    Raises:
        ConfigError: with every mistake in them.
    """
    return load(find_config(path))


@contextmanager
def text_sink(name: str) -> Iterator[TextIO]:
    """Open where data goes as it comes: a file, or standard output for `-`."""
    if name == "-":
        yield sys.stdout
        return
    with _opened(Path(name)) as sink:
        yield sink


@contextmanager
def whole_file(name: str) -> Iterator[TextIO]:
    """Open a file that is there only once it is whole, or standard output for `-`.

    What stood there before stays until then, and for good when something goes wrong.
    """
    if name == "-" or (Path(name).exists() and not Path(name).is_file()):
        with text_sink(name) as sink:
            yield sink
        return
    with _put_whole(Path(name)) as begun, _opened(begun) as sink:
        yield sink


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there only once it is whole."""
    try:
        with _put_whole(path) as begun:
            begun.write_bytes(content)
    except OSError as error:
        raise _unwritable(path, error) from None


@contextmanager
def _put_whole(path: Path) -> Iterator[Path]:
    """Give a place to write to; what was written there is the file's once the block has ended."""
    begun = path.with_name(f"{path.name}.part")
    try:
        yield begun
        begun.replace(path)
    finally:
        begun.unlink(missing_ok=True)


def _opened(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> CommandError:
    return CommandError(f"{path} cannot be written ({error.strerror}).")


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part.

    A task group wraps what its tasks raise; people care for the first of it only.
    """
    try:
        return asyncio.run(work)
    except BaseExceptionGroup as group:
        raise _first(group) from None


async def until_terminated(work: Coroutine[Any, Any, None]) -> bool:
    """Run `work` until it ends, or until somebody asks for a clean end.

    SIGTERM asks for it, and a terminal that is closed (SIGHUP); Ctrl-C does so anyway.

    Returns:
        whether it was asked for.
    """
    task = asyncio.create_task(work, name="command")
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        this = asyncio.current_task()
        if this is None or not this.cancelling():
            return True
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
    return False


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first

"""A simulated board and the commands that a person gives it, each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0


class Terminal:
    """A running `lullaflow` command, and the person before it.

    Attributes:
        said: what was read of its standard error.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said = ""

    async def read_until(self, words: str) -> str:
        """Wait until it has said something on standard error; return the line with it."""
        assert self._process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := (await self._process.stderr.readline()).decode():
                self.said += line
                if words in line:
                    return line
        raise AssertionError(f"it never said {words!r}, but: {self.said}")

    async def type(self, line: str) -> None:
        """Type a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    async def hang_up(self) -> None:
        """Close its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.stdin.wait_closed()

    async def end(self) -> tuple[int | None, str, str]:
        """Wait for its end; return exit code, standard output and all it said besides."""
        async with asyncio.timeout(PATIENCE_S):
            out, said = await self._process.communicate()
        return self._process.returncode, out.decode(), self.said + said.decode()


class BoardAtHand:
    """A simulated board on the virtual radio.

    Attributes:
        folder: of the settings file.
    """

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.folder = folder
        self._process = process

    async def said(self, event: str) -> dict[str, Any]:
        """Return the next line of the simulator of this kind."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := await self._process.stdout.readline():
                told: dict[str, Any] = json.loads(line)
                if told["event"] == event:
                    return told
        raise AssertionError(f"the simulator ended without saying {event!r}")

    async def order(self, line: str) -> None:
        """Give the simulator an order and wait until it is carried out."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()
        await self.said(line.split()[0])

    @asynccontextmanager
    async def command(self, *arguments: str) -> AsyncIterator[Terminal]:
        """Give a `lullaflow` command in a terminal."""
        kept = {key: value for key, value in os.environ.items() if "LULLAFLOW" not in key}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "lullaflow", "--log-level", "error", *arguments),
            cwd=self.folder,
            env={**kept, "COLUMNS": "200"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield Terminal(process)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def run(self, *arguments: str) -> tuple[int | None, str, str]:
        """Give a command that asks nothing; return exit code, output, what it said besides."""
        async with self.command(*arguments) as terminal:
            return await terminal.end()


@asynccontextmanager
async def board_at_hand(folder: Path, *arguments: str) -> AsyncIterator[BoardAtHand]:
    """A simulated board, ten times faster than life, and a settings file that leads to it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lullaflow_sim", "--radio", "tcp-server:127.0.0.1:0"),
        *("--speed", "10", "--stay", "--name", "Nightingale", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        board = BoardAtHand(folder, process)
        radio = (await board.said("ready"))["radio"]
        (folder / "lullaflow.toml").write_text(
            f'[bluetooth]\ncontroller = "{radio}"\n[store]\npath = "{folder / "l.db"}"\n'
        )
        yield board
    finally:
        process.kill()
        await process.wait()

"""The testing machine's Python, as the guest runs it."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Final

from .image import CACHE
from .machine import PATIENCE_S, PYTHON_PORT, SCRATCH, GuestError, Machine

PYCACHE: Final = CACHE / "pyc"
"""Compiled modules: the guest cannot write any, and takes ten times as long to compile them."""

IMPORTED: Final = (
    *("lullaflow.cli", "lullaflow.cli.bluetooth", "lullaflow.daemon.service"),
    *("lullaflow.link.bluez", "bleak.backends.bluezdbus.client"),
    *("bleak.backends.bluezdbus.scanner", "aiomqtt"),
)
"""What the programs in the guest import."""

_SERVER: Final = Path(__file__).parent / "guest_python.py"


class Program:
    """A Python program in the guest.

    Attributes:
        pid: its process id there.
        status: its exit status, None while it runs (negative: the signal that ended it).
    """

    def __init__(self, pid: int, reader: asyncio.StreamReader) -> None:
        self.pid = pid
        self.status: int | None = None
        self._reader = reader

    async def lines(self) -> AsyncIterator[str]:
        """Yield what it prints, line by line, until it has ended."""
        while line := (await self._reader.readline()).decode(errors="replace"):
            if line.startswith("exit "):
                self.status = int(line.removeprefix("exit "))
                return
            yield line.rstrip("\n")
        raise GuestError("the guest hung up on a program")


@asynccontextmanager
async def warm_python(machine: Machine) -> AsyncIterator[None]:
    """Have `python` ready in the guest while the block runs."""
    await asyncio.to_thread(_compile)
    command = shlex.join(map(str, (sys.executable, _SERVER, PYTHON_PORT, *IMPORTED)))
    variables = f"PYTHONPYCACHEPREFIX={shlex.quote(str(PYCACHE))} HOME={SCRATCH}"
    async with aclosing(machine.follow(f"{variables} exec chroot /host {command}")) as printed:
        async with asyncio.timeout(PATIENCE_S):
            async for line in printed:
                if line == "python is warm":
                    break
                print(f"guest: {line}")
        yield


@asynccontextmanager
async def python(
    machine: Machine, *argv: str | Path, user: int = 0, **environment: str
) -> AsyncIterator[Program]:
    """Run `python ARGV...` in the guest; it is not ended with the block.

    Args:
        machine: the guest.
        argv: a program's path, or `-m` and a module, and its arguments.
        user: number of the user that runs it.
        environment: for it.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", machine.ports[PYTHON_PORT])
    try:
        request = {"argv": [*map(str, argv)], "user": user, "environment": environment}
        writer.write(json.dumps(request).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            pid = await reader.readline()
        if not pid:
            raise GuestError("the guest hung up on a program")
        yield Program(int(pid), reader)
    finally:
        writer.close()


async def run_python(
    machine: Machine, *argv: str | Path, user: int = 0, **environment: str
) -> tuple[int, str]:
    """Run a Python program in the guest to its end; return its exit status and what it printed."""
    async with (
        python(machine, *argv, user=user, **environment) as program,
        asyncio.timeout(PATIENCE_S),
    ):
        printed = [line async for line in program.lines()]
    assert program.status is not None
    return program.status, "\n".join(printed)


def _compile() -> None:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(
        [sys.executable, "-c", f"import {', '.join(IMPORTED)}"],
        env={**environment, "PYTHONPYCACHEPREFIX": str(PYCACHE)},
        check=True,
    )

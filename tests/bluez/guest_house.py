"""The house with its daemon in the guest, on the native Bluetooth path; all else is outside."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from end_to_end.house import House, embedded_broker

from .conftest import Bench
from .machine import OUTSIDE, PATIENCE_S, SCRATCH, Machine
from .python import Program, python


class GuestDaemon:
    """`lullaflow run` in the guest.

    Args:
        machine: the guest.
        folder: for its log, and for its settings as `export` wants them.
        broker_port: of the broker outside.
    """

    def __init__(self, machine: Machine, folder: Path, broker_port: int) -> None:
        self._machine = machine
        self._folder = folder
        self._place = f"{SCRATCH}/{folder.name}"
        self._settings = f"""
            [mqtt]
            host = "{OUTSIDE}"
            port = {broker_port}
            [web]
            enabled = false
            [store]
            path = "lullaflow.db"
            """
        self._program: Program | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, or start it again."""
        (self._folder / "lullaflow.toml").write_text(self._settings)
        place = f"/host{self._place}"
        await self._machine.run(
            f"mkdir -p {place}; cat >{place}/lullaflow.toml <<'END'\n{self._settings}\nEND"
        )
        started = asyncio.Event()
        self._task = asyncio.create_task(self._run(started))
        async with asyncio.timeout(PATIENCE_S):
            await started.wait()

    async def kill(self) -> None:
        """End it, if it runs, without a word to anybody."""
        if self._task is not None and not self._task.done():
            await self._signal("KILL")

    async def stop(self) -> None:
        """Tell it to end, and take its store to where `stored_frames` and `export` look for it."""
        await self._signal("TERM")
        stored = await self._machine.run(f"base64 /host{self._place}/lullaflow.db")
        (self._folder / "lullaflow.db").write_bytes(base64.b64decode(stored))

    async def _signal(self, name: str) -> None:
        assert self._program is not None
        assert self._task is not None
        await self._machine.run(f"kill -{name} {self._program.pid}")
        async with asyncio.timeout(PATIENCE_S):
            await self._task

    async def _run(self, started: asyncio.Event) -> None:
        command = ("-m", "lullaflow", "--log-level", "debug", "run")
        settings = ("--config", f"{self._place}/lullaflow.toml")
        async with python(self._machine, *command, *settings) as self._program:
            started.set()
            with (self._folder / "daemon.log").open("a") as log:
                async for line in self._program.lines():
                    log.write(f"{line}\n")
                    log.flush()


@asynccontextmanager
async def guest_house(
    bench: Bench, folder: Path, scenario: str, *, speed: float
) -> AsyncIterator[tuple[House, GuestDaemon]]:
    """Open a house, and its daemon apart.

    Args:
        bench: the guest.
        folder: for every file of this house.
        scenario: what the session is like.
        speed: device seconds per second.
    """
    async with (
        embedded_broker(folder / "broker.log") as broker_port,
        bench.pump(
            folder,
            folder.name[:20],
            *("--scenario", scenario, "--speed", str(speed), "--stay"),
            *("--mqtt", f"127.0.0.1:{broker_port}", "--truth", str(folder / "truth.json")),
        ) as pump,
    ):
        home = House(
            folder,
            broker_port,
            0,
            pump.running,
            daemon=pump.running,
            patience_s=PATIENCE_S,
        )
        listener = asyncio.create_task(home.hear(), name="house.hear")
        daemon = GuestDaemon(bench.machine, folder, broker_port)
        try:
            await daemon.start()
            yield home, daemon
        finally:
            listener.cancel()
            await daemon.kill()

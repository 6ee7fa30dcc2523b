"""A guest for all tests of a group, and the simulated pump that its adapter meets.

There are two groups of about the same length, each with a guest on a core of its own: an emulated
computer has but one.
"""

from __future__ import annotations

import asyncio
import csv
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from xdist.scheduler import LoadScopeScheduling

from end_to_end.house import listening_without_connecting, process
from lullaflow.cli.ports import free_port

from .image import HERE, Image, image
from .machine import PYTHON_PORT, SCRATCH, SHELL_PORT, Machine, boot
from .packages import ImageUnavailableError
from .python import warm_python


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave these tests to `make test-bluez`, which asks for them by their marker."""
    if "bluez" in config.option.markexpr:
        return
    here = Path(__file__).parent
    mine = [item for item in items if here in item.path.parents]
    items[:] = [item for item in items if item not in mine]
    config.hook.pytest_deselected(items=mine)


class TwoGuests(LoadScopeScheduling):
    """Keeps together the tests that share a guest."""

    def _split_scope(self, nodeid: str) -> str:
        return str(any(name in nodeid for name in ("test_adapters", "test_bonds", "test_daemon")))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TwoGuests:
    """Share these tests out by guest."""
    return TwoGuests(config, log)


@dataclass
class SimulatedPump:
    """The simulator, outside the guest."""

    running: asyncio.subprocess.Process
    sampled: Path

    async def tell(self, order: str) -> None:
        """Give an order: `cut 10`, `reboot`."""
        assert self.running.stdin is not None
        self.running.stdin.write(order.encode() + b"\n")
        await self.running.stdin.drain()

    async def stop(self) -> list[str]:
        """End it; return every frame that the firmware encoded, in hexadecimal."""
        await self.tell("stop")
        await self.running.wait()
        with self.sampled.open(newline="") as file:
            return [row["frame"] for row in csv.DictReader(file)]


@dataclass
class Bench:
    """A guest, and the pumps that it meets."""

    machine: Machine

    @asynccontextmanager
    async def pump(
        self, folder: Path, name: str, *arguments: str, adapter: int = 1
    ) -> AsyncIterator[SimulatedPump]:
        """A simulated pump, and the guest's adapter plugged in.

        Args:
            folder: for its files; a flash that lies there is its own.
            name: of the pump; the addresses of both ends follow from it, so that with a name of
                its own each test meets a guest that knows nobody.
            arguments: further ones for the simulator.
            adapter: 1, or 2 when another pump has the first.
        """
        sampled = folder / "sampled.csv"
        port = self.machine.radio_ports[adapter - 1]
        async with process(
            *(sys.executable, "-m", "lullaflow_sim", "--name", name),
            *("--radio", f"tcp-server:127.0.0.1:{port}"),
            *("--sampled", str(sampled), "--flash", str(folder / "flash.json")),
            *arguments,
            log=folder / "pump.log",
        ) as running:
            await listening_without_connecting(port)
            await self.machine.plug_in(adapter)
            try:
                yield SimulatedPump(running, sampled)
            finally:
                await self.machine.put_away(adapter)


@asynccontextmanager
async def guest(built: Image, folder: Path) -> AsyncIterator[Machine]:
    """A booted guest that runs Python programs, while the block runs.

    Args:
        built: what to boot.
        folder: for what it says.
    """
    ports = {SHELL_PORT: free_port(), PYTHON_PORT: free_port()}
    radio_ports = (free_port(), free_port())
    async with boot(built, folder, ports, radio_ports) as machine, warm_python(machine):
        yield machine


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bench(tmp_path_factory) -> AsyncIterator[Bench]:
    """A booted guest."""
    if HERE.is_relative_to(SCRATCH):
        pytest.skip(f"tests against real BlueZ need a checkout elsewhere than in {SCRATCH}")
    try:
        built = image()
    except ImageUnavailableError as missing:
        pytest.skip(f"tests against real BlueZ need a guest: {missing}")
    async with guest(built, tmp_path_factory.mktemp("guest")) as machine:
        yield Bench(machine)

"""A whole house for the tests: broker, simulated pump and daemon, each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt

from lullaflow.cli.ports import free_port

PATIENCE_S = 90.0  # far longer than any step takes; only a broken house ever waits for it

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


async def listening(port: int) -> None:
    """Wait until somebody accepts connections on a loopback port."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


def outside() -> dict[str, str]:
    """Return this process's environment less what is meant for the tests alone."""
    return {key: value for key, value in os.environ.items() if not key.startswith("LULLAFLOW_")}


@asynccontextmanager
async def process(
    *command: str, log: Path, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program while the block runs; its output goes to `log`."""
    with log.open("ab") as sink:
        running = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=sink,
            stderr=sink,
            env={**outside(), "PYTHONUNBUFFERED": "1", **environment},
        )
        try:
            yield running
        finally:
            if running.returncode is None:
                running.terminate()
                try:
                    await asyncio.wait_for(running.wait(), 15)
                except TimeoutError:
                    running.kill()
                    await running.wait()


@asynccontextmanager
async def embedded_broker(log: Path) -> AsyncIterator[int]:
    """The broker that `lullaflow demo` brings along."""
    port = free_port()
    code = f"from lullaflow.publish.embedded_broker import main; main({port})"
    async with process(sys.executable, "-c", code, log=log):
        await listening(port)
        yield port


@asynccontextmanager
async def mosquitto_broker(log: Path) -> AsyncIterator[int]:
    """A real Mosquitto without persistence."""
    assert MOSQUITTO is not None
    port = free_port()
    settings = log.with_suffix(".conf")
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    async with process(MOSQUITTO, "-c", str(settings), log=log):
        await listening(port)
        yield port


@dataclass
class House:
    """What the tests see of it.

    Attributes:
        folder: where every file of this house lies.
        events: every MQTT event so far, decoded, in order of arrival.
        pump: the simulator's process; a line on its standard input cuts the radio or reboots.
        patience_s: how long to wait for an event.
    """

    folder: Path
    broker_port: int
    web_port: int
    pump: asyncio.subprocess.Process
    daemon: asyncio.subprocess.Process
    events: list[dict[str, Any]] = field(default_factory=list)
    patience_s: float = PATIENCE_S
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hear(self) -> None:
        """Collect events until cancelled."""
        async with aiomqtt.Client("127.0.0.1", self.broker_port) as client:
            await client.subscribe("lullaflow/+/event", qos=1)
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                async with self._news:
                    self.events.append(json.loads(message.payload))
                    self._news.notify_all()

    async def event(
        self, kind: str, where: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """Return the first event of a type (that fulfils `where`), waiting for it if need be."""

        def found() -> dict[str, Any] | None:
            return next((e for e in self.events if e["type"] == kind and where(e)), None)

        async with asyncio.timeout(self.patience_s), self._news:
            await self._news.wait_for(found)
            result = found()
            assert result is not None
            return result

    def types(self) -> list[str]:
        """Return the types of all events so far."""
        return [event["type"] for event in self.events]

    async def tell_pump(self, line: str) -> None:
        """Say something to the simulator: `cut 10`, `reboot`, `stop`."""
        assert self.pump.stdin is not None
        self.pump.stdin.write(line.encode() + b"\n")
        await self.pump.stdin.drain()

    async def command(self, name: str, payload: str = "") -> None:
        """Send an MQTT command to the daemon."""
        async with aiomqtt.Client("127.0.0.1", self.broker_port) as client:
            await client.publish(f"lullaflow/pump/command/{name}", payload, qos=1)

    def truth(self) -> dict[str, Any]:
        """Return what the body really did; complete once the simulator has ended."""
        return dict(json.loads((self.folder / "truth.json").read_text()))


@asynccontextmanager
async def house(
    folder: Path,
    scenario: str,
    *,
    speed: float = 20,
    broker: Callable[[Path], Any] = embedded_broker,
    settings: str = "",
    mqtt: str = "",
) -> AsyncIterator[House]:
    """Open a house; `settings` is added to the daemon's configuration, `mqtt` to that section."""
    web_port, radio_port = free_port(), free_port()
    async with AsyncExitStack() as stack:
        broker_port = await stack.enter_async_context(broker(folder / "broker.log"))
        radio = f"127.0.0.1:{radio_port}"
        pump = await stack.enter_async_context(
            process(
                *(sys.executable, "-m", "lullaflow_sim"),
                *("--scenario", scenario, "--speed", str(speed)),
                *("--radio", f"tcp-server:{radio}"),
                *("--mqtt", f"127.0.0.1:{broker_port}"),
                *("--truth", str(folder / "truth.json")),
                *("--sampled", str(folder / "sampled.csv")),
                log=folder / "pump.log",
            )
        )
        await listening_without_connecting(radio_port)
        if broker is embedded_broker:
            mqtt += '\nprotocol = "3.1.1"'  # all that it knows, and it is silent to all else
        config = folder / "lullaflow.toml"
        config.write_text(
            f"""
            [bluetooth]
            controller = "tcp-client:{radio}"
            [mqtt]
            host = "127.0.0.1"
            port = {broker_port}
            {mqtt}
            [web]
            port = {web_port}
            [store]
            path = "{folder / "lullaflow.db"}"
            {settings}
            """
        )
        # Listening comes first, so that no event is published before anybody hears.
        opened = House(folder, broker_port, web_port, pump, daemon=pump)
        listener = asyncio.create_task(opened.hear(), name="house.hear")
        stack.callback(listener.cancel)
        opened.daemon = await stack.enter_async_context(
            process(
                *(sys.executable, "-m", "lullaflow", "--log-level", "debug"),
                *("run", "--config", str(config)),
                log=folder / "daemon.log",
            )
        )
        yield opened


async def listening_without_connecting(port: int) -> None:
    """Wait for a listener on a port that takes one client only, without being that client."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    return
            await asyncio.sleep(0.02)

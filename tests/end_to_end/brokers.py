"""Real brokers for the tests, each in a process of its own, and a gate to stand before one."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from lullaflow.cli.ports import free_port

from .house import MOSQUITTO

NATS = os.environ.get("LULLAFLOW_NATS_SERVER") or shutil.which("nats-server")
NODE = shutil.which("node")
NODE_FOLDER = Path(os.environ.get("LULLAFLOW_NODE_FOLDER", "."))
"""Where `npm install aedes @asyncapi/parser` was run."""
PATIENCE_S = 20.0

needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


class BrokerProcess:
    """A broker that can be killed and started again on the same port.

    Args:
        folder: for its settings and its log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    async def start(self) -> None:
        with (self.folder / "broker.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.command(), stdout=log, stderr=log
            )
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)

    def send(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def kill(self, number: int = signal.SIGKILL) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
            await self._process.wait()
            self._process = None


class EmbeddedBroker(BrokerProcess):
    """The broker that `lullaflow demo` brings along. It speaks MQTT 3.1.1 only."""

    def command(self) -> list[str]:
        code = f"from lullaflow.publish.embedded_broker import main; main({self.port})"
        return [sys.executable, "-c", code]


class Mosquitto(BrokerProcess):
    """Mosquitto; `settings` are lines of its configuration instead of `allow_anonymous`."""

    settings = "allow_anonymous true\n"

    def command(self) -> list[str]:
        assert MOSQUITTO is not None
        path = self.folder / "mosquitto.conf"
        path.write_text(f"user root\nlistener {self.port} 127.0.0.1\n{self.settings}")
        return [MOSQUITTO, "-c", str(path)]


class Nats(BrokerProcess):
    """NATS' own MQTT: 3.1.1 only, and what it keeps lies in JetStream."""

    def command(self) -> list[str]:
        assert NATS is not None
        path = self.folder / "nats.conf"
        path.write_text(
            f"""
            server_name: house
            listen: "127.0.0.1:-1"
            jetstream {{ store_dir: "{self.folder / "jetstream"}" }}
            mqtt {{ listen: "127.0.0.1:{self.port}" }}
            """
        )
        return [NATS, "-c", str(path)]


class Aedes(BrokerProcess):
    """Aedes, a broker for Node.js: 3.1.1, everything in memory."""

    def command(self) -> list[str]:
        assert NODE is not None
        folder = json.dumps(f"{NODE_FOLDER.resolve()}/")
        code = (
            f"const here = require('module').createRequire({folder});"
            "const { Aedes } = here('aedes');"
            "Aedes.createBroker().then(broker => require('net').createServer(broker.handle)"
            f".listen({self.port}, '127.0.0.1'));"
        )
        return [NODE, "-e", code]


BROKERS = [
    pytest.param(EmbeddedBroker, id="embedded"),
    pytest.param(Mosquitto, id="mosquitto", marks=[pytest.mark.mosquitto, needs_mosquitto]),
    pytest.param(
        Nats,
        id="nats",
        marks=pytest.mark.skipif(NATS is None, reason="nats-server is not installed"),
    ),
    pytest.param(
        Aedes,
        id="aedes",
        marks=pytest.mark.skipif(
            NODE is None or not (NODE_FOLDER / "node_modules" / "aedes").is_dir(),
            reason="aedes is not installed, or LULLAFLOW_NODE_FOLDER does not say where",
        ),
    ),
]


class Gate:
    """Stands before a broker, so that the way to it can be cut, silenced or slowed.

    Args:
        target: the broker's port on loopback.

    Attributes:
        port: where to come in.
        silent: takes connections and bytes, and passes nothing on.
        delay_s: before each stretch of bytes is passed on.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = free_port()
        self.silent = False
        self.delay_s = 0.0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def close(self) -> None:
        """Refuse newcomers and cut those who are in, without a word to either side."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        finally:
            for end in (writer, back):
                self._writers.discard(end)
                end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await asyncio.sleep(self.delay_s)
                if not self.silent:
                    writer.write(data)
                    await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def gate_before(broker: BrokerProcess) -> AsyncIterator[Gate]:
    gate = Gate(broker.port)
    await gate.open()
    try:
        yield gate
    finally:
        await gate.close()

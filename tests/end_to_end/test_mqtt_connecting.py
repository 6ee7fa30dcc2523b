"""The way to a broker: its version, its silence and its nonsense, and what waiting for it costs."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import aiomqtt
import pytest
from structlog.testing import capture_logs

from lullaflow.cli.ports import free_port
from lullaflow.publish import connection
from lullaflow.publish.connection import Dialer

from .brokers import EmbeddedBroker, Gate, Mosquitto, gate_before, needs_mosquitto
from .mqtt_house import bridge, impatient, listening, mosquitto, session_events, settings, until

__all__ = ["impatient", "mosquitto"]


def versions_tried(
    monkeypatch: pytest.MonkeyPatch,
    on_try: Callable[[aiomqtt.ProtocolVersion], None] = lambda _: None,
) -> list[aiomqtt.ProtocolVersion]:
    """Return a list that grows with every connection that is tried."""
    tried: list[aiomqtt.ProtocolVersion] = []
    make = Dialer._client

    def counted(dialer: Dialer, version: aiomqtt.ProtocolVersion) -> aiomqtt.Client:
        tried.append(version)
        on_try(version)
        return make(dialer, version)

    monkeypatch.setattr(Dialer, "_client", counted)
    return tried


async def test_older_brokers_get_the_older_protocol_with_one_line(tmp_path: Path) -> None:
    old = EmbeddedBroker(tmp_path)
    await old.start()
    try:
        with capture_logs() as logs:
            async with listening(old.port) as listener, bridge(tmp_path, settings(old.port)) as it:
                await it.say(session_events(0)[:1])
                await listener.events(session_events(0)[:1])
        assert [e["event"] for e in logs if "3.1.1" in e["event"]] == [
            "the broker does not speak MQTT 5; using 3.1.1"
        ]
    finally:
        await old.kill()


@needs_mosquitto
@pytest.mark.mosquitto
async def test_a_silent_broker_is_no_older_broker(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """A broker that hangs once must not cost MQTT 5 for ever."""
    await mosquitto.start()
    with pytest.MonkeyPatch.context() as patch, capture_logs() as logs:
        patch.setattr(connection, "PROBE_TIMEOUT_S", 0.3)
        patch.setattr(connection, "CONNECT_TIMEOUT_S", 1.0)
        async with gate_before(mosquitto) as gate, listening(mosquitto.port) as listener:
            gate.silent = True
            async with bridge(tmp_path, settings(gate.port)) as it:
                await until(lambda: any("cannot be used" in e["event"] for e in logs))
                gate.silent = False
                patch.undo()
                await it.say(session_events(0)[:1])
                await listener.events(session_events(0)[:1])
    assert not [e for e in logs if "3.1.1" in e["event"]]
    assert "p5" in (mosquitto.folder / "broker.log").read_text()


@needs_mosquitto
@pytest.mark.mosquitto
async def test_a_broker_that_wakes_up_between_two_tries_is_no_older_broker(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mosquitto.start()
    monkeypatch.setattr(connection, "PROBE_TIMEOUT_S", 0.3)
    async with gate_before(mosquitto) as gate, listening(mosquitto.port) as listener:

        def wake_for_older(version: aiomqtt.ProtocolVersion) -> None:
            gate.silent = gate.silent and version is aiomqtt.ProtocolVersion.V5

        tried = versions_tried(monkeypatch, wake_for_older)
        gate.silent = True
        with capture_logs() as logs:
            async with bridge(tmp_path, settings(gate.port)) as it:
                await it.say(session_events(0)[:1])
                await listener.events(session_events(0)[:1])
    five, older = aiomqtt.ProtocolVersion.V5, aiomqtt.ProtocolVersion.V311
    assert tried == [five, older, five]
    assert not [e for e in logs if "3.1.1" in e["event"]]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "nobody listens there; is it running, and mqtt.port right?"),
        ({"host": "no-such-host.invalid"}, "there is no host of this name; is mqtt.host right?"),
        ({"tls": True, "ca_file": Path("away.crt")}, "away.crt: No such file or directory"),
    ],
)
async def test_no_broker_at_all_is_no_older_broker_and_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, object], words: str
) -> None:
    tried = versions_tried(monkeypatch)
    mqtt = settings(free_port()).model_copy(update=more)
    with capture_logs() as logs:
        async with bridge(tmp_path, mqtt):
            await until(lambda: len(tried) >= 3)
    assert set(tried) == {aiomqtt.ProtocolVersion.V5}
    (told,) = [entry["event"] for entry in logs if entry["log_level"] == "warning"]
    assert words in told


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho's socket
@needs_mosquitto
@pytest.mark.mosquitto
async def test_tls_where_the_broker_speaks_none_is_said_in_words(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    await mosquitto.start()
    with capture_logs() as logs:
        async with bridge(tmp_path, settings(mosquitto.port, tls=True)):
            await until(lambda: any("cannot be used" in entry["event"] for entry in logs))
    assert "does mqtt.port fit mqtt.tls?" in logs[0]["event"]


@needs_mosquitto
@pytest.mark.mosquitto
async def test_a_frozen_broker_is_noticed_and_nothing_is_lost(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT_S", 0.5)
    await mosquitto.start()
    events = session_events(0)
    async with (
        listening(mosquitto.port) as listener,
        bridge(tmp_path, settings(mosquitto.port)) as it,
    ):
        await it.until_connected()
        mosquitto.send(signal.SIGSTOP)
        await it.say(events)
        await until(lambda: not it.publisher.connected)
        mosquitto.send(signal.SIGCONT)
        await listener.events(events)
        assert list(dict.fromkeys(listener.event_ids())) == [event.id for event in events]


@needs_mosquitto
@pytest.mark.mosquitto
async def test_a_wrong_password_is_said_once_and_tried_again(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    passwords = tmp_path / "passwords"
    make = await asyncio.create_subprocess_exec(
        *("mosquitto_passwd", "-b", "-c", str(passwords), "mother", "right")
    )
    assert await make.wait() == 0
    mosquitto.settings = f"allow_anonymous false\npassword_file {passwords}\n"
    await mosquitto.start()
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    with capture_logs() as logs:
        mqtt = settings(mosquitto.port, username="mother", password_file=str(secret))
        async with bridge(tmp_path, mqtt) as it:
            log = mosquitto.folder / "broker.log"
            await until(lambda: log.read_text().count("not authorised") >= 3)
            assert not it.publisher.connected
            secret.write_text("right\n")
            await it.until_connected()
    told = [e["event"] for e in logs if e["log_level"] == "warning"]
    assert len(told) == 1
    assert "authori" in told[0].lower()


class Babbler(Gate):
    """A way to a broker on which, at first, somebody else takes us in and talks nonsense.

    Attributes:
        nonsense: what is said instead, one for each who comes, after a CONNACK of MQTT 5.
    """

    nonsense: list[bytes]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.nonsense:
            await super()._serve(reader, writer)
            return
        await reader.read(1024)
        writer.write(b"\x20\x03\x00\x00\x00" + self.nonsense.pop())
        await writer.drain()
        await reader.read(1024)
        writer.close()


@needs_mosquitto
@pytest.mark.mosquitto
async def test_nonsense_from_a_broker_is_survived(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT_S", 0.5)
    await mosquitto.start()
    chance = random.Random(5)
    babbler = Babbler(mosquitto.port)
    babbler.nonsense = [
        b"\x30\x08\x00\x04\xff\xfe/x\x00a",  # a topic that is no text
        b"\x40\x02\xff\xff",  # an acknowledgement of nothing
        b"\x90\x04\x00\x01\x00\x80",  # a refused subscription
        b"\xf0\x00\x20\x03\x00\x00\x00",  # no such packet, and a second CONNACK
        *(chance.randbytes(40) for _ in range(12)),
    ]
    await babbler.open()
    events = session_events(0)
    try:
        async with (
            listening(mosquitto.port) as listener,
            bridge(tmp_path, settings(babbler.port, protocol="5")) as it,
        ):
            await until(lambda: not babbler.nonsense)
            await it.say(events)
            await listener.events(events)
            assert list(dict.fromkeys(listener.event_ids())) == [event.id for event in events]
    finally:
        await babbler.close()


async def test_waiting_for_a_broker_costs_nothing(tmp_path: Path) -> None:
    async with bridge(tmp_path, settings(free_port())) as it:
        await it.say(session_events(0))
        await asyncio.sleep(0.5)
        before_s = time.process_time()
        await asyncio.sleep(2.0)
        # With waits a hundred times shorter than in a home.
        assert time.process_time() - before_s < 0.5


async def test_a_broker_that_never_answers_costs_no_sockets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PROBE_TIMEOUT_S", "CONNECT_TIMEOUT_S"):
        monkeypatch.setattr(connection, name, 0.05)
    tries: list[asyncio.StreamWriter] = []
    closed: list[bytes] = []

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append(writer)
        closed.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    (port,) = (listening.getsockname()[1] for listening in server.sockets)
    async with server, bridge(tmp_path, settings(port)):
        await until(lambda: len(tries) >= 8)
        # The last one or two may be under way.
        await until(lambda: len(closed) >= 6)

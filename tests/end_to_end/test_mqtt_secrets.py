"""TLS, certificates and the access list that the docs advise, against Mosquitto."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import aiomqtt
import pytest
from structlog.testing import capture_logs

from lullaflow_protocol.events import parse_event

from .brokers import Mosquitto, needs_mosquitto
from .certificates import Authority
from .mqtt_house import SLEEPING, bridge, impatient, mosquitto, session_events, settings, until

__all__ = ["impatient", "mosquitto"]

pytestmark = [pytest.mark.mosquitto, needs_mosquitto]

# After a failed handshake paho leaves the socket for the interpreter to close.
forgotten_socket = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

DOCS = Path(__file__).parents[2] / "docs" / "mqtt.md"


def tls(authority: Authority, server: tuple[Path, Path]) -> str:
    return (
        f"cafile {authority.certificate}\ncertfile {server[0]}\nkeyfile {server[1]}\n"
        "require_certificate true\nallow_anonymous true\n"
    )


async def test_own_authority_and_client_certificate(mosquitto: Mosquitto, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = (str(path) for path in authority.issue("client"))
    mosquitto.settings = tls(authority, authority.issue("server"))
    await mosquitto.start()
    files = {"ca_file": str(authority.certificate), "cert_file": certificate, "key_file": key}
    async with bridge(tmp_path, settings(mosquitto.port, tls=True, **files)) as it:
        await it.say(session_events(0))
        await it.until_all_is_said()


@forgotten_socket
async def test_an_expired_certificate_is_named_and_a_new_one_heals(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    certificate, key = (str(path) for path in authority.issue("client"))
    mosquitto.settings = tls(authority, authority.issue("old", timedelta(days=-1)))
    await mosquitto.start()
    files = {"ca_file": str(authority.certificate), "cert_file": certificate, "key_file": key}
    with capture_logs() as logs:
        async with bridge(tmp_path, settings(mosquitto.port, tls=True, **files)) as it:
            await it.say(session_events(0))
            await until(lambda: any("expired" in entry["event"] for entry in logs))
            assert len(await it.store.pending()) == 14
            await mosquitto.kill()
            mosquitto.settings = tls(authority, authority.issue("new"))
            await mosquitto.start()
            await it.until_all_is_said()


@forgotten_socket
async def test_a_stranger_in_the_brokers_place_is_told_nothing(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    (tmp_path / "stranger").mkdir()
    stranger, ours = Authority(tmp_path / "stranger"), Authority(tmp_path)
    mosquitto.settings = tls(stranger, stranger.issue("server"))
    await mosquitto.start()
    with capture_logs() as logs:
        mqtt = settings(mosquitto.port, tls=True, ca_file=str(ours.certificate))
        async with bridge(tmp_path, mqtt) as it:
            await until(lambda: any("certificate" in entry["event"] for entry in logs))
            assert not it.publisher.connected


async def test_the_access_list_in_the_docs_is_enough_and_no_more(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    (text,) = re.findall(r"```\n# /etc/mosquitto/acl\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    acl = tmp_path / "acl"
    acl.write_text(text)
    mosquitto.settings = f"allow_anonymous true\nacl_file {acl}\n"
    await mosquitto.start()
    heard: list[str] = []

    async def hear() -> None:
        async with aiomqtt.Client("127.0.0.1", mosquitto.port, username="hall") as hall:
            await hall.subscribe("#", qos=1)
            ready.set()
            async for message in hall.messages:
                heard.append(str(message.topic))
                if str(message.topic).endswith("/event"):
                    assert isinstance(message.payload, bytes)
                    parse_event(message.payload)

    ready = asyncio.Event()
    listener = asyncio.create_task(hear())
    await ready.wait()
    with capture_logs() as logs:
        async with bridge(tmp_path, settings(mosquitto.port, username="lullaflow")) as it:
            it.publisher.on_view("pump", SLEEPING)
            await it.say(session_events(0))
            await it.until_all_is_said()
            await until(lambda: heard.count("lullaflow/pump/event") == 14)
            await asyncio.sleep(0.5)  # for the announcer, which begins with listening
            # A wish of somebody who may only listen.
            async with aiomqtt.Client("127.0.0.1", mosquitto.port, username="hall") as hall:
                await hall.publish("lullaflow/pump/command/tare", "both", qos=1)
            async with aiomqtt.Client(
                "127.0.0.1", mosquitto.port, username="homeassistant"
            ) as home:
                await home.publish("lullaflow/pump/command/identify", "5", qos=1)
            await until(lambda: it.asked == [("pump", "identify", "5")])
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)
    assert not [entry for entry in logs if entry["log_level"] == "warning"]
    assert set(heard) == {"lullaflow/pump/event", "lullaflow/bridge/availability"}

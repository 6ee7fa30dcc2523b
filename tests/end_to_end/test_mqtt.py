"""What the publisher says to real brokers: order, loss, last will, refusals, what is kept there."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import aiomqtt
import pytest
from structlog.testing import capture_logs

from lullaflow.publish import Offer
from lullaflow.session.view import View
from lullaflow.store import Store
from lullaflow_protocol.events import parse_event
from lullaflow_protocol.state import CommandResult, LastSession, LiveSettings, PumpState

from .brokers import (
    BROKERS,
    BrokerProcess,
    Mosquitto,
    gate_before,
    needs_mosquitto,
)
from .mqtt_house import (
    SLEEPING,
    bridge,
    for_broker,
    impatient,
    listening,
    mosquitto,
    session_events,
    settings,
    until,
)

__all__ = ["impatient", "mosquitto"]

PUMPING = View(session="s", session_s=1.0, phase="stimulation", volume_left_ml=3.0)
OFFER = Offer(cues={"music": "music"}, battery=True, signal=True, firmware="0.1.0")


@pytest.fixture(params=BROKERS)
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BrokerProcess]:
    running: BrokerProcess = request.param(tmp_path)
    await running.start()
    yield running
    await running.kill()


async def test_events_in_order_figures_kept_and_offline_at_the_end(
    broker: BrokerProcess, tmp_path: Path
) -> None:
    events = session_events(0)
    async with listening(broker.port) as listener:
        async with bridge(tmp_path, for_broker(broker)) as it:
            it.publisher.on_view("pump", PUMPING)
            await it.say(events)
            await listener.events(events)
            await listener.payload("lullaflow/pump/last_session")
            await listener.payload("lullaflow/pump/availability", lambda p: p == b"online")
            assert listener.last()["lullaflow/bridge/availability"] == b"online"
        await listener.payload("lullaflow/bridge/availability", lambda p: p == b"offline")
        await listener.payload("lullaflow/pump/availability", lambda p: p == b"offline")
        said = [p for t, p, _ in listener.heard if t == "lullaflow/pump/event"]
        assert [parse_event(text) for text in said] == events
    async with listening(broker.port, "lullaflow/#") as late:
        await late.payload("lullaflow/pump/last_session")
        await late.payload("lullaflow/pump/state")
        await late.payload("lullaflow/bridge/availability")
        kept = {topic: payload for topic, payload, retained in late.heard if retained}
    assert "lullaflow/pump/event" not in kept
    assert PumpState.model_validate_json(kept["lullaflow/pump/state"]).volume_left_ml == 3.0
    assert LastSession.model_validate_json(kept["lullaflow/pump/last_session"]).volume_ml == 61.5
    assert kept["lullaflow/bridge/availability"] == b"offline"


async def test_a_killed_broker_costs_no_event_and_no_order(
    broker: BrokerProcess, tmp_path: Path
) -> None:
    events = [event for number in range(3) for event in session_events(number)]
    async with (
        gate_before(broker) as gate,
        listening(broker.port) as listener,
        bridge(tmp_path, for_broker(broker, port=gate.port)) as it,
    ):
        await it.say(events[:14])
        await listener.events(events[:14])
        await gate.close()
        await broker.kill()
        await it.say(events[14:28])
        await until(lambda: not it.publisher.connected)
        await broker.start()
        async with asyncio.timeout(20):
            await listener.subscribed.wait()
        await gate.open()
        await listener.events(events[14:28])
        await it.say(events[28:])
        await listener.events(events)
        # A repeat is allowed where an acknowledgement was lost; its id tells.
        assert list(dict.fromkeys(listener.event_ids())) == [event.id for event in events]
        await it.until_all_is_said()


async def test_the_last_will_tells_when_the_way_is_cut(
    broker: BrokerProcess, tmp_path: Path
) -> None:
    async with (
        gate_before(broker) as gate,
        listening(broker.port) as listener,
        bridge(tmp_path, for_broker(broker, port=gate.port)),
    ):
        await listener.payload("lullaflow/bridge/availability", lambda p: p == b"online")
        await gate.close()
        await listener.payload("lullaflow/bridge/availability", lambda p: p == b"offline")


async def test_commands_are_carried_out_and_answered(broker: BrokerProcess, tmp_path: Path) -> None:
    async with listening(broker.port) as listener, aiomqtt.Client("127.0.0.1", broker.port) as home:
        topic = "lullaflow/pump/command"
        await home.publish(f"{topic}/end_session", "kept by mistake", qos=1, retain=True)
        async with bridge(tmp_path, for_broker(broker)) as it:
            await it.until_connected()
            await home.publish(f"{topic}/start_cue", "music", qos=1)
            await home.publish(f"{topic}/tare", "left", qos=1)
            await home.publish("lullaflow/other/command/tare", "left", qos=1)
            answers = "lullaflow/pump/command_result"
            await listener.until(lambda: len([t for t, _, _ in listener.heard if t == answers]) > 1)
            await listener.payload("lullaflow/other/command_result")
            assert it.asked == [("pump", "start_cue", "music"), ("pump", "tare", "left")]
    results = [
        CommandResult.model_validate_json(p)
        for t, p, _ in listener.heard
        if t.endswith("command_result")
    ]
    assert [(r.command, r.accepted) for r in results] == [
        ("start_cue", True),
        ("tare", False),
        ("tare", False),
    ]
    assert results[1].reason == "The scale is not at rest."
    assert results[2].reason == "There is no pump other; there is pump."


@needs_mosquitto
@pytest.mark.mosquitto
async def test_figures_once_a_second_but_news_at_once(mosquitto: Mosquitto, tmp_path: Path) -> None:
    await mosquitto.start()
    async with listening(mosquitto.port) as listener, bridge(tmp_path, for_broker(mosquitto)) as it:
        it.publisher.on_view("pump", PUMPING)
        await listener.payload("lullaflow/pump/state")
        began_s = time.monotonic()
        for tick in range(20):
            it.publisher.on_view("pump", View(session="s", session_s=2.0 + tick))
            await asyncio.sleep(0.02)
        it.publisher.on_view("pump", View(session="s", session_s=30.0, milk_flowing=True))
        await listener.payload("lullaflow/pump/state", lambda p: b'"milk_flowing":true' in p)
        assert time.monotonic() - began_s < 1.0
        states = [p for t, p, _ in listener.heard if t == "lullaflow/pump/state"]
        assert len(states) <= 3


@needs_mosquitto
@pytest.mark.mosquitto
async def test_a_slow_way_keeps_order(mosquitto: Mosquitto, tmp_path: Path) -> None:
    await mosquitto.start()
    events = session_events(0)
    async with gate_before(mosquitto) as gate, listening(mosquitto.port) as listener:
        gate.delay_s = 0.05
        async with bridge(tmp_path, settings(gate.port)) as it:
            await it.say(events)
            await listener.events(events)
    assert listener.event_ids() == [event.id for event in events]


@needs_mosquitto
@pytest.mark.mosquitto
async def test_what_the_broker_refuses_waits_until_it_is_allowed(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Mosquitto acknowledges what its ACL forbids; with MQTT 5 the acknowledgement says so."""
    acl = tmp_path / "acl"
    acl.write_text("topic readwrite lullaflow/bridge/#\n")
    mosquitto.settings = f"allow_anonymous true\nacl_file {acl}\n"
    await mosquitto.start()
    events = session_events(0)
    with capture_logs() as logs:
        async with bridge(tmp_path, settings(mosquitto.port)) as it:
            await it.say(events)
            await until(lambda: any("refuses" in e["event"] for e in logs))
            assert len(await it.store.pending()) == len(events)
            acl.write_text("topic readwrite #\n")
            mosquitto.send(signal.SIGHUP)
            async with listening(mosquitto.port) as listener:
                await listener.events(events[-1:])
    told = [e["event"] for e in logs if "refuses" in e["event"]]
    assert "Not authorized" in told[0]


@needs_mosquitto
@pytest.mark.mosquitto
async def test_a_mistake_of_ours_ends_neither_daemon_nor_outbox(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mosquitto.start()
    pending, mistakes = Store.pending, [LookupError("a mistake")]

    async def mistaken(store: Store, limit: int = 100) -> list[tuple[int, str, str]]:
        if mistakes:
            raise mistakes.pop()
        return await pending(store, limit)

    monkeypatch.setattr(Store, "pending", mistaken)
    events = session_events(0)
    with capture_logs() as logs:
        async with (
            listening(mosquitto.port) as listener,
            bridge(tmp_path, for_broker(mosquitto)) as it,
        ):
            await it.say(events)
            await listener.events(events)
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
        "speaking with the broker broke off; it begins again"
    ]


VOLUME = re.compile(r"(^|_)ml(_|$)")


def volumes(value: object) -> Iterator[str]:
    """Yield every field, however deep, that tells how much milk there is."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if VOLUME.search(name) and inner is not None:
                yield name
            yield from volumes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from volumes(inner)


@needs_mosquitto
@pytest.mark.mosquitto
@pytest.mark.parametrize(
    ("privacy", "figures"),
    [
        ("full", {"state", "last_session"}),
        ("no volumes", {"state", "last_session"}),
        ("events only", set()),
    ],
)
async def test_privacy_holds_for_every_message_on_every_topic(
    mosquitto: Mosquitto, tmp_path: Path, privacy: str, figures: set[str]
) -> None:
    await mosquitto.start()
    events = session_events(0)
    async with (
        listening(mosquitto.port) as listener,
        bridge(tmp_path, settings(mosquitto.port, privacy=privacy), OFFER) as it,
    ):
        it.publisher.on_view("pump", PUMPING)
        it.publisher.on_photo("pump", b"jpeg")
        it.publisher.on_settings("pump", LiveSettings(quiet=True))
        await it.say(events)
        await listener.events(events)
        await listener.payload("homeassistant/device/lullaflow_pump/config")
        for figure in figures:
            await listener.payload(f"lullaflow/pump/{figure}")
    always = {"availability", "event", "settings"}
    ours = {topic.removeprefix("lullaflow/pump/") for topic, _, _ in listener.heard}
    ours -= {"lullaflow/bridge/availability", "homeassistant/device/lullaflow_pump/config"}
    assert ours == always | figures
    told = [json.loads(p) for _, p, _ in listener.heard if p.startswith(b"{")]
    assert bool(set(volumes(told))) == (privacy == "full")
    config = listener.last()["homeassistant/device/lullaflow_pump/config"]
    assert (b"_ml" in config) == (privacy == "full")


@needs_mosquitto
@pytest.mark.mosquitto
@pytest.mark.parametrize(
    ("now", "left"),
    [
        ({}, {"state", "last_session", "availability"}),
        ({"privacy": "no volumes"}, {"state", "availability"}),
        ({"privacy": "events only"}, {"availability"}),
        ({"retain": False}, {"availability"}),
    ],
)
async def test_what_an_earlier_setting_or_pump_left_with_the_broker_is_taken_away(
    mosquitto: Mosquitto, tmp_path: Path, now: dict[str, object], left: set[str]
) -> None:
    """Even while the pump lies in the drawer, and the database is a new one."""
    await mosquitto.start()
    for folder in ("before", "after"):
        (tmp_path / folder).mkdir()
    async with bridge(tmp_path / "before", settings(mosquitto.port, photo=True)) as it:
        it.publisher.on_view("pump", PUMPING)
        it.publisher.on_photo("pump", b"jpeg")
        await it.say(session_events(0))
        await it.until_all_is_said()
        async with listening(mosquitto.port, "lullaflow/pump/last_session") as listener:
            await listener.payload("lullaflow/pump/last_session")
    stranger = "lullaflow/lamp/state"
    async with aiomqtt.Client("127.0.0.1", mosquitto.port) as home:
        for figure in ("availability", "state", "photo"):
            gone = json.dumps({"schema": 1}) if figure == "state" else "online"
            await home.publish(f"lullaflow/sold/{figure}", gone, qos=1, retain=True)
        await home.publish(stranger, '{"on": true}', qos=1, retain=True)
    async with (
        bridge(tmp_path / "after", settings(mosquitto.port, **now)) as it,
        listening(mosquitto.port, "lullaflow/#") as listener,
    ):
        it.publisher.on_view("pump", View(link_up=False))
        await listener.until(lambda: listener.last().get("lullaflow/sold/photo") == b"")
    async with listening(mosquitto.port, "lullaflow/#") as late:
        await late.payload(stranger)
        await late.payload("lullaflow/bridge/availability")
    ours = {topic for topic in late.last() if topic.startswith("lullaflow/pump/")}
    assert ours == {f"lullaflow/pump/{figure}" for figure in left}
    assert set(late.last()) - ours == {stranger, "lullaflow/bridge/availability"}


@needs_mosquitto
@pytest.mark.mosquitto
async def test_figures_that_the_broker_refuses_do_not_hold_up_events(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    acl = tmp_path / "acl"
    allowed = ("lullaflow/bridge/availability", "lullaflow/pump/event", "lullaflow/+/command/+")
    acl.write_text("".join(f"topic readwrite {topic}\n" for topic in allowed))
    mosquitto.settings = f"allow_anonymous true\nacl_file {acl}\n"
    await mosquitto.start()
    events = session_events(0)
    with capture_logs() as logs:
        async with (
            listening(mosquitto.port, "lullaflow/pump/event") as listener,
            bridge(tmp_path, settings(mosquitto.port, discovery="off")) as it,
            aiomqtt.Client("127.0.0.1", mosquitto.port) as home,
        ):
            it.publisher.on_view("pump", PUMPING)
            await it.say(events[:7])
            await listener.events(events[:7])
            # Its answer is refused, it is not.
            await home.publish("lullaflow/pump/command/identify", "", qos=1)
            await until(lambda: bool(it.asked))
            it.publisher.on_view("pump", replace(PUMPING, milk_flowing=True))
            await it.say(events[7:])
            await listener.events(events)
    assert listener.event_ids() == [event.id for event in events]
    assert sum(entry["event"] == "connected to the broker" for entry in logs) == 1
    told = [entry["event"] for entry in logs if entry["log_level"] == "warning"]
    assert len(told) == len({*told})
    assert [topic for topic in ("availability", "state") if f"pump/{topic}" in " ".join(told)]


@needs_mosquitto
@pytest.mark.mosquitto
async def test_a_photo_too_large_for_the_broker_holds_nothing_up(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Who sends more than the broker said it takes is thrown out, again and again."""
    mosquitto.settings = "allow_anonymous true\nmax_packet_size 65536\n"
    await mosquitto.start()
    events = session_events(0)
    with capture_logs() as logs:
        async with (
            listening(mosquitto.port, "lullaflow/#") as listener,
            bridge(tmp_path, settings(mosquitto.port, photo=True)) as it,
        ):
            it.publisher.on_photo("pump", b"\xff" * 100_000)
            it.publisher.on_view("pump", PUMPING)
            await it.say(events)
            await listener.events(events)
            await listener.payload("lullaflow/pump/state")
            it.publisher.on_photo("pump", b"\xff\xd8small")
            await listener.payload("lullaflow/pump/photo")
    told = [entry["event"] for entry in logs if entry["log_level"] == "warning"]
    assert len(told) == 1
    assert "65536 bytes" in told[0]
    assert sum(entry["event"] == "connected to the broker" for entry in logs) == 1


@needs_mosquitto
@pytest.mark.mosquitto
async def test_a_photo_leaves_only_when_it_may(mosquitto: Mosquitto, tmp_path: Path) -> None:
    await mosquitto.start()
    for allowed in (True, False):
        (tmp_path / str(allowed)).mkdir()
        async with listening(mosquitto.port, "lullaflow/#") as listener:
            mqtt = settings(mosquitto.port, photo=allowed)
            async with bridge(tmp_path / str(allowed), mqtt) as it:
                it.publisher.on_photo("pump", b"\xff\xd8jpeg")
                it.publisher.on_view("pump", SLEEPING)
                await listener.payload("lullaflow/pump/state")
                shown = [p for t, p, kept in listener.heard if t.endswith("/photo") and not kept]
                assert (b"\xff\xd8jpeg" in shown) == allowed
                if allowed:
                    it.publisher.on_photo("pump", None)
                    await listener.until(lambda: listener.last()["lullaflow/pump/photo"] == b"")


@needs_mosquitto
@pytest.mark.mosquitto
async def test_home_assistant_hears_of_pumps_again_at_its_birth_and_of_nothing_stale(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    await mosquitto.start()
    config = "homeassistant/device/lullaflow_pump/config"
    ghost = "homeassistant/device/lullaflow_sold/config"
    stranger = "homeassistant/device/lullaflow_other/config"
    origin = {"name": "lullaflow"}
    old = {"origin": origin, "components": {"gone": {"platform": "sensor", "t": "lullaflow/x"}}}
    other = {"origin": origin, "components": {"a": {"t": "nextdoor/x"}}}
    async with (
        listening(mosquitto.port) as listener,
        aiomqtt.Client("127.0.0.1", mosquitto.port) as home,
    ):
        await home.publish(config, json.dumps(old), qos=1, retain=True)
        await home.publish(ghost, json.dumps(old), qos=1, retain=True)
        await home.publish(stranger, json.dumps(other), qos=1, retain=True)
        await listener.payload(stranger)
        listener.heard.clear()
        async with bridge(tmp_path, for_broker(mosquitto)) as it:
            it.publisher.on_view("pump", SLEEPING)
            await listener.until(lambda: listener.last().get(ghost) == b"")
            told = [json.loads(p)["components"] for t, p, _ in listener.heard if t == config]
            assert [list(step.get("gone", {})) for step in told] == [["platform"], []]
            assert not [t for t, _, _ in listener.heard if t == stranger]
            listener.heard.clear()
            await home.publish("homeassistant/status", "online", qos=1)
            await listener.payload(config)
            await listener.payload("lullaflow/pump/state")
            await listener.payload("lullaflow/pump/availability")

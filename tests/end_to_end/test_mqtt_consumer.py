"""A consumer written from the public description alone: every message must be as it says."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from lullaflow_protocol.state import LiveSettings

from .brokers import Mosquitto, needs_mosquitto
from .house import house
from .mqtt_house import (
    PUMPING_WITH_FAULTS,
    Listener,
    bridge,
    impatient,
    listening,
    session_events,
    settings,
)

PUBLIC = Path(__file__).parents[2] / "protocols" / "public"

__all__ = ["impatient"]


class Consumer:
    """Knows `protocols/public/` and nothing else."""

    def __init__(self) -> None:
        document = json.loads((PUBLIC / "asyncapi.json").read_text("utf-8"))
        self._messages = document["components"]["messages"]
        self._channels = []
        for name, channel in document["channels"].items():
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(channel["address"]))
            retain = document["operations"][name]["bindings"]["mqtt"]["retain"]
            (message,) = channel["messages"]
            self._channels.append((re.compile(pattern), message, retain))
        self.seen: Counter[str] = Counter()

    def take(self, topic: str, payload: bytes, kept: bool) -> None:
        """Fail when a message is not as described."""
        for pattern, message, retain in self._channels:
            if pattern.fullmatch(topic):
                assert retain or not kept, f"{topic} must not be retained"
                self._validate(message, payload)
                self.seen[message] += 1
                return
        pytest.fail(f"{topic} is not described")

    def _validate(self, name: str, payload: bytes) -> None:
        message = self._messages[name]
        schema: dict[str, Any] = message["payload"]
        if "$ref" in schema:
            schema = json.loads((PUBLIC / schema["$ref"]).read_text("utf-8"))
            value = json.loads(payload)
        elif schema.get("format") == "binary":
            return
        else:
            value = payload.decode()
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(value)

    def take_all(self, listener: Listener) -> None:
        for topic, payload, kept in listener.heard:
            self.take(topic, payload, kept)


@needs_mosquitto
@pytest.mark.mosquitto
async def test_every_kind_of_message_is_as_described(tmp_path: Path) -> None:
    mosquitto = Mosquitto(tmp_path)
    await mosquitto.start()
    try:
        for privacy in ("full", "no volumes"):
            folder = tmp_path / privacy
            folder.mkdir()
            async with listening(mosquitto.port, "lullaflow/#") as listener:
                mqtt = settings(mosquitto.port, privacy=privacy, photo=True)
                async with bridge(folder, mqtt) as it:
                    it.publisher.on_view("pump", PUMPING_WITH_FAULTS)
                    it.publisher.on_photo("pump", b"\xff\xd8")
                    it.publisher.on_settings("pump", LiveSettings(quiet=True))
                    await it.say(session_events(0))
                    await listener.events(session_events(0))
                    await listener.payload("lullaflow/pump/last_session")
                    await listener.payload("lullaflow/pump/photo")
                consumer = Consumer()
                consumer.take_all(listener)
            expected = {"availability", "state", "event", "last_session", "photo", "settings"}
            assert set(consumer.seen) >= expected
    finally:
        await mosquitto.kill()


async def test_a_whole_session_with_a_break_is_as_described(tmp_path: Path) -> None:
    async with house(tmp_path, "calm", speed=40) as home, listening(home.broker_port) as listener:
        await home.event("session_started")
        await home.command("identify", "1")
        await home.tell_pump("cut 5")
        await home.event("session_ended")
        await listener.payload("lullaflow/pump/command_result")
        consumer = Consumer()
        ours = [item for item in listener.heard if item[0].startswith("lullaflow/")]
        for topic, payload, kept in ours:
            consumer.take(topic, payload, kept)
        assert consumer.seen["event"] >= 5
        assert consumer.seen["state"] >= 5
        assert consumer.seen["command_result"] == 1

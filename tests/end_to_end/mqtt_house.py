"""What the MQTT tests need round a publisher: an outbox on disk, and somebody who listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from lullaflow.config import MqttSettings
from lullaflow.publish import Offer, Publisher, kept
from lullaflow.publish import publisher as publisher_module
from lullaflow.publish.discovery import announcer
from lullaflow.session.inputs import RecordingInfo
from lullaflow.session.view import View
from lullaflow.store import Recording, Store, open_store
from lullaflow_protocol.events import (
    CueEnded,
    CueStarted,
    Event,
    FlowEnded,
    LetDown,
    LetDownSlow,
    LinkLost,
    LinkRestored,
    PhaseChanged,
    SensorFault,
    SessionEnded,
    SessionStarted,
)

from .brokers import BrokerProcess, Mosquitto

PATIENCE_S = 30.0
BEGAN = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)
SLEEPING = View(link_up=True)
PUMPING_WITH_FAULTS = View(
    session="20260504T030000000Z",
    session_started_at=BEGAN,
    session_s=12.5,
    phase="stimulation",
    cycles_per_min=110.0,
    vacuum_mmhg=95.0,
    flow_left_ml_min=0.0,
    volume_left_ml=1.5,
    faults={"right weight": "silent"},
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten waits that are long for the house's sake."""
    monkeypatch.setattr(publisher_module, "MAX_WAIT_S", 0.2)
    monkeypatch.setattr(kept, "KEPT_WITHIN_S", 0.2)
    monkeypatch.setattr(announcer, "BIRTH_DELAY_S", (0.05, 0.1))
    monkeypatch.setattr(announcer, "SETTLE_S", 0.05)


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    running = Mosquitto(tmp_path)
    yield running
    await running.kill()


def settings(port: int, **more: object) -> MqttSettings:
    return MqttSettings.model_validate({"keepalive_s": 5, "port": port, **more})


def for_broker(broker: BrokerProcess, port: int | None = None) -> MqttSettings:
    # What an unknown broker costs at first is tried by a test of its own.
    protocol = "auto" if isinstance(broker, Mosquitto) else "3.1.1"
    return settings(port or broker.port, protocol=protocol)


def session_events(number: int, pump: str = "pump") -> list[Event]:
    """Return a whole session's events, faults included."""
    began = BEGAN + timedelta(hours=number)
    stamp = f"{began:%Y%m%dT%H%M%S}000Z"
    moments: list[tuple[type[Any], dict[str, Any]]] = [
        (SessionStarted, {"recording_s": 2.0}),
        (PhaseChanged, {"phase": "stimulation", "cycles_per_min": 110.0, "vacuum_mmhg": 90.0}),
        (LetDownSlow, {"elapsed_s": 120.0, "threshold_s": 120.0, "threshold_from": "default"}),
        (CueStarted, {"cue": "music", "kind": "music", "step": 1}),
        (LinkLost, {}),
        (LinkRestored, {"gap_s": 10.0, "frames_recovered": 20, "frames_lost": 0}),
        (SensorFault, {"sensor": "left weight", "fault": "silent"}),
        (CueStarted, {"cue": "photo", "kind": "photo", "step": 2}),
        (
            LetDown,
            {
                "index": 1,
                "side": "both",
                "onset_s": 171.0,
                "detected_s": 173.5,
                "flow_ml_min": 24.0,
                "confidence": 0.9,
            },
        ),
        (CueEnded, {"cue": "music", "kind": "music", "step": 1, "reason": "let_down"}),
        (CueEnded, {"cue": "photo", "kind": "photo", "step": 2, "reason": "let_down"}),
        (PhaseChanged, {"phase": "expression", "cycles_per_min": 54.0, "vacuum_mmhg": 180.0}),
        (FlowEnded, {"index": 1, "side": "both", "end_s": 280.0, "volume_ml": 61.5}),
        (
            SessionEnded,
            {
                "duration_s": 900.0,
                "volume_left_ml": 40.5,
                "volume_right_ml": 21.0,
                "let_downs": 1,
                "time_to_let_down_s": 171.0,
                "cues": ["music", "photo"],
                "reason": "pump_stopped",
            },
        ),
    ]
    return [
        model(
            id=f"{stamp}-{count:05d}",
            at=began + timedelta(seconds=20 * count),
            pump=pump,
            session=stamp,
            t_s=20.0 * count,
            **fields,
        )
        for count, (model, fields) in enumerate(moments, 1)
    ]


async def until(reached: Callable[[], bool]) -> None:
    """Wait for something that nobody tells of."""
    async with asyncio.timeout(PATIENCE_S):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@dataclass
class Listener:
    """Hears everything on a broker, and comes back when the broker does.

    Attributes:
        heard: topic, payload and whether the broker had kept it, in order.
        subscribed: set while the broker tells us everything.
    """

    port: int
    topic: str = "#"
    heard: list[tuple[str, bytes, bool]] = field(default_factory=list)
    subscribed: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        while True:
            with suppress(aiomqtt.MqttError):
                async with aiomqtt.Client("127.0.0.1", self.port) as client:
                    await client.subscribe(self.topic, qos=1)
                    self.subscribed.set()
                    async for message in client.messages:
                        payload = message.payload
                        assert isinstance(payload, bytes)
                        self.heard.append((str(message.topic), payload, bool(message.retain)))
                        self._news.set()
            self.subscribed.clear()
            await asyncio.sleep(0.02)

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not reached():
                self._news.clear()
                await self._news.wait()

    async def payload(self, topic: str, where: Callable[[bytes], bool] = bool) -> bytes:
        """Return the first payload on a topic that fulfils `where`, once there is one."""

        def found() -> list[bytes]:
            return [p for t, p, _ in self.heard if t == topic and where(p)]

        await self.until(lambda: bool(found()))
        return found()[0]

    def last(self) -> dict[str, bytes]:
        """Return the newest payload on each topic."""
        return {topic: payload for topic, payload, _ in self.heard}

    def event_ids(self) -> list[str]:
        return [json.loads(p)["id"] for t, p, _ in self.heard if t.endswith("/event")]

    async def events(self, expected: Sequence[Event]) -> None:
        """Wait until all of these have been heard, however long it takes while anything comes."""
        missing = {event.id for event in expected}
        looked_at = 0
        while True:
            news = self.heard[looked_at:]
            looked_at += len(news)
            missing -= {json.loads(p)["id"] for t, p, _ in news if t.endswith("/event")}
            if not missing:
                return
            await self.until(partial(self._has_heard_more, looked_at))

    def _has_heard_more(self, than: int) -> bool:
        return len(self.heard) > than


@asynccontextmanager
async def listening(port: int, topic: str = "#") -> AsyncIterator[Listener]:
    listener = Listener(port, topic)
    task = asyncio.create_task(listener.run(), name="test.listener")
    try:
        async with asyncio.timeout(PATIENCE_S):
            await listener.subscribed.wait()
        yield listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass
class Bridge:
    """A publisher that runs, with its outbox."""

    publisher: Publisher
    store: Store
    recording: Recording
    asked: list[tuple[str, str, str]]

    async def say(self, events: Sequence[Event]) -> None:
        """Put events into the outbox, as a pump's runner does."""
        for event in await self.store.add_events(self.recording, events):
            self.publisher.on_event(event)

    async def until_all_is_said(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await self.store.pending():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def until_connected(self) -> None:
        await until(lambda: self.publisher.connected)


@asynccontextmanager
async def bridge(
    folder: Path, settings: MqttSettings, offer: Offer | None = None
) -> AsyncIterator[Bridge]:
    """Run a publisher while the block runs, then end it as the daemon does."""
    asked: list[tuple[str, str, str]] = []

    async def on_command(pump: str, command: str, payload: str) -> str:
        asked.append((pump, command, payload))
        return "" if command != "tare" else "The scale is not at rest."

    async with open_store(folder / "bridge.db") as store:
        recording = await store.begin_recording(1, RecordingInfo("pump", BEGAN))
        publisher = Publisher(settings, store, {"pump": "Pump"}, on_command, offer)
        task = asyncio.create_task(publisher.run(), name="publisher")
        try:
            yield Bridge(publisher, store, recording, asked)
            if task.done():
                await task  # it must never end by itself
        finally:
            task.cancel()
            (ended,) = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(ended, asyncio.CancelledError), ended

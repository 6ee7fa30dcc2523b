"""Announces the pumps to Home Assistant, again when it is born, and tidies up what is stale."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import structlog

from lullaflow.config import MqttSettings
from lullaflow.publish.connection import Connection, RefusedError
from lullaflow.publish.discovery.offer import Offer
from lullaflow.publish.discovery.payloads import ORIGIN_NAME, config_messages
from lullaflow.publish.kept import hear_what_is_kept
from lullaflow_protocol.topics import Topics

BIRTH_DELAY_S: Final = (0.5, 5.0)
"""After Home Assistant's birth every bridge of the house speaks at once; we wait a random while."""

SETTLE_S: Final = 2.0
"""For Home Assistant to hear its new entities' topics before their states are told again."""

_BORN: Final = b"online"

log = structlog.get_logger(__name__)


class Announcer:
    """Keeps Home Assistant's discovery topics as they should be.

    Args:
        settings: prefix, form and language.
        topics: of the bridge.
        pumps: what people call each pump, by slug.
        offer: what there is beside sensors.
        on_birth: called when states should be told again.
    """

    def __init__(
        self,
        settings: MqttSettings,
        topics: Topics,
        pumps: Mapping[str, str],
        offer: Offer,
        on_birth: Callable[[], None],
    ) -> None:
        prefix = settings.discovery_prefix
        self._on = settings.discovery != "off"
        self._status = f"{prefix}/status"
        self._configs = (f"{prefix}/device/+/config", f"{prefix}/+/+/+/config")
        self._prefix = f"{prefix}/"
        self._mark = f'"{topics.base}/'.encode()
        self._wanted = config_messages(settings, topics, pumps, offer)
        self._on_birth = on_birth
        self._found: dict[str, str] = {}
        self._born = asyncio.Event()

    def on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take Home Assistant's birth, or a discovery message that the broker has kept."""
        if topic == self._status:
            # A kept birth is no birth: we have announced ourselves on connecting anyway.
            if payload == _BORN and not retained:
                self._born.set()
        elif retained and topic.startswith(self._prefix) and self._is_ours(payload):
            self._found[topic] = payload.decode()

    async def run(self, connection: Connection) -> None:
        """Announce, then answer births until cancelled."""
        self._found.clear()
        try:
            await self._announce(connection)
            if not self._on:
                return
            await connection.subscribe(self._status)
            while True:
                await self._born.wait()
                await asyncio.sleep(random.uniform(*BIRTH_DELAY_S))
                self._born.clear()
                for topic, payload in self._wanted.items():
                    await connection.publish(topic, payload, qos=1, retain=True)
                await asyncio.sleep(SETTLE_S)
                self._on_birth()
        except RefusedError as error:
            log.warning(f"the broker keeps us from telling Home Assistant about the pumps: {error}")

    async def _announce(self, connection: Connection) -> None:
        await hear_what_is_kept(connection, *self._configs)
        for topic, payload in changes(self._found, self._wanted):
            await connection.publish(topic, payload, qos=1, retain=True)

    def _is_ours(self, payload: bytes) -> bool:
        """Tell whether this bridge, and no other of its kind, once said so."""
        if self._mark not in payload:
            return False
        origin = _read(payload).get("origin")
        return isinstance(origin, dict) and origin.get("name") == ORIGIN_NAME


def changes(found: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what to publish so that Home Assistant turns from what was `found` to `wanted`.

    Entities that are no longer offered go; when the form changes (device or single entities), they
    move, and people's own settings of them survive.
    """
    stale = [topic for topic in found if topic not in wanted]
    moving = [topic for topic in stale if wanted and not _same_form(topic, next(iter(wanted)))]
    for topic in moving:
        yield topic, '{"migrate_discovery":true}'
    for topic, payload in wanted.items():
        if topic in found and (leaving := _leaving(found[topic], payload)):
            # An entity leaves when it is named once more with its platform alone.
            whole = _read(payload)
            whole["components"] |= leaving
            yield topic, json.dumps(whole)
        yield topic, payload
    for topic in stale:
        yield topic, ""


def _same_form(topic: str, other: str) -> bool:
    return topic.count("/") == other.count("/")


def _leaving(old: str, new: str) -> dict[str, Any]:
    before, after = (_read(text).get("components", {}) for text in (old, new))
    return {
        key: {"platform": component["platform"]}
        for key, component in before.items()
        if key not in after and isinstance(component, dict) and "platform" in component
    }


def _read(payload: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(payload)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}

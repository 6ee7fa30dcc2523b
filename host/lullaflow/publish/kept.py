"""What the broker has kept from before, and what of it should not be there any more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import structlog

from lullaflow.config import MqttSettings
from lullaflow.publish.connection import Connection, RefusedError
from lullaflow.publish.privacy import shows_state, shows_volumes, tells_volume
from lullaflow_protocol.topics import Topics

KEPT_WITHIN_S: Final = 1.0
"""Brokers send what they have kept right after the subscription; this is long for a house."""

log = structlog.get_logger(__name__)


async def hear_what_is_kept(connection: Connection, *subscriptions: str) -> None:
    """Let the broker tell what it has kept, to whoever takes the connection's messages.

    Raises:
        RefusedError: the broker does not let us hear it.
    """
    for topic in subscriptions:
        await connection.subscribe(topic)
    await asyncio.sleep(KEPT_WITHIN_S)
    for topic in subscriptions:
        await connection.unsubscribe(topic)


class Sweeper:
    """Takes away what an earlier, more open setting, or a pump that is gone, left with the broker.

    Args:
        settings: what may leave, and what is kept.
        topics: of the bridge.
        pumps: the slugs of all pumps.
    """

    def __init__(self, settings: MqttSettings, topics: Topics, pumps: Collection[str]) -> None:
        self._settings = settings
        self._topics = topics
        self._pumps = pumps
        self._found: dict[str, bytes] = {}

    def on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take what the broker has kept; what is said and kept anew is not old any more."""
        if retained and topic.startswith(f"{self._topics.base}/"):
            self._found[topic] = payload
        elif _keeps(self._settings):
            self._found.pop(topic, None)

    async def run(self, connection: Connection) -> None:
        """Sweep once."""
        self._found.clear()
        try:
            await hear_what_is_kept(connection, self._topics.figures)
            for topic in list(stale(self._found, self._settings, self._topics, self._pumps)):
                await connection.publish(topic, b"", qos=1, retain=True)
        except RefusedError:
            log.debug("the broker does not let us tidy up what it has kept")


def stale(
    found: Mapping[str, bytes], settings: MqttSettings, topics: Topics, pumps: Collection[str]
) -> Iterator[str]:
    """Yield the topics whose retained message should go.

    Args:
        found: what the broker has kept, by topic.
        settings: what may leave, and what is kept.
        topics: of the bridge.
        pumps: the slugs of all pumps.
    """
    for pump in pumps:
        for topic in (topics.state(pump), topics.last_session(pump)):
            secret = not shows_volumes(settings.privacy) and _tells_volumes(found.get(topic, b""))
            if topic in found and (not _keeps(settings) or secret):
                yield topic
        if topics.photo(pump) in found and not settings.photo:
            yield topics.photo(pump)
    for pump in _pumps_that_were_ours(found, topics) - set(pumps):
        yield from (topic for topic in topics.kept(pump) if topic in found)


def _keeps(settings: MqttSettings) -> bool:
    return settings.retain and shows_state(settings.privacy)


def _pumps_that_were_ours(found: Mapping[str, bytes], topics: Topics) -> set[str]:
    """Return the slugs that only lullaflow can have written of: others may share the base topic."""
    there = {topic.removeprefix(f"{topics.base}/").split("/")[0] for topic in found}
    return {
        pump
        for pump in there
        if any(
            _fields(found.get(topic, b"")).get("schema") == 1
            for topic in (topics.state(pump), topics.last_session(pump), topics.settings(pump))
        )
    }


def _tells_volumes(payload: bytes) -> bool:
    return any(tells_volume(name) and value for name, value in _fields(payload).items())


def _fields(payload: bytes) -> dict[str, Any]:
    try:
        value = json.loads(payload)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}

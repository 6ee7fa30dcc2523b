"""The body's ears: what the room plays and shows, as the pump's MQTT events tell it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import aiomqtt
import structlog

_RETRY_S: Final = 1.0
"""A broker that restarts is back in seconds, and a deaf body would change the session."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Room:
    """Where the room's events are told.

    Attributes:
        host: the broker's host.
        port: its TCP port.
        base_topic: as in the daemon's configuration.
        pump: the pump's slug there.
    """

    host: str
    port: int
    base_topic: str = "lullaflow"
    pump: str = "pump"


def heard(payload: bytes | bytearray | str) -> tuple[str, bool] | None:
    """Return the cue's kind and whether it begins, None for all that is no cue."""
    try:
        event = json.loads(payload)
    except ValueError:
        return None
    match event:
        case {"type": "cue_started", "kind": str(kind)}:
            return kind, True
        case {"type": "cue_ended", "kind": str(kind)}:
            return kind, False
    return None


async def listen(room: Room, on_cue: Callable[[str, bool], None]) -> None:
    """Tell of every cue that begins (True) or ends (False) in the room, until cancelled."""
    deaf = False
    while True:
        try:
            async with aiomqtt.Client(room.host, room.port) as client:
                await client.subscribe(f"{room.base_topic}/{room.pump}/event", qos=1)
                deaf = False
                async for message in client.messages:
                    if isinstance(message.payload, bytes) and (cue := heard(message.payload)):
                        on_cue(*cue)
        except aiomqtt.MqttError as error:
            if not deaf:
                log.warning("the body cannot hear the room", broker=room.host, error=str(error))
            deaf = True
        await asyncio.sleep(_RETRY_S)

"""What the broker keeps for those who come later: availability, state, last session, photo."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import structlog

from lullaflow.config import MqttSettings
from lullaflow.publish.connection import Connection, RefusedError
from lullaflow.publish.privacy import private_session, private_state, shows_state
from lullaflow.publish.state import Board, last_session, pump_state
from lullaflow.session.view import View
from lullaflow_protocol.events import SessionEnded
from lullaflow_protocol.state import LIVE_FIELDS, LiveSettings, PumpState
from lullaflow_protocol.topics import OFFLINE, ONLINE, Topics

STATE_EVERY_S: Final = 1.0
"""Figures that change all the time are told once a second for each pump."""

log = structlog.get_logger(__name__)

_NEWS_FIELDS: Final = tuple(name for name in PumpState.model_fields if name not in LIVE_FIELDS)


@dataclass
class _Pump:
    """What is known of one pump, and what the broker was told of it, by topic."""

    view: View | None = None
    ended: SessionEnded | None = None
    photo: bytes | None = None
    settings: LiveSettings | None = None
    board: Board | None = None
    told: dict[str, str | bytes] = field(default_factory=dict)
    told_state: PumpState | None = None
    told_at_s: float = -math.inf
    due_at_s: float = 0.0


class Figures:
    """Tells the broker how things are, when they change.

    Args:
        settings: what may leave, and what is kept.
        topics: of the bridge.
        pumps: the slugs of all pumps.
    """

    def __init__(self, settings: MqttSettings, topics: Topics, pumps: Iterable[str]) -> None:
        self._settings = settings
        self._topics = topics
        self._pumps = {pump: _Pump() for pump in pumps}
        self._changed = asyncio.Event()
        self._refused: set[str] = set()

    def on_view(self, pump: str, view: View) -> None:
        """Take what is happening at a pump now."""
        self._pumps[pump].view = view
        self._note(self._pumps[pump])

    def on_photo(self, pump: str, jpeg: bytes | None) -> None:
        """Take the photo now shown, None when there is none."""
        self._pumps[pump].photo = jpeg
        self._note(self._pumps[pump])

    def on_session_ended(self, ended: SessionEnded) -> None:
        """Take what a session was."""
        self._pumps[ended.pump].ended = ended
        self._note(self._pumps[ended.pump])

    def on_settings(self, pump: str, settings: LiveSettings) -> None:
        """Take how what can be set is set now."""
        if settings != self._pumps[pump].settings:
            self._pumps[pump].settings = settings
            self._note(self._pumps[pump])

    def on_board(self, pump: str, board: Board) -> None:
        """Take what is known of a pump's board."""
        if board != self._pumps[pump].board:
            self._pumps[pump].board = board
            self._note(self._pumps[pump])

    def repeat(self) -> None:
        """Tell everything again, as to a stranger."""
        for pump in self._pumps.values():
            pump.told.clear()
            pump.told_state = None
            self._note(pump)

    def _note(self, pump: _Pump) -> None:
        pump.due_at_s = 0.0
        self._changed.set()

    async def run(self, connection: Connection) -> None:
        """Tell what changes until cancelled, everything first."""
        self.repeat()
        clock = asyncio.get_running_loop().time
        while True:
            self._changed.clear()
            for slug, pump in self._pumps.items():
                if pump.due_at_s <= clock():
                    pump.due_at_s = math.inf
                    in_s = await self._tell(connection, slug, pump)
                    pump.due_at_s = min(pump.due_at_s, clock() + in_s)
            wait_s = min(pump.due_at_s for pump in self._pumps.values()) - clock()
            try:
                async with asyncio.timeout(None if wait_s == math.inf else max(0.0, wait_s)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def say_goodbye(self, connection: Connection) -> None:
        """Say that no pump can be reached through us now."""
        for slug in self._pumps:
            await connection.publish(self._topics.availability(slug), OFFLINE, qos=1, retain=True)

    async def _tell(self, connection: Connection, slug: str, pump: _Pump) -> float:
        """Tell what is new of a pump; return in how many seconds there is more to tell."""
        topics, view = self._topics, pump.view
        link_up = view is not None and view.link_up
        available = ONLINE if link_up else OFFLINE
        await self._say(connection, pump, topics.availability(slug), available, retain=True)
        if self._settings.photo:
            await self._say(connection, pump, topics.photo(slug), pump.photo or b"", retain=True)
        if pump.settings is not None:
            text = pump.settings.model_dump_json(by_alias=True)
            await self._say(connection, pump, topics.settings(slug), text, retain=True)
        if not shows_state(self._settings.privacy):
            return math.inf
        retain = self._settings.retain
        if pump.ended is not None:
            session = private_session(last_session(pump.ended), self._settings.privacy)
            text = session.model_dump_json(by_alias=True)
            await self._say(connection, pump, topics.last_session(slug), text, retain=retain)
        if view is None:
            return math.inf
        state = private_state(pump_state(view, pump.board), self._settings.privacy)
        if state == pump.told_state:
            return math.inf
        now_s = asyncio.get_running_loop().time()
        due_in_s = pump.told_at_s + STATE_EVERY_S - now_s
        if due_in_s > 0 and not _is_news(state, pump.told_state):
            return due_in_s
        text = state.model_dump_json(by_alias=True)
        await self._say(connection, pump, topics.state(slug), text, retain=retain)
        pump.told_state, pump.told_at_s = state, now_s
        return math.inf

    async def _say(
        self, connection: Connection, pump: _Pump, topic: str, payload: str | bytes, *, retain: bool
    ) -> None:
        if pump.told.get(topic) == payload:
            return
        try:
            await connection.publish(topic, payload, qos=1, retain=retain)
        except RefusedError as error:
            # Events still get through, and so does what else is allowed.
            if topic not in self._refused:
                log.warning(f"the broker does not let us say how things are: {error}")
            self._refused.add(topic)
        pump.told[topic] = payload


def _is_news(state: PumpState, told: PumpState | None) -> bool:
    """Tell whether more has changed than the figures that always do."""
    return told is None or any(getattr(state, name) != getattr(told, name) for name in _NEWS_FIELDS)

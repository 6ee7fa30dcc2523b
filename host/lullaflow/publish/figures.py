"""What the broker keeps for those who come later: availability, state, last session, photo."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Final

import structlog

from lullaflow.config import MqttSettings
from lullaflow.publish.connection import Connection, RefusedError
from lullaflow.publish.privacy import private_session, private_state, shows_state
from lullaflow.publish.state import Board, last_session, pump_state
from lullaflow.session.view import View
from lullaflow_protocol.events import SessionEnded
from lullaflow_protocol.state import LIVE_FIELDS, LiveSettings
from lullaflow_protocol.topics import OFFLINE, ONLINE, Topics

STATE_EVERY_S: Final = 1.0
"""Figures that change all the time are told once a second for each pump."""

log = structlog.get_logger(__name__)

_lasting: Final = attrgetter(*(each.name for each in fields(View) if each.name not in LIVE_FIELDS))
"""All of a view but the figures that change all the time during a session."""


@dataclass
class _Pump:
    """What is known of one pump, and what the broker was told of it, by topic."""

    view: View | None = None
    last_session: str = ""
    photo: bytes = b""
    settings: LiveSettings | None = None
    board: Board | None = None
    told: dict[str, str | bytes] = field(default_factory=dict)
    told_view: View | None = None
    told_board: Board | None = None
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
        self._awake_at_s = 0.0
        self._refused: set[str] = set()

    def on_view(self, pump: str, view: View) -> None:
        """Take what is happening at a pump now; cheap when only its figures have changed."""
        known = self._pumps[pump]
        before, known.view = known.view, view
        if before is None or _lasting(before) != _lasting(view):
            self._note(known)
        elif before != view:
            self._note(known, known.told_at_s + STATE_EVERY_S)

    def on_photo(self, pump: str, jpeg: bytes | None) -> None:
        """Take the photo now shown, None when there is none."""
        self._pumps[pump].photo = jpeg or b""
        self._note(self._pumps[pump])

    def on_session_ended(self, ended: SessionEnded) -> None:
        """Take what a session was."""
        session = private_session(last_session(ended), self._settings.privacy)
        self._pumps[ended.pump].last_session = session.model_dump_json(by_alias=True)
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
            pump.told_view = None
            self._note(pump)

    def _note(self, pump: _Pump, due_at_s: float = 0.0) -> None:
        """Have something of a pump told at a moment of the loop's clock, or at once."""
        pump.due_at_s = min(pump.due_at_s, due_at_s)
        if pump.due_at_s < self._awake_at_s:
            self._changed.set()

    async def run(self, connection: Connection) -> None:
        """Tell what changes until cancelled, everything first."""
        self.repeat()
        clock = asyncio.get_running_loop().time
        while True:
            self._changed.clear()
            self._awake_at_s = math.inf
            for slug, pump in self._pumps.items():
                if pump.due_at_s <= clock():
                    pump.due_at_s = math.inf
                    more_at_s = await self._tell(connection, slug, pump)
                    pump.due_at_s = min(pump.due_at_s, more_at_s)
            self._awake_at_s = min(pump.due_at_s for pump in self._pumps.values())
            when = None if self._awake_at_s == math.inf else self._awake_at_s
            try:
                async with asyncio.timeout_at(when):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def say_goodbye(self, connection: Connection) -> None:
        """Say that no pump can be reached through us now."""
        for slug in self._pumps:
            await connection.publish(self._topics.availability(slug), OFFLINE, qos=1, retain=True)

    async def _tell(self, connection: Connection, slug: str, pump: _Pump) -> float:
        """Tell what is new of a pump; return when there is more to tell, by the loop's clock."""
        topics, view = self._topics, pump.view
        link_up = view is not None and view.link_up
        available = ONLINE if link_up else OFFLINE
        await self._say(connection, pump, topics.availability(slug), available, retain=True)
        if self._settings.photo:
            await self._say(connection, pump, topics.photo(slug), pump.photo, retain=True)
        if pump.settings is not None:
            text = pump.settings.model_dump_json(by_alias=True)
            await self._say(connection, pump, topics.settings(slug), text, retain=True)
        if not shows_state(self._settings.privacy):
            return math.inf
        retain = self._settings.retain
        if pump.last_session:
            place = topics.last_session(slug)
            await self._say(connection, pump, place, pump.last_session, retain=retain)
        board = pump.board
        if view is None or (view == pump.told_view and board == pump.told_board):
            return math.inf
        now_s = asyncio.get_running_loop().time()
        due_at_s = pump.told_at_s + STATE_EVERY_S
        if due_at_s > now_s and not _is_news(pump, view, board):
            return due_at_s
        state = private_state(pump_state(view, board), self._settings.privacy)
        text = state.model_dump_json(by_alias=True)
        await self._say(connection, pump, topics.state(slug), text, retain=retain)
        pump.told_view, pump.told_board, pump.told_at_s = view, board, now_s
        # In a session there will be more to tell then: nobody need wake us for it.
        return now_s + STATE_EVERY_S if view.session is not None else math.inf

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


def _is_news(pump: _Pump, view: View, board: Board | None) -> bool:
    """Tell whether more has changed than the figures that always do."""
    told = pump.told_view
    return told is None or board != pump.told_board or _lasting(view) != _lasting(told)

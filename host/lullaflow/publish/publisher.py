"""Publishes events, figures and discovery, and takes commands; one task owns the connection.

Events come from the outbox on disk and leave it when the broker has acknowledged them, so a broker
that is away for hours loses none, and order is kept. A crash between the two repeats an event; its
`id` tells.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final

import structlog

from lullaflow.config import MqttSettings
from lullaflow.publish.advice import no_way
from lullaflow.publish.commands import CommandLane, OnCommand
from lullaflow.publish.connection import BrokerError, Connection, Dialer, RefusedError
from lullaflow.publish.discovery import Announcer, Offer
from lullaflow.publish.events import EventLane, Outbox
from lullaflow.publish.figures import Figures
from lullaflow.publish.kept import Sweeper
from lullaflow.publish.state import Board
from lullaflow.session.view import View
from lullaflow_protocol.events import Event, SessionEnded
from lullaflow_protocol.state import LiveSettings
from lullaflow_protocol.topics import OFFLINE, ONLINE, Topics

MAX_WAIT_S: Final = 60.0
"""Longest wait before the broker is tried again; the wait is random up to a bound that doubles."""

STEADY_S: Final = 30.0
"""A connection that held this long ends the doubling; a broker that takes us in only to throw us
out again is no better than one that is away."""

GOODBYE_S: Final = 2.0
"""For saying that we go: long for any broker that answers at all, short for a person who waits."""

log = structlog.get_logger(__name__)


class Publisher:
    """The house's side of the daemon.

    Args:
        settings: of the broker.
        outbox: where events wait.
        pumps: what people call each pump, by slug.
        on_command: carries out what the house asks for.
        offer: what Home Assistant may offer to people, by pump alike.

    Attributes:
        connected: whether the broker is there now.
    """

    def __init__(
        self,
        settings: MqttSettings,
        outbox: Outbox,
        pumps: Mapping[str, str],
        on_command: OnCommand,
        offer: Offer | None = None,
    ) -> None:
        topics = Topics(settings.base_topic)
        self._settings = settings
        self._topics = topics
        self._events = EventLane(topics, outbox, settings.privacy)
        self._figures = Figures(settings, topics, pumps)
        self._commands = CommandLane(topics, pumps, on_command)
        self._announcer = Announcer(
            settings, topics, pumps, offer or Offer(), on_birth=self._figures.repeat
        )
        self._sweeper = Sweeper(settings, topics, pumps)
        self._dialer = Dialer(settings, topics.bridge_availability)
        self._told = ""
        self.connected = False

    def on_event(self, event: Event) -> None:
        """Take what has just been stored in the outbox."""
        self._events.wake()
        if isinstance(event, SessionEnded):
            self._figures.on_session_ended(event)

    def on_last_session(self, ended: SessionEnded) -> None:
        """Take what a pump's last session was, as the store knows it after a restart."""
        self._figures.on_session_ended(ended)

    def on_view(self, pump: str, view: View) -> None:
        """Take what is happening at a pump now."""
        self._figures.on_view(pump, view)

    def on_photo(self, pump: str, jpeg: bytes | None) -> None:
        """Take the photo now shown, None when there is none."""
        self._figures.on_photo(pump, jpeg)

    def on_settings(self, pump: str, settings: LiveSettings) -> None:
        """Take how what can be set while we run is set now; cheap when nothing has changed."""
        self._figures.on_settings(pump, settings)

    def on_board(self, pump: str, board: Board) -> None:
        """Take what is known of a pump's board; cheap when nothing has changed."""
        self._figures.on_board(pump, board)

    async def run(self) -> None:
        """Keep the broker informed until cancelled; then say goodbye."""
        tries = 0
        while True:
            held_s = await self._hold_on()
            tries = 0 if held_s >= STEADY_S else tries
            await asyncio.sleep(random.uniform(0.0, min(2.0**tries, MAX_WAIT_S)))
            tries += 1

    async def _hold_on(self) -> float:
        """Connect and serve until the connection breaks; return how long it held, in s.

        In a task of its own: a task group that breaks while it is cancelled raises what broke it
        and forgets the cancellation (before Python 3.13), and we would go on for ever.
        """
        holding = asyncio.create_task(self._connect_and_serve(), name="mqtt.connection")
        try:
            await asyncio.wait((holding,))
        except asyncio.CancelledError:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)
            raise
        return holding.result()

    async def _connect_and_serve(self) -> float:
        clock = asyncio.get_running_loop().time
        began_s = clock()
        try:
            async with self._dialer.connect() as connection:
                began_s = clock()
                log.info("connected to the broker", host=self._settings.host)
                await self._serve(connection)
        except* (BrokerError, OSError) as errors:
            why = _sentence(errors)
            if self._told != why:
                log.warning(self._advice(why))
            self._told = why
        except* Exception:
            # Recording must not end for it, whatever it is.
            log.exception("speaking with the broker broke off; it begins again")
        finally:
            held_s = clock() - began_s if self.connected else 0.0
            self.connected = False
        return held_s

    def _advice(self, why: str) -> str:
        where = f"{self._settings.host}:{self._settings.port}"
        return f"The broker {where} cannot be used now ({why}); events wait on disk until it can."

    async def _serve(self, connection: Connection) -> None:
        topics = self._topics
        try:
            await connection.subscribe(topics.commands)
        except RefusedError:
            log.warning("the broker does not let us hear commands; everything else goes on")
        await connection.publish(topics.bridge_availability, ONLINE, qos=1, retain=True)
        self.connected, self._told = True, ""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(connection), name="mqtt.listen")
                group.create_task(self._events.run(connection), name="mqtt.events")
                group.create_task(self._figures.run(connection), name="mqtt.figures")
                group.create_task(self._commands.run(connection), name="mqtt.commands")
                group.create_task(self._announcer.run(connection), name="mqtt.announce")
                group.create_task(self._sweeper.run(connection), name="mqtt.sweep")
        except asyncio.CancelledError:
            goodbye = asyncio.create_task(self._say_goodbye(connection), name="mqtt.goodbye")
            await asyncio.wait((goodbye,), timeout=GOODBYE_S)
            goodbye.cancel()
            raise

    async def _say_goodbye(self, connection: Connection) -> None:
        """Say that we are offline: a clean disconnect suppresses the last will."""
        with suppress(BrokerError):
            await connection.publish(self._topics.bridge_availability, OFFLINE, qos=1, retain=True)
            await self._figures.say_goodbye(connection)

    async def _listen(self, connection: Connection) -> None:
        async for topic, payload, retained in connection.messages():
            if not self._commands.on_message(topic, payload, retained):
                self._announcer.on_message(topic, payload, retained)
                self._sweeper.on_message(topic, payload, retained)


def _sentence(errors: BaseExceptionGroup[BaseException]) -> str:
    """Return the first cause in words; the other lanes of a broken connection say the same."""
    first = next(_leaves(errors))
    return no_way(first) if isinstance(first, OSError) else str(first) or type(first).__name__


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error

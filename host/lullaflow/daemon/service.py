"""The daemon: every room wired to the others in one task group."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from lullaflow.config import Config
from lullaflow.cues.players import Players
from lullaflow.cues.players.tracks import choices
from lullaflow.daemon.diary import write_diary
from lullaflow.daemon.errors import StartError
from lullaflow.daemon.house import House
from lullaflow.daemon.knobs import Knobs
from lullaflow.daemon.memory import give_large_blocks_back
from lullaflow.daemon.runner import PumpRunner
from lullaflow.daemon.wishes import Wishes
from lullaflow.detection import prepare
from lullaflow.link.errors import LinkError
from lullaflow.link.pump_link import PumpLink
from lullaflow.link.radio import open_radio
from lullaflow.publish import OnCommand
from lullaflow.session.core import View
from lullaflow.store import StoreError, open_store, sole_writer
from lullaflow_protocol.events import Event

if TYPE_CHECKING:
    from lullaflow.web import Page

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """Return the wall clock's time."""
    return datetime.now(UTC)


class Everybody:
    """Passes on what happens to everybody who listens, in order.

    Attributes:
        hear_event: called with each event once it is stored.
        hear_view: called with a pump's slug and what is happening at it now.
    """

    def __init__(self) -> None:
        self.hear_event: list[Callable[[Event], None]] = [write_diary]
        self.hear_view: list[Callable[[str, View], None]] = []

    def on_event(self, event: Event) -> None:
        """Pass an event on."""
        for hear in self.hear_event:
            hear(event)

    def on_view(self, pump: str, view: View) -> None:
        """Pass a view on."""
        for hear in self.hear_view:
            hear(pump, view)


async def run_daemon(config: Config, clock: Callable[[], datetime] = utc_now) -> None:
    """Run until cancelled.

    Raises:
        StartError: what the machine lacks; nothing has been begun then.
    """
    give_large_blocks_back()
    async with AsyncExitStack() as stack:
        try:
            stack.enter_context(sole_writer(config.store.path))
            store = await stack.enter_async_context(open_store(config.store.path))
            radio = await stack.enter_async_context(
                open_radio(
                    config.bluetooth.controller,
                    config.bluetooth.adapter,
                    config.store.path.parent,
                )
            )
        except (StoreError, LinkError) as error:
            raise StartError(str(error)) from error
        # In a thread, and before anything runs: at the first frame, it would hold up all else.
        await asyncio.to_thread(prepare)
        everybody = Everybody()
        cues = frozenset(step.cue for step in config.cues.ladder if step.enabled)
        links = {
            slug: PumpLink(slug, radio, address=pump.address) for slug, pump in config.pumps.items()
        }
        players = Players(
            config.cues.music_folder,
            config.cues.photo_folder,
            config.cues.volume,
            sound=config.cues.sound,
        )
        everybody.hear_view.append(players.on_view)
        knobs = Knobs(config, players.music, choices(config.cues.music_folder))
        await knobs.recall(store)
        everybody.hear_event.append(knobs.on_event)
        settings = config.core_settings()
        runners = {
            slug: PumpRunner(
                slug, link, store, replace(settings, ladder=knobs.ladder(slug)), clock, everybody
            )
            for slug, link in links.items()
        }
        knobs.on_ladder = lambda pump, ladder: runners[pump].set_ladder(ladder)
        wishes = {slug: Wishes(runners[slug], links[slug], cues) for slug in runners}

        async def on_command(pump: str, command: str, payload: str) -> str:
            return await wishes[pump].fulfil(command, payload)

        page = _open_page(config, knobs, on_command, lambda: store.problem is None)
        async with asyncio.TaskGroup() as group:
            if config.mqtt.enabled:
                house = House(config, store, links, knobs, on_command)
                await house.recall(store)
                everybody.hear_event.append(house.publisher.on_event)
                everybody.hear_view.append(house.on_view)
                players.on_photo.append(house.publisher.on_photo)
                group.create_task(house.publisher.run(), name="publisher")
            if page is not None:
                everybody.hear_view.append(page.on_view)
                players.on_photo.append(page.on_photo)
                group.create_task(page.run(), name="page")
            group.create_task(players.run(), name="players")
            group.create_task(knobs.run(store), name="knobs")
            for slug, runner in runners.items():
                group.create_task(runner.run(), name=f"pump[{slug}]")


def _open_page(
    config: Config, sound: Knobs, on_command: OnCommand, stores: Callable[[], bool]
) -> Page | None:
    """Take the page's port, when a page is wanted.

    Raises:
        StartError: the port cannot be had.
    """
    if not config.web.enabled:
        return None
    # NiceGUI takes half a second and 60 MB: those without a page need not pay for it.
    from lullaflow.web import Page, WebError

    async def ask(pump: str, command: str) -> str:
        return await on_command(pump, command, "")

    names = {slug: config.pump_name(slug) for slug in config.pumps}
    page = Page(config.web, names, sound, ask, stores)
    try:
        page.bind()
    except WebError as error:
        raise StartError(str(error)) from error
    return page

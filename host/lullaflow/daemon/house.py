"""The house's side of the daemon: what MQTT is told, and what it may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, Protocol

from lullaflow.config import Config, WebSettings
from lullaflow.daemon.firmware import firmware_at_hand
from lullaflow.daemon.knobs import Knobs, offered
from lullaflow.publish import Board, Knob, Offer, OnCommand, Publisher
from lullaflow.session.view import View
from lullaflow.store import Store
from lullaflow_protocol.events import SessionEnded

_KINDS: Final[dict[str, Literal["switch", "number", "select"]]] = {
    **dict.fromkeys(("quiet", "cues", "learning"), "switch"),
    "volume": "number",
    **dict.fromkeys(("music", "scene"), "select"),
}


LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

_OPTIONS: Final = {"music": "music", "scene": "scenes"}
"""Where a select's options stand in the knobs."""


class BoardFacts(Protocol):
    """What a pump's link knows of its board."""

    battery_percent: int | None
    signal_dbm: int | None
    firmware: str | None


class House:
    """Keeps the publisher told, and carries out what only it can be asked.

    Args:
        config: everything that is set.
        store: the publisher's outbox.
        links: each pump's link, by slug.
        knobs: what can be set.
        on_command: carries out everything else.

    Attributes:
        publisher: to be run, and told of events and photos.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        links: Mapping[str, BoardFacts],
        knobs: Knobs,
        on_command: OnCommand,
    ) -> None:
        self._links = links
        self._knobs = knobs
        self._pass_on = on_command
        steps = [step for step in config.cues.ladder if step.enabled]
        offer = Offer(
            cues={step.kind: step.cue for step in reversed(steps)},
            knobs=tuple(
                Knob(name, _KINDS[name], getattr(knobs, _OPTIONS.get(name, ""), ()))
                for name in offered(knobs, sound=config.cues.sound)
            ),
            page_url=page_url(config.web),
            battery=True,
            signal=True,
            firmware=firmware_at_hand(),
        )
        names = {slug: config.pump_name(slug) for slug in config.pumps}
        self.publisher = Publisher(config.mqtt, store, names, self.on_command, offer)
        self._tell_settings()
        knobs.on_change.append(self._tell_settings)

    async def recall(self, store: Store) -> None:
        """Tell what each pump's last session was, and that nobody pumps where nothing is to resume.

        The broker may have kept something else from before.
        """
        told: set[str] = set()
        for slug in self._links:
            if not await store.unfinished(slug):
                self.publisher.on_view(slug, View(link_up=False))
        for session in await store.sessions():
            if session.pump in self._links and session.pump not in told and session.summary:
                told.add(session.pump)
                self.publisher.on_last_session(SessionEnded.model_validate_json(session.summary))

    def on_view(self, pump: str, view: View) -> None:
        """Take what is happening at a pump now."""
        link = self._links[pump]
        board = Board(link.battery_percent, link.signal_dbm, link.firmware)
        self.publisher.on_board(pump, board)
        self.publisher.on_view(pump, view)

    async def on_command(self, pump: str, command: str, payload: str) -> str:
        """Carry out what the house asks for; return '' when accepted, else why not."""
        refusal = self._knobs.command(pump, command, payload)
        return await self._pass_on(pump, command, payload) if refusal is None else refusal

    def _tell_settings(self) -> None:
        for slug in self._links:
            self.publisher.on_settings(slug, self._knobs.settings(slug))


def page_url(web: WebSettings) -> str:
    """Return the page's address when it is one for other devices as well, else ''."""
    everywhere = {"0.0.0.0", "::"}  # noqa: S104 -- these say nothing of how others reach us
    if not web.enabled or web.host in {*LOOPBACK, *everywhere}:
        return ""
    return f"http://{web.host}:{web.port}"

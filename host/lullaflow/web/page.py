"""One open page: what it shows, and what hands do on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from typing import Any, Final, Protocol

from nicegui import ui
from nicegui.events import GenericEventArguments

from lullaflow.web.sentences import words
from lullaflow.web.state import PumpOnPage

LOOK_EVERY_S: Final = 0.25
"""How often an open page looks for news; frames come every half second."""

Ask = Callable[[str, str], Awaitable[str]]
"""Asks for `(pump, command)`; returns '' when accepted, else why not."""


class Sound(Protocol):
    """The music player, as far as the page cares."""

    @property
    def muted(self) -> bool:
        """Whether somebody has switched the sound off."""

    @property
    def has_speaker(self) -> bool:
        """Whether there is anything to switch."""

    def mute(self, muted: bool) -> None:
        """Switch the sound off or on again."""


class Room(ui.element, component="room.js"):
    """One open page.

    Args:
        pumps: by slug.
        sound: what 'sound off' switches.
        ask: carries out what a hand asks for.
        stores: tells whether what the pump brings can be stored.
    """

    def __init__(
        self,
        pumps: Mapping[str, PumpOnPage],
        sound: Sound,
        ask: Ask,
        stores: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._pumps = pumps
        self._sound = sound
        self._ask = ask
        self._stores = stores
        self._chosen: str | None = None
        self._curves = False
        ui.add_css(files("lullaflow.web").joinpath("style.css").read_text("utf-8"))
        self.on("choose", self._choose)
        self.on("sound", self._switch_sound)
        self.on("quiet", self._be_quiet)
        self.on("curves", self._switch_curves)
        self._look()
        ui.timer(LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        """Tell the browser what has changed since the last look."""
        slug = self._pump_shown()
        pump = self._pumps[slug]
        self._tell("state", self._state(slug, pump))
        self._tell("curve", pump.curve_points() if self._curves else None)

    def _tell(self, prop: str, value: Any) -> None:
        if self._props.get(prop) != value:
            self._props[prop] = value
            self.update()

    def _pump_shown(self) -> str:
        """Return the pump that a hand chose, else the one in use, else the first."""
        if self._chosen is not None:
            return self._chosen
        busy = (slug for slug, pump in self._pumps.items() if pump.busy)
        return next(busy, next(iter(self._pumps)))

    def _state(self, slug: str, pump: PumpOnPage) -> dict[str, Any]:
        said = words(pump.view, after_session=pump.after_session, stores=self._stores())
        view = pump.view
        snoozed = view is not None and view.snoozed
        return {
            "pumps": [
                {"slug": each, "name": other.name, "busy": other.busy}
                for each, other in self._pumps.items()
            ],
            "pump": slug,
            "sentence": said.main,
            "aside": said.aside,
            "mood": said.mood,
            "photo": None if pump.photo is None else f"photo/{slug}/{pump.photo_number}.jpg",
            "sound": self._sound_word(),
            "quiet": snoozed,
            "can_quiet": pump.busy and not snoozed,
        }

    def _sound_word(self) -> str:
        if not self._sound.has_speaker:
            return "none"
        return "off" if self._sound.muted else "on"

    # -- what hands do

    def _choose(self, event: GenericEventArguments) -> None:
        if event.args in self._pumps:
            self._chosen = event.args
            self._look()

    def _switch_sound(self) -> None:
        self._sound.mute(not self._sound.muted)
        self._look()

    async def _be_quiet(self) -> None:
        refused = await self._ask(self._pump_shown(), "snooze")
        if refused:
            self._tell("said", [refused])

    def _switch_curves(self, event: GenericEventArguments) -> None:
        self._curves = bool(event.args)
        self._look()

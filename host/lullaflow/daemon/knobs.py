"""What can be set while the daemon runs: by hand on the page, or by the house.

How it is set survives a restart, until the settings file says something else than it said then.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from lullaflow.config import Config
from lullaflow.cues.policy import Experience
from lullaflow.session.inputs import CueStep
from lullaflow.store import KeptKnob, Store
from lullaflow_protocol.events import CueStarted, Event, LetDown, SessionEnded, parse_event
from lullaflow_protocol.state import LiveSettings

EVERY_SCENE: Final = "all"
"""Every kind of cue may begin by itself."""

HISTORY_EVENTS: Final = 1000
"""Of the kinds that experience counts, read at start: some hundred sessions with cues. What helped
her half a year ago says little about now."""

WHOLE_HOUSE: Final = ""
_SHARED: Final = ("quiet", "volume", "music")
"""There is one loudspeaker; the other knobs are each pump's own."""

_SWITCHED: Final = {"ON": True, "OFF": False}


class Sound(Protocol):
    """The music, as far as it can be set."""

    muted: bool
    has_speaker: bool

    def mute(self, muted: bool) -> None:
        """Switch the sound off or on again."""

    def set_volume(self, volume: float) -> None:
        """Play at another loudness, 0 to 1."""

    def choose(self, folder: Path | None) -> None:
        """Play other music, None for our own sound."""


@dataclass(frozen=True, slots=True)
class Positions:
    """How one pump's knobs stand."""

    quiet: bool
    volume: int
    music: str
    cues: bool
    scene: str
    learning: bool


class Knobs:
    """Holds the knobs, sets what hangs on them, and keeps them on disk.

    Args:
        config: how they stand when nobody has touched them.
        sound: the house's one loudspeaker.
        music: what there is to choose from, by key.

    Attributes:
        on_change: called after a knob was turned.
        on_ladder: called with a pump's slug and its new ladder.
    """

    def __init__(self, config: Config, sound: Sound, music: Mapping[str, Path | None]) -> None:
        self._config = config
        self._sound = sound
        self._music = music
        self._configured = Positions(
            quiet=False,
            volume=round(100 * config.cues.volume),
            music=next(iter(music)),
            cues=config.cues.enabled,
            scene=EVERY_SCENE,
            learning=config.cues.learning,
        )
        self._positions = dict.fromkeys(config.pumps, self._configured)
        self._experience = {slug: Experience() for slug in config.pumps}
        self._unsaved: dict[tuple[str, str], KeptKnob] = {}
        self._turned = asyncio.Event()
        self.on_change: list[Callable[[], None]] = []
        self.on_ladder: Callable[[str, tuple[CueStep, ...]], None] = lambda *_: None

    # -- how they stand

    @property
    def muted(self) -> bool:
        """Return whether somebody has switched the sound off."""
        return self._sound.muted

    @property
    def has_speaker(self) -> bool:
        """Return whether there is anything to hear."""
        return self._sound.has_speaker

    @property
    def scenes(self) -> tuple[str, ...]:
        """Return what `scene` may be: more than one word when the ladder has kinds to choose."""
        kinds = dict.fromkeys(step.kind for step in self._config.cues.ladder if step.enabled)
        return (EVERY_SCENE, *kinds) if len(kinds) > 1 else (EVERY_SCENE,)

    @property
    def steps(self) -> int:
        """Return how many cues there are to put in an order."""
        return sum(step.enabled for step in self._config.cues.ladder)

    @property
    def music(self) -> tuple[str, ...]:
        """Return what `music` may be."""
        return tuple(self._music)

    def settings(self, pump: str) -> LiveSettings:
        """Return how a pump's knobs stand, for the house."""
        at, heard = self._positions[pump], self._config.cues.sound
        return LiveSettings(
            quiet=at.quiet,
            volume=at.volume if heard else None,
            music=at.music if heard else None,
            cues=at.cues,
            scene=at.scene,
            learning=at.learning,
        )

    def ladder(self, pump: str) -> tuple[CueStep, ...]:
        """Return the ladder that a pump's knobs and experience make of the configured one."""
        at = self._positions[pump]
        steps = self._config.core_settings().ladder
        order = self._experience[pump].in_order(steps) if at.learning else steps
        # The delays stay where they are: whoever comes first comes at once.
        return tuple(
            replace(
                step,
                delay_s=place.delay_s,
                by_itself=at.cues and at.scene in (EVERY_SCENE, step.kind),
            )
            for step, place in zip(order, steps, strict=True)
        )

    # -- turning them

    def mute(self, muted: bool) -> None:
        """Switch the sound off, or on again."""
        self._turn(next(iter(self._positions)), "quiet", muted)

    def command(self, pump: str, name: str, payload: str) -> str | None:
        """Carry out `set_<name>`.

        Returns:
            '' when accepted, else why not; None when there is no such knob.
        """
        payload = payload.strip()
        value: Any
        match name:
            case "set_quiet" | "set_cues" | "set_learning":
                value = _SWITCHED.get(payload.upper())
                if value is None:
                    return f"{name} takes ON or OFF."
            case "set_volume":
                value = _percent(payload)
                if value is None:
                    return f"{name} takes a number from 0 to 100."
            case "set_music" | "set_scene":
                value = payload
                possible = self.music if name == "set_music" else self.scenes
                if value not in possible:
                    return f"{name} takes one of {', '.join(possible)}."
            case _:
                return None
        self._turn(pump, name.removeprefix("set_"), value)
        return ""

    def _turn(self, pump: str, name: str, value: Any) -> None:
        owner = WHOLE_HOUSE if name in _SHARED else pump
        self._set(owner, name, value)
        configured = json.dumps(getattr(self._configured, name))
        self._unsaved[owner, name] = KeptKnob(owner, name, json.dumps(value), configured)
        self._turned.set()
        for told in self.on_change:
            told()

    def _set(self, owner: str, name: str, value: Any) -> None:
        pumps = self._positions if owner == WHOLE_HOUSE else (owner,)
        for pump in pumps:
            self._positions[pump] = replace(self._positions[pump], **{name: value})
        match name:
            case "quiet":
                self._sound.mute(value)
            case "volume":
                self._sound.set_volume(value / 100)
            case "music":
                self._sound.choose(self._music[value])
            case _:
                self.on_ladder(owner, self.ladder(owner))

    # -- experience

    def on_event(self, event: Event) -> None:
        """Learn from what happens; a new order counts from the next session on."""
        self._experience[event.pump].on_event(event)
        if isinstance(event, SessionEnded):
            self.on_ladder(event.pump, self.ladder(event.pump))

    # -- the disk

    async def recall(self, store: Store) -> None:
        """Take up how the knobs stood, and what the sessions so far tell."""
        kinds = [str(kind.model_fields["type"].default) for kind in _TELLING]
        for pump, experience in self._experience.items():
            for text in await store.events_of_kinds(pump, kinds, HISTORY_EVENTS):
                experience.on_event(parse_event(text))
        for knob in await store.kept_knobs():
            value = json.loads(knob.value)
            if self._may_be(knob, value):
                self._set(knob.pump, knob.name, value)

    async def run(self, store: Store) -> None:
        """Keep on disk what is turned, until cancelled."""
        while True:
            await self._turned.wait()
            self._turned.clear()
            while self._unsaved:
                _, knob = self._unsaved.popitem()
                await store.keep_knob(knob)

    def _may_be(self, knob: KeptKnob, value: Any) -> bool:
        """Tell whether a kept position still counts: same settings file, and still possible."""
        if knob.name not in Positions.__slots__ or (
            knob.pump != WHOLE_HOUSE and knob.pump not in self._positions
        ):
            return False
        if json.loads(knob.configured) != getattr(self._configured, knob.name):
            return False
        possible = {"music": self.music, "scene": self.scenes}.get(knob.name)
        return possible is None or value in possible


_TELLING: Final = (CueStarted, LetDown, SessionEnded)
"""Types of event that experience counts."""


def _percent(text: str) -> int | None:
    """Read what Home Assistant's slider sends, `37` or `37.0`."""
    with suppress(ValueError):
        value = float(text)
        if 0 <= value <= 100:
            return round(value)
    return None


def offered(knobs: Knobs, *, sound: bool) -> Iterator[str]:
    """Yield the names of the knobs that do something in this house.

    Args:
        knobs: all of them.
        sound: whether there may be a loudspeaker.
    """
    if sound:
        yield from ("quiet", "volume")
        if len(knobs.music) > 1:
            yield "music"
    yield "cues"
    if len(knobs.scenes) > 1:
        yield "scene"
    if knobs.steps > 1:
        yield "learning"

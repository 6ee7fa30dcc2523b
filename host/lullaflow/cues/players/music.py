"""Music in the room: it comes softly when it is wanted, and goes softly when it is not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from lullaflow.cues.players.lullaby import lullaby
from lullaflow.cues.players.speaker import NoSpeakerError, OpenSpeaker, Speaker, open_speaker
from lullaflow.cues.players.stream import Block, Stream
from lullaflow.cues.players.tracks import Library

FADE_IN_S: Final = 6.0
"""Nobody may be startled at night."""

FADE_OUT_S: Final = 4.0
"""Gone before it disturbs, but never cut."""

MUTE_S: Final = 0.4
"""'Sound off' is wanted now, and still without a click."""

AHEAD_S: Final = 3.0
"""Sound kept ready, so that a busy moment of this computer is not heard."""

LOOK_S: Final = 0.25
"""How often the supply is looked after while music plays."""

DRAIN_S: Final = 0.5
"""What the sound card still holds when the last frame of a fade has been handed over."""

STALLED_S: Final = 3.0
"""A loudspeaker that asks for nothing this long has been unplugged."""

RETRY_S: Final = 5.0
"""Pause before a loudspeaker is looked for again while music is wanted."""

log = structlog.get_logger(__name__)


class MusicPlayer:
    """Plays while a cue wants music and nobody has switched the sound off.

    Args:
        folder: the user's music, None for the sound of our own.
        volume: loudness, 0 to 1.
        opener: opens the loudspeaker.
        rng: shuffles.

    Attributes:
        volume: loudness now, 0 to 1.
        playing: whether a cue wants music now.
        muted: whether somebody has switched the sound off.
        has_speaker: whether there was a loudspeaker when last tried.
    """

    def __init__(
        self,
        folder: Path | None,
        volume: float,
        opener: OpenSpeaker = open_speaker,
        rng: random.Random | None = None,
    ) -> None:
        self._rng = rng or random.Random()
        self._library = None if folder is None else Library(folder, self._rng)
        self._open = opener
        self._wanted = asyncio.Event()
        self._stream: Stream | None = None
        self._fade_s = FADE_IN_S
        self.volume = volume
        self.playing = False
        self.muted = False
        self.has_speaker = True

    def play(self) -> None:
        """Have music come, softly."""
        self.playing = True
        self._settle(FADE_IN_S)

    def stop(self) -> None:
        """Have music go, softly."""
        self.playing = False
        self._settle(FADE_OUT_S)

    def mute(self, muted: bool) -> None:
        """Switch the sound off at once, or on again; it stays so for later cues."""
        self.muted = muted
        self._settle(MUTE_S)

    def set_volume(self, volume: float) -> None:
        """Play louder or softer from now on."""
        self.volume = volume
        if self._stream is not None:
            self._stream.set_volume(volume)

    def choose(self, folder: Path | None) -> None:
        """Play other music: what plays now goes softly, then the other comes."""
        self._library = None if folder is None else Library(folder, self._rng)
        if self._stream is not None:
            self._stream.fade(False, FADE_OUT_S)
            self._stream, self._fade_s = None, FADE_IN_S

    async def run(self) -> None:
        """Play whenever music is wanted, until cancelled; says at once if nothing can be heard."""
        try:
            speaker = await asyncio.to_thread(self._open)
            await asyncio.to_thread(speaker.close)
        except NoSpeakerError as error:
            self._note_speaker(str(error))
        while True:
            await self._wanted.wait()
            try:
                await self._perform()
            except NoSpeakerError as error:
                self._note_speaker(str(error))
                await asyncio.sleep(RETRY_S)

    def _settle(self, fade_s: float) -> None:
        wanted = self.playing and not self.muted
        if wanted == self._wanted.is_set():
            return
        self._fade_s = fade_s
        if wanted:
            self._wanted.set()
        else:
            self._wanted.clear()
        if self._stream is not None:
            self._stream.fade(wanted, fade_s)

    def _note_speaker(self, missing: str) -> None:
        """Say once that there is no loudspeaker (why in `missing`), or that it is back."""
        if missing and self.has_speaker:
            log.warning("no loudspeaker here: cues go on without music", why=missing)
        elif not missing and not self.has_speaker:
            log.info("the loudspeaker is there again")
        self.has_speaker = not missing

    async def _perform(self) -> None:
        """Play from the first sound until the last has faded out.

        Raises:
            NoSpeakerError: there is none, or it went away.
        """
        speaker = await asyncio.to_thread(self._open)
        try:
            self._note_speaker("")
            await self._play_on(speaker)
        finally:
            self._stream = None
            await asyncio.to_thread(speaker.close)

    async def _play_on(self, speaker: Speaker) -> None:
        library = self._library
        stream, supply = Stream(self.volume), _supply(library)
        await _fill(stream, supply)
        if library is not self._library:
            return  # other music has been chosen meanwhile
        self._stream = stream
        stream.fade(self._wanted.is_set(), self._fade_s)
        frames = stream.frames()
        next(frames)
        speaker.start(frames)
        clock = asyncio.get_running_loop().time
        asked, asked_at = 0, clock()
        while not stream.silent:
            await _fill(stream, supply)
            await asyncio.sleep(LOOK_S)
            if stream.asked != asked:
                asked, asked_at = stream.asked, clock()
            elif clock() - asked_at > STALLED_S:
                raise NoSpeakerError("it has stopped asking for sound")
        await asyncio.sleep(DRAIN_S)


def _supply(library: Library | None) -> Iterator[Block]:
    """Yield the user's music in random order for ever, or our own sound."""
    while True:
        played = False
        for block in library.round() if library else ():
            played = True
            yield block
        if not played:
            yield from lullaby()


async def _fill(stream: Stream, supply: Iterator[Block]) -> None:
    """Decode ahead, away from the event loop and from the sound card's thread."""
    while stream.buffered_s < AHEAD_S:
        stream.add(await asyncio.to_thread(next, supply))

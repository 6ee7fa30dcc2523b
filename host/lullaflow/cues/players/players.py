"""Performs what the core decides: they follow events, and decide nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog

from lullaflow.cues.players.music import MusicPlayer
from lullaflow.cues.players.photos import PhotoAlbum
from lullaflow.cues.players.speaker import OpenSpeaker, open_speaker
from lullaflow.session.view import View
from lullaflow_protocol.events import CueKind

PHOTO_FOR_S: Final = 20.0
"""Long enough to look at a photo in peace; then the next one."""

RESTART_S: Final = 5.0
"""Pause before a player that broke off begins again."""

log = structlog.get_logger(__name__)

OnPhoto = Callable[[str, bytes | None], None]


class Players:
    """Sound and photos for all pumps.

    Args:
        music_folder: the user's music, None for none.
        photo_folder: the user's photos, None for none.
        volume: loudness, 0 to 1.
        sound: False keeps the loudspeaker closed.
        opener: opens the loudspeaker.

    Attributes:
        on_photo: told of each pump's photo (JPEG) as it changes, None when it goes.
        music: the music player.
    """

    def __init__(
        self,
        music_folder: Path | None,
        photo_folder: Path | None,
        volume: float,
        sound: bool = True,
        opener: OpenSpeaker = open_speaker,
    ) -> None:
        self.music = MusicPlayer(music_folder, volume, opener)
        self.music.has_speaker = sound
        self.on_photo: list[OnPhoto] = []
        self._album = PhotoAlbum(photo_folder)
        self._sound = sound
        self._running: dict[str, frozenset[CueKind]] = {}
        self._shown: dict[str, bytes] = {}
        self._changed = asyncio.Event()

    def on_view(self, pump: str, view: View) -> None:
        """Follow the cues that run at a pump (also those that ran before a restart)."""
        kinds = frozenset(cue.kind for cue in view.cues)
        if kinds == self._running.get(pump, frozenset()):
            return
        self._running[pump] = kinds
        wanted = any("music" in each for each in self._running.values())
        if wanted != self.music.playing:
            self.music.play() if wanted else self.music.stop()
        self._changed.set()

    async def run(self) -> None:
        """Perform until cancelled."""
        async with asyncio.TaskGroup() as group:
            if self._sound:
                group.create_task(_kept_up(self.music.run), name="players.music")
            group.create_task(_kept_up(self._show_photos), name="players.photos")

    async def _show_photos(self) -> None:
        """Show photos while they are wanted, the next one from time to time."""
        await asyncio.to_thread(self._album.prepare)
        while True:
            self._changed.clear()
            jpeg = await asyncio.to_thread(self._album.next_jpeg) if self._wanting() else None
            wanted = self._wanting()  # a cue may have ended while the photo was made ready
            for pump in self._shown.keys() - wanted:
                del self._shown[pump]
                self._show(pump, None)
            for pump in wanted:
                # The only photo of a folder stays as it is.
                if jpeg is not None and self._shown.get(pump) is not jpeg:
                    self._shown[pump] = jpeg
                    self._show(pump, jpeg)
            await self._until_due(bool(wanted))

    def _wanting(self) -> set[str]:
        return {pump for pump, kinds in self._running.items() if "photo" in kinds}

    async def _until_due(self, photo_runs: bool) -> None:
        try:
            async with asyncio.timeout(PHOTO_FOR_S if photo_runs else None):
                await self._changed.wait()
        except TimeoutError:
            return

    def _show(self, pump: str, jpeg: bytes | None) -> None:
        for told in self.on_photo:
            told(pump, jpeg)


async def _kept_up(perform: Callable[[], Awaitable[None]]) -> None:
    """Perform again after whatever went wrong: no photo is worth a session."""
    while True:
        try:
            await perform()
        except Exception:
            log.exception("a cue's player broke off; it begins again", after_s=RESTART_S)
            await asyncio.sleep(RESTART_S)

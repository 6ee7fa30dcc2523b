"""The user's music: found, shuffled, levelled, decoded; what cannot be read is skipped."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import miniaudio
import numpy as np
import structlog

from lullaflow.cues.players.stream import CHANNELS, RATE_HZ, Block

PLAYABLE: Final = frozenset({".mp3", ".flac", ".ogg", ".wav"})

UNPLAYABLE: Final = frozenset({".m4a", ".aac", ".alac", ".aif", ".aiff", ".opus", ".wma"})
"""Music for certain, but miniaudio has no decoder for it: worth a word in the log."""

BLOCK_FRAMES: Final = 16_384

LEVEL: Final = 10 ** (-16 / 20)
"""Every track is brought to this RMS at full volume, the loudness that streaming services use
(about -14 LUFS), a little below it: a loud song after a soft one must not startle."""

MAX_GAIN: Final = 4.0
"""12 dB: more would lift the hiss of a very quiet recording."""

PEAK: Final = 0.95
"""Headroom: a track is never raised beyond this peak."""

MEASURED_S: Final = 90.0
"""An hour of rain need not be decoded before its first drop falls."""

QUIET_RMS: Final = 0.003
"""-50 dBFS: blocks below are silence between phrases, and say nothing of loudness."""

EDGE_S: Final = 3.0
"""Each track comes and goes over this long, at most a quarter of it."""

log = structlog.get_logger(__name__)


class UnreadableTrackError(Exception):
    """A file is no sound that we can decode."""


def choices(folder: Path | None) -> dict[str, Path | None]:
    """Return what music there is to choose from, by key: `own`, `all`, and each folder's `name/`.

    Args:
        folder: the user's music, None for none.
    """
    if folder is None:
        return {"own": None}
    shelves = {
        f"{path.name}/": path
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith(".")
    }
    return {"all": folder, "own": None, **shelves}


@dataclass(frozen=True, slots=True)
class Measure:
    """What a first pass over a track tells.

    Attributes:
        frames: its length, as far as was measured.
        gain: brings it to the common level.
    """

    frames: int
    gain: np.float32


class Library:
    """A folder of music, with every folder in it.

    Args:
        folder: where to look, anew for each round; files may come and go.
        rng: shuffles.
    """

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self._folder = folder
        self._rng = rng
        self._told: set[Path] = set()
        self._left: list[Path] = []
        self._last: Path | None = None

    def round(self) -> Iterator[Block]:
        """Yield the tracks that this round still holds; nothing when none can be played.

        A round that was cut short is taken up with its next track.
        """
        played = False
        for _ in range(2):  # what is left of a round may be nothing but what cannot be played
            self._left = self._left or self._shuffled()
            while self._left:
                path = self._left.pop(0)
                try:
                    for block in play(path):
                        played, self._last = True, path
                        yield block
                except UnreadableTrackError as error:
                    self._skip(path, str(error))
            if played:
                return

    def _shuffled(self) -> list[Path]:
        paths = []
        for path in sorted(self._folder.rglob("*")):
            if path.name.startswith(".") or not path.is_file():
                continue
            if path.suffix.lower() in PLAYABLE:
                paths.append(path)
            elif path.suffix.lower() in UNPLAYABLE:
                self._skip(path, f"{path.suffix[1:]} cannot be played; mp3, flac, ogg or wav can")
        self._rng.shuffle(paths)
        if len(paths) > 1 and paths[0] == self._last:
            paths.append(paths.pop(0))
        return paths

    def _skip(self, path: Path, why: str) -> None:
        if path not in self._told:
            self._told.add(path)
            log.warning("music file skipped", file=str(path), why=why)


def play(path: Path) -> Iterator[Block]:
    """Yield a track's sound at the common level, softly begun and ended.

    Raises:
        UnreadableTrackError: before the first block, when it is no sound.
    """
    measure = measured(path)
    edge_frames = int(min(EDGE_S * RATE_HZ, measure.frames / 4))
    levelled = (np.clip(block * measure.gain, -1.0, 1.0) for block in decoded(path))
    yield from softened(levelled, edge_frames)


def softened(blocks: Iterable[Block], edge_frames: int) -> Iterator[Block]:
    """Fade the first and the last frames of a sound whose length nobody knows beforehand."""
    ramp = np.sin(np.linspace(0.0, np.pi / 2, edge_frames, dtype=np.float32))[:, np.newaxis]
    begun = 0
    held = np.zeros((0, CHANNELS), np.float32)
    for block in blocks:
        sound = block.copy()
        rising = ramp[begun : begun + len(sound)]
        sound[: len(rising)] *= rising
        begun += len(rising)
        held = np.concatenate([held, sound])
        if len(held) > edge_frames:
            yield held[: len(held) - edge_frames]
            held = held[len(held) - edge_frames :]
    yield held * ramp[::-1][edge_frames - len(held) :]


def measured(path: Path) -> Measure:
    """Return the gain that brings a track to the common level, from its first minutes.

    Raises:
        UnreadableTrackError: it is no sound, or holds none.
    """
    frames, peak = 0, 0.0
    loud: list[float] = []
    for block in decoded(path):
        frames += len(block)
        peak = max(peak, float(np.abs(block).max()))
        power = float(np.mean(np.square(block, dtype=np.float64)))
        if power > QUIET_RMS**2:
            loud.append(power)
        if loud and frames >= MEASURED_S * RATE_HZ:
            break
    if not loud:
        raise UnreadableTrackError("there is no sound in it")
    gain = LEVEL / float(np.sqrt(np.mean(loud)))
    return Measure(frames, np.float32(min(gain, MAX_GAIN, PEAK / peak)))


def decoded(path: Path) -> Iterator[Block]:
    """Yield a track's samples as they are.

    Raises:
        UnreadableTrackError: miniaudio knows nothing to do with it.
    """
    try:
        blocks = miniaudio.stream_file(
            str(path),
            output_format=miniaudio.SampleFormat.FLOAT32,
            nchannels=CHANNELS,
            sample_rate=RATE_HZ,
            frames_to_read=BLOCK_FRAMES,
        )
        for samples in blocks:
            sound = np.frombuffer(samples, dtype=np.float32).reshape(-1, CHANNELS)
            # Some float files hold infinities where a recorder stumbled.
            yield np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0)
    except miniaudio.DecodeError as error:
        raise UnreadableTrackError("it is no mp3, flac, ogg or wav that can be read") from error

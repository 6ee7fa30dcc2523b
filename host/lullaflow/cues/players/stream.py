"""What flows to the loudspeaker: blocks of sound under one gain that never jumps."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator
from typing import Final

import numpy as np
import numpy.typing as npt

RATE_HZ: Final = 44_100
CHANNELS: Final = 2

VOLUME_S: Final = 1.0
"""From silence to full loudness, when somebody turns it up."""

Block = npt.NDArray[np.float32]
"""Sound of shape (frames, 2), full scale at 1.0."""

REFADE_S: Final = 0.5
"""After a gap in the supply, sound comes back over this long: no click, hardly a pause."""


class Fader:
    """A gain that moves between silence and full, sample by sample.

    Its position moves evenly, and the gain is the sine of it: power then rises evenly, which ears
    hear as a steady fade. A fade that is turned round goes on from where it is.
    """

    def __init__(self) -> None:
        self._position = 0.0
        self._target = 0.0
        self._step = 0.0

    @property
    def silent(self) -> bool:
        """Whether the gain is zero and stays so."""
        return self._position == 0.0 and self._target == 0.0

    def fade(self, up: bool, seconds: float) -> None:
        """Head for full or for silence; a whole way takes `seconds`."""
        self._step = 1.0 / max(1.0, seconds * RATE_HZ)
        self._target = 1.0 if up else 0.0

    def drop(self) -> None:
        """Fall silent at once, then come back softly: the supply has broken off."""
        self._position = 0.0
        self._step = 1.0 / (REFADE_S * RATE_HZ)

    def gains(self, frames: int) -> Block:
        """Return the gains of the next frames, shape (frames, 1)."""
        way = self._target - self._position
        ramp = self._position + math.copysign(self._step, way) * np.arange(1, frames + 1)
        low, high = sorted((self._position, self._target))
        positions = np.clip(ramp, low, high)
        if frames:
            self._position = float(positions[-1])
        gains: Block = np.sin(positions * (math.pi / 2)).astype(np.float32)[:, np.newaxis]
        return gains


class Stream:
    """Blocks in, bytes for the loudspeaker out.

    Blocks are added by the feeding task, and taken by the sound card's own thread; a deque and
    plain attributes are all that passes between the two.

    Args:
        volume: loudness from 0.0 to 1.0; its square is the gain, as loudness is heard.

    Attributes:
        asked: frames that the sound card has asked for so far.
    """

    def __init__(self, volume: float) -> None:
        self._fader = Fader()
        self._gain = self._wanted_gain = volume * volume
        self._blocks: deque[Block] = deque()
        self._added = 0
        self._taken = 0
        self.asked = 0

    @property
    def buffered_s(self) -> float:
        """Seconds of sound that wait."""
        return (self._added - self._taken) / RATE_HZ

    @property
    def silent(self) -> bool:
        """Whether the sound has faded out and stays so."""
        return self._fader.silent

    def fade(self, up: bool, seconds: float) -> None:
        """Head for full loudness or for silence; a whole way takes `seconds`."""
        self._fader.fade(up, seconds)

    def set_volume(self, volume: float) -> None:
        """Head for another loudness."""
        self._wanted_gain = volume * volume

    def add(self, block: Block) -> None:
        """Append sound."""
        self._blocks.append(block)
        self._added += len(block)

    def frames(self) -> Generator[bytes, int, None]:
        """Yield what the sound card asks for: send it a number of frames, get their bytes."""
        wanted = yield b""
        while True:
            wanted = yield self.take(wanted).tobytes()

    def take(self, frames: int) -> Block:
        """Return the next frames as they shall sound."""
        self.asked += frames
        heard = np.zeros((frames, CHANNELS), np.float32)
        if not self._fader.silent:
            sound = self._pull(frames)
            heard[: len(sound)] = sound * (self._fader.gains(len(sound)) * self._gains(len(sound)))
            if len(sound) < frames:
                self._fader.drop()
        return heard

    def _gains(self, frames: int) -> Block:
        """Return the next frames' loudness, shape (frames, 1)."""
        way = self._wanted_gain - self._gain
        step = math.copysign(1.0 / (VOLUME_S * RATE_HZ), way)
        low, high = sorted((self._gain, self._wanted_gain))
        ramp = np.clip(self._gain + step * np.arange(1, frames + 1), low, high)
        if frames:
            self._gain = float(ramp[-1])
        gains: Block = ramp.astype(np.float32)[:, np.newaxis]
        return gains

    def _pull(self, frames: int) -> Block:
        """Take up to `frames` from the front."""
        parts: list[Block] = []
        missing = frames
        while missing and self._blocks:
            block = self._blocks.popleft()
            if len(block) > missing:
                self._blocks.appendleft(block[missing:])
                block = block[:missing]
            parts.append(block)
            missing -= len(block)
        self._taken += frames - missing
        return np.concatenate(parts) if parts else np.zeros((0, CHANNELS), np.float32)

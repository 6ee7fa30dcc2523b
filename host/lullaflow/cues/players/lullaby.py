"""A soft sound of our own, for a folder without music: slow chords, a music box, a far surf.

Everything is laid on a ring, whose end flows into its beginning, so that it can go round all night
without a seam. Nothing in it is sudden, and hardly anything lies above 2 kHz: meant to sit under a
pump's hum without asking for attention (assumed; the trials used lullabies and calm music, such as
Keith 2012 and Ak 2015, and name no recipe).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from lullaflow.cues.players.stream import RATE_HZ, Block
from lullaflow.cues.players.tracks import BLOCK_FRAMES, LEVEL

RING_RATE_HZ: Final = RATE_HZ // 4
"""Its partials stay far below the half of this, so it is made at this rate and then widened."""

BEAT_FRAMES: Final = 12_672
"""At the ring's rate: 52 beats a minute, slower than a resting heart, the pace of rocking; and of
small factors, which the Fourier transform likes."""

BEATS_PER_CHORD: Final = 6

CHORDS: Final = (
    ("F3", "C4", "F4", "A4"),
    ("E3", "C4", "G4", "C5"),
    ("D3", "A3", "F4", "A4"),
    ("C3", "A3", "E4", "A4"),
    ("A#2", "A#3", "D4", "F4"),
    ("A2", "A3", "C4", "F4"),
    ("G2", "A#3", "D4", "F4"),
    ("C3", "G3", "C4", "F4"),
)

MELODY: Final = (
    *("C5", None, "A4", "C5", None, None),
    *("G4", None, "C5", "G4", None, None),
    *("A4", None, "F4", "A4", None, "C5"),
    *("A4", None, None, None, None, None),
    *("D5", None, "C5", "A#4", None, None),
    *("C5", None, "A4", "F4", None, None),
    *("G4", None, "A4", "A#4", None, "A4"),
    *("G4", None, None, "F4", None, None),
)

PAD_PARTIALS: Final = (1.0, 0.22, 0.07)
BELL_PARTIALS: Final = (1.0, 0.12, 0.05)
SURF_HZ: Final = (90.0, 650.0)
SURF_SWELLS: Final = 6

PAD_GAIN, BELL_GAIN, SURF_GAIN = 0.30, 0.26, 0.09

Mono = npt.NDArray[np.float64]
_SEMITONES: Final = {"C": -9, "D": -7, "E": -5, "F": -4, "G": -2, "A": 0, "B": 2}


def lullaby() -> Iterator[Block]:
    """Yield one round of it, at the level of all music; the next round joins without a seam."""
    ring = lullaby_ring()
    for begin in range(0, len(ring), BLOCK_FRAMES):
        yield ring[begin : begin + BLOCK_FRAMES]


def lullaby_ring() -> Block:
    """Return the whole round, about 55 s."""
    frames = len(CHORDS) * BEATS_PER_CHORD * BEAT_FRAMES
    rng = np.random.default_rng(1)
    bells = _bells(frames)
    ears = [
        PAD_GAIN * _pad(frames, detune_hz=side * 0.35)
        + BELL_GAIN * _echoed(bells, echo_s=0.43 + side * 0.06)
        + SURF_GAIN * _surf(frames, rng, lag=side * 0.04)
        for side in (-1, 1)
    ]
    ring = np.stack([_widened(ear, RATE_HZ // RING_RATE_HZ) for ear in ears], axis=1)
    ring *= LEVEL / np.sqrt(np.mean(ring**2))
    return ring.astype(np.float32)


def _widened(ring: Mono, times: int) -> Mono:
    """Return the ring at so many times its rate; round like the ring itself."""
    wide: Mono = np.fft.irfft(np.fft.rfft(ring), times * len(ring))
    return wide


def _pad(frames: int, detune_hz: float) -> Mono:
    """Chords that melt into one another."""
    ring = np.zeros(frames)
    chord_frames = BEATS_PER_CHORD * BEAT_FRAMES
    # Each chord begins while the last one goes, and goes while the next one comes.
    length = 2 * chord_frames
    shape = np.sin(np.linspace(0, np.pi, length)) ** 2
    for index, chord in enumerate(CHORDS):
        start = index * chord_frames - chord_frames // 2
        for note in chord:
            tone = _tone(pitch_hz(note) + detune_hz, length, PAD_PARTIALS)
            _lay(ring, start, tone * shape / len(chord))
    return ring


def _bells(frames: int) -> Mono:
    """A music box far away."""
    ring = np.zeros(frames)
    length = 4 * RING_RATE_HZ
    at_s = np.arange(length) / RING_RATE_HZ
    shape = (1 - np.exp(-at_s / 0.02)) * np.exp(-at_s / 0.9) * np.linspace(1, 0, length)
    for index, note in enumerate(MELODY):
        if note is not None:
            tone = _tone(pitch_hz(note), length, BELL_PARTIALS) * shape
            _lay(ring, index * BEAT_FRAMES, tone)
    return ring


def _echoed(ring: Mono, echo_s: float) -> Mono:
    """Return a sound that comes back twice, softer."""
    echo = round(echo_s * RING_RATE_HZ)
    return ring + 0.35 * np.roll(ring, echo) + 0.18 * np.roll(ring, 2 * echo)


def _surf(frames: int, rng: np.random.Generator, lag: float) -> Mono:
    """Noise between two soft limits that swells and falls like waves on a far shore."""
    low_hz, high_hz = SURF_HZ
    spectrum = np.fft.rfft(rng.standard_normal(frames))
    hertz = np.fft.rfftfreq(frames, 1 / RING_RATE_HZ)
    spectrum *= 1 / np.sqrt(1 + (hertz / high_hz) ** 6) * hertz / np.hypot(hertz, low_hz)
    spectrum /= np.sqrt(np.maximum(hertz, low_hz))
    noise = np.fft.irfft(spectrum, frames)
    swell = np.sin(np.pi * (SURF_SWELLS * np.arange(frames) / frames + lag)) ** 2
    surf: Mono = noise / np.std(noise) * (0.25 + 0.75 * swell)
    return surf


def _tone(hertz: float, frames: int, partials: tuple[float, ...]) -> Mono:
    turns = 2 * np.pi * hertz * np.arange(frames) / RING_RATE_HZ
    tone: Mono = np.zeros(frames)
    for number, strength in enumerate(partials, start=1):
        tone += strength * np.sin(number * turns)
    return tone


def _lay(ring: Mono, start: int, sound: Mono) -> None:
    """Add a sound to the ring, round its end if need be."""
    start %= len(ring)
    first = min(len(sound), len(ring) - start)
    ring[start : start + first] += sound[:first]
    ring[: len(sound) - first] += sound[first:]


def pitch_hz(note: str) -> float:
    """Return the frequency of a note such as "A4" (440 Hz) or "A#3"."""
    semitones = _SEMITONES[note[0]] + note.count("#") + 12 * (int(note[-1]) - 4)
    return float(440.0 * 2 ** (semitones / 12))

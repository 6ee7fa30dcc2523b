"""The machine's loudspeaker, through miniaudio."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Generator
from functools import cache
from typing import Any, Final, Protocol

import miniaudio

from lullaflow.cues.players.stream import CHANNELS, RATE_HZ

BUFFER_MS: Final = 100
"""A few periods of this wait in the sound card: enough while Python is busy."""

# Without this list miniaudio plays into its null device where there is no other, and says nothing.
_REAL_BACKENDS: Final = [
    backend
    for backend in miniaudio.Backend
    if backend not in (miniaudio.Backend.NULL, miniaudio.Backend.CUSTOM)
]


class NoSpeakerError(Exception):
    """This machine has no loudspeaker that we may use."""


class Speaker(Protocol):
    """Where sound goes."""

    def start(self, stream: Generator[bytes, int, None]) -> None:
        """Begin to play; `stream` has been started and is sent numbers of frames.

        Raises:
            NoSpeakerError: it went away.
        """

    def close(self) -> None:
        """Stop and let go of the loudspeaker."""


OpenSpeaker = Callable[[], Speaker]


def open_speaker() -> Speaker:
    """Open the system's default loudspeaker: 44.1 kHz, stereo, 32-bit floats.

    Raises:
        NoSpeakerError: there is none, or somebody else holds it.
    """
    return _SystemSpeaker()


class _SystemSpeaker:
    """miniaudio's playback device, with our error."""

    def __init__(self) -> None:
        _hush_alsa()
        try:
            self._device = miniaudio.PlaybackDevice(
                output_format=miniaudio.SampleFormat.FLOAT32,
                nchannels=CHANNELS,
                sample_rate=RATE_HZ,
                buffersize_msec=BUFFER_MS,
                backends=_REAL_BACKENDS,
                app_name="lullaflow",
            )
        except miniaudio.MiniaudioError as error:
            raise NoSpeakerError(_words(error)) from error

    def start(self, stream: Generator[bytes, int, None]) -> None:
        try:
            self._device.start(stream)
        except miniaudio.MiniaudioError as error:
            raise NoSpeakerError(_words(error)) from error

    def close(self) -> None:
        self._device.close()


def _words(error: Exception) -> str:
    return str(error.args[0]) if error.args else "unknown"


@cache
def _hush_alsa() -> Any:
    """Have ALSA's library keep to itself what it would print: two dozen lines a try.

    What matters of it comes back as an error anyway.
    """
    signature = ctypes.CFUNCTYPE(
        None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
    )
    handler = signature(lambda *_: None)
    try:
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(handler)
    except OSError:
        return None
    return handler  # the cache keeps it alive for as long as ALSA may call it

"""From the board's frames to samples of the recording: the one place that converts."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from lullaflow.detection.samples import Channel, Samples
from lullaflow_protocol import wire

MILK_G_PER_ML: Final = 1.03
"""Density of human milk."""

_WRAP_MS: Final = 1 << 32
_TICK_MS: Final = wire.VACUUM_PERIOD_MS
_WEIGHT_EVERY: Final = wire.WEIGHT_PERIOD_MS // _TICK_MS


def _mmhg(sample: int) -> float:
    mmhg = wire.vacuum_mmhg(sample)
    return math.nan if mmhg is None else mmhg


_MMHG: Final = tuple(_mmhg(sample) for sample in range(1 << 12))
"""Suction by raw sample of 12 bits: there are a hundred a second."""


class FrameReader:
    """Turns one boot's frames, in order, into samples; the very first sample is `t_s` 0."""

    def __init__(self) -> None:
        self._last_ms: int | None = None
        self._t_ms = 0

    def samples(self, frame: wire.Frame) -> Samples:
        """Return a frame's samples: a row for each tick of 20 ms, weight in every fifth."""
        if self._last_ms is not None:
            self._t_ms += (frame.t_ms - self._last_ms) % _WRAP_MS
        self._last_ms = frame.t_ms
        left_vacuum, left_weight, right_vacuum, right_weight = frame.channels
        rows = max(
            len(left_vacuum or ()),
            len(right_vacuum or ()),
            _WEIGHT_EVERY * len(left_weight or ()),
            _WEIGHT_EVERY * len(right_weight or ()),
        )
        ticks_ms = np.arange(self._t_ms, self._t_ms + rows * _TICK_MS, _TICK_MS)
        return Samples(
            ticks_ms / 1000.0,
            _vacuum(left_vacuum, rows),
            _volume(left_weight, rows),
            _vacuum(right_vacuum, rows),
            _volume(right_weight, rows),
        )


def _vacuum(raw: list[int] | None, rows: int) -> Channel:
    if raw is None:
        return np.full(rows, math.nan)
    return np.array([_MMHG[sample] for sample in raw] + [math.nan] * (rows - len(raw)))


def _volume(raw: list[int] | None, rows: int) -> Channel:
    channel = np.full(rows, math.nan)
    for i, sample in enumerate(raw or ()):
        grams = wire.weight_g(sample)
        if grams is not None:
            channel[_WEIGHT_EVERY * i] = grams / MILK_G_PER_ML
    return channel

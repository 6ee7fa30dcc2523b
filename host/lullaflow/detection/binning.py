"""Cuts samples of any rate and any cut into bins of half a second of device time.

All that follows works on bins, so how a recording arrives in pieces cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.samples import Samples

BIN_S: Final = 0.5
"""The board's frame: finer would decide no earlier, for frames arrive whole."""

Channel = NDArray[np.float64]
Moments = tuple[list[float], list[float]]
Channels = tuple[list[float], list[float], list[float], list[float]]


@dataclass(frozen=True, slots=True)
class Bin:
    """Half a second of samples; channels in the order of `Samples`, missing samples left out.

    Attributes:
        index: the bin covers `[index * BIN_S, (index + 1) * BIN_S)` of the recording.
        channels: left vacuum (mmHg), left volume (ml), right vacuum, right volume.
        moments: when each reading of the left and the right volume was taken, recording time.
    """

    index: int
    channels: Channels
    moments: Moments

    def without_vacuum(self) -> Bin:
        """Return the bin as a plain scale would have given it."""
        return Bin(self.index, ([], self.channels[1], [], self.channels[3]), self.moments)

    @property
    def start_s(self) -> float:
        """Return the bin's first moment."""
        return self.index * BIN_S

    @property
    def end_s(self) -> float:
        """Return the moment at which the bin is over."""
        return (self.index + 1) * BIN_S


@dataclass(frozen=True, slots=True)
class _Column:
    """The samples of one channel that are there: moments, values, and where each bin starts."""

    moments_s: list[float]
    values: list[float]
    starts: list[int]

    @classmethod
    def of(cls, t_s: Channel, values: Channel, starts: NDArray[np.int64]) -> _Column:
        there = np.flatnonzero(~np.isnan(values))
        edges = [*np.searchsorted(there, starts).tolist(), len(there)]
        return cls(t_s[there].tolist(), values[there].tolist(), edges)


def _channels(samples: Samples) -> tuple[Channel, Channel, Channel, Channel]:
    return (
        samples.left_vacuum_mmhg,
        samples.left_volume_ml,
        samples.right_vacuum_mmhg,
        samples.right_volume_ml,
    )


class Binner:
    """Collects rows until a bin is over, which the first row after it tells."""

    def __init__(self) -> None:
        self._index = 0
        self._open: Channels = ([], [], [], [])
        self._moments: Moments = ([], [])
        self._begun = False

    def push(self, samples: Samples) -> Iterator[Bin]:
        """Take rows in rising time and yield the bins that they close; empty bins are left out."""
        if not len(samples.t_s):
            return
        first, last = (int(samples.t_s[row] // BIN_S) for row in (0, -1))
        if first == last:
            yield from self._open_bin(first)
            self._add_rows(samples)
            return
        numbers = (samples.t_s // BIN_S).astype(np.int64)
        starts = np.concatenate(([0], np.flatnonzero(np.diff(numbers)) + 1))
        columns = [_Column.of(samples.t_s, values, starts) for values in _channels(samples)]
        for which, index in enumerate(numbers[starts].tolist()):
            yield from self._open_bin(index)
            for channel, column in enumerate(columns):
                part = slice(column.starts[which], column.starts[which + 1])
                self._open[channel].extend(column.values[part])
                if channel % 2:
                    self._moments[channel // 2].extend(column.moments_s[part])

    def _open_bin(self, index: int) -> Iterator[Bin]:
        if index != self._index and self._begun:
            yield from self.flush()
        self._index = index
        self._begun = True

    def _add_rows(self, samples: Samples) -> None:
        """Add rows of the open bin alone, as a live frame's are: too few for arrays to pay."""
        t_s = samples.t_s.tolist()
        for channel, column in enumerate(_channels(samples)):
            values = column.tolist()
            self._open[channel].extend([value for value in values if not isnan(value)])
            if channel % 2:
                moments = [at for at, value in zip(t_s, values, strict=True) if not isnan(value)]
                self._moments[channel // 2].extend(moments)

    def flush(self) -> Iterator[Bin]:
        """Yield the bin that is still open, when there is one: nothing more will come for it."""
        if self._begun:
            closed = Bin(self._index, self._open, self._moments)
            self._open = ([], [], [], [])
            self._moments = ([], [])
            self._begun = False
            yield closed

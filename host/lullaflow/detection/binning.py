"""Cuts samples of any rate and any cut into bins of half a second of device time.

All that follows works on bins, so how a recording arrives in pieces cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lullaflow.detection.samples import Samples

BIN_S: Final = 0.5
"""The board's frame: finer would decide no earlier, for frames arrive whole."""

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


class Binner:
    """Collects rows until a bin is over, which the first row after it tells."""

    def __init__(self) -> None:
        self._index = 0
        self._open: Channels = ([], [], [], [])
        self._moments: Moments = ([], [])
        self._begun = False

    def push(self, samples: Samples) -> Iterator[Bin]:
        """Take rows in rising time and yield the bins that they close; empty bins are left out."""
        times = samples.t_s.tolist()
        columns = (
            samples.left_vacuum_mmhg.tolist(),
            samples.left_volume_ml.tolist(),
            samples.right_vacuum_mmhg.tolist(),
            samples.right_volume_ml.tolist(),
        )
        start = 0
        while start < len(times):
            index = int(times[start] // BIN_S)
            if index != self._index and self._begun:
                yield from self.flush()
            self._index = index
            self._begun = True
            limit_s = (index + 1) * BIN_S
            end = start
            while end < len(times) and times[end] < limit_s:
                end += 1
            for which, column in enumerate(columns):
                if which % 2:
                    there = [i for i in range(start, end) if column[i] == column[i]]
                    self._open[which].extend([column[i] for i in there])
                    self._moments[which // 2].extend([times[i] for i in there])
                else:
                    self._open[which].extend([v for v in column[start:end] if v == v])
            start = end

    def flush(self) -> Iterator[Bin]:
        """Yield the bin that is still open, when there is one: nothing more will come for it."""
        if self._begun:
            closed = Bin(self._index, self._open, self._moments)
            self._open = ([], [], [], [])
            self._moments = ([], [])
            self._begun = False
            yield closed

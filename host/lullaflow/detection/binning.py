"""Cuts samples of any rate and any cut into bins of half a second of device time.

All that follows works on bins, so how a recording arrives in pieces cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import isnan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.samples import Samples

BIN_S: Final = 0.5
"""The board's frame: finer would decide no earlier, for frames arrive whole."""

MOST_LEFT_S: Final = BIN_S / 4.0
"""Of a bin that is given away with its last row no more than this is still to come: rows that come
more seldom tell too little of when the next one will."""

SLACK_S: Final = 1e-4
"""Moments are added up in binary. Of a rate that fits no milliseconds some bins wait for the next
row."""

NONE: Final = -(1 << 62)
"""No bin at all."""

Channel = NDArray[np.float64]
Moments = tuple[list[float], list[float]]
Channels = tuple[list[float], list[float], list[float], list[float]]


@dataclass(slots=True)
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

    def extend(self, more: Bin) -> None:
        """Add later samples of the same bin, before it is given away."""
        for mine, theirs in zip(self.channels, more.channels, strict=True):
            mine.extend(theirs)
        for mine, theirs in zip(self.moments, more.moments, strict=True):
            mine.extend(theirs)

    @property
    def start_s(self) -> float:
        """Return the bin's first moment."""
        return self.index * BIN_S

    @property
    def end_s(self) -> float:
        """Return the moment at which the bin is over."""
        return (self.index + 1) * BIN_S


def _channels(samples: Samples) -> tuple[Channel, Channel, Channel, Channel]:
    return (
        samples.left_vacuum_mmhg,
        samples.left_volume_ml,
        samples.right_vacuum_mmhg,
        samples.right_volume_ml,
    )


def _cut(
    values: Channel, rows: NDArray[np.int64], starts: NDArray[np.int64]
) -> Iterator[list[float]]:
    """Yield of each bin, which begins at a row of `starts`, the values at some of its rows."""
    edges = [*np.searchsorted(rows, starts).tolist(), len(rows)]
    kept = values[rows].tolist()
    return (kept[first:last] for first, last in pairwise(edges))


def _one_bin(index: int, samples: Samples) -> Bin:
    """Return a bin of few rows, as a live frame's are: too few for arrays to pay."""
    t_s = samples.t_s.tolist()
    channels: Channels = ([], [], [], [])
    moments: Moments = ([], [])
    for number, column in enumerate(_channels(samples)):
        values = column.tolist()
        channels[number].extend([value for value in values if not isnan(value)])
        if number % 2:
            at_s = [at for at, value in zip(t_s, values, strict=True) if not isnan(value)]
            moments[number // 2].extend(at_s)
    return Bin(index, channels, moments)


def _bins(samples: Samples, numbers: NDArray[np.int64]) -> Iterator[Bin]:
    """Yield the rows of each bin; `numbers` says in which bin a row is."""
    if numbers[0] == numbers[-1]:
        yield _one_bin(int(numbers[0]), samples)
        return
    starts = np.concatenate(([0], np.flatnonzero(np.diff(numbers)) + 1))
    columns = _channels(samples)
    rows = [np.flatnonzero(~np.isnan(values)) for values in columns]
    channels = [_cut(values, there, starts) for values, there in zip(columns, rows, strict=True)]
    moments = [_cut(samples.t_s, there, starts) for there in rows[1::2]]
    indices = numbers[starts].tolist()
    for index, a, b, c, d, *at_s in zip(indices, *channels, *moments, strict=True):
        yield Bin(index, (a, b, c, d), (at_s[0], at_s[1]))


class Binner:
    """Collects rows until a bin is over.

    It is over with its last row, by the step in which rows came lately, or with the first row after
    it. So what a frame of the board shows is known with that frame, not with the next. A row that
    comes all the same is counted to the next bin: how rows are cut into pieces must not matter.
    """

    def __init__(self) -> None:
        self._open: Bin | None = None
        self._full = NONE
        self._lately_s = np.full(2, np.nan)

    def push(self, samples: Samples) -> Iterator[Bin]:
        """Take rows in rising time and yield the bins that they close; empty bins are left out."""
        if not len(samples.t_s):
            return
        numbers = self._numbers(samples.t_s)
        for part in _bins(samples, numbers):
            if self._open is None or self._open.index != part.index:
                yield from self.flush()
                self._open = part
            else:
                self._open.extend(part)
        if self._full == numbers[-1]:
            yield from self.flush()

    def flush(self) -> Iterator[Bin]:
        """Yield the bin that is still open, when there is one: nothing more will come for it."""
        closed, self._open = self._open, None
        if closed is not None:
            yield closed

    def _numbers(self, t_s: Channel) -> NDArray[np.int64]:
        """Return in which bin each row is, and remember which bin was full last."""
        numbers = (t_s // BIN_S).astype(np.int64)
        left_s = (numbers + 1) * BIN_S - t_s
        moments_s = np.concatenate((self._lately_s, t_s))
        gaps_s = np.diff(moments_s)
        # After a gap the first step is none.
        step_s = np.fmin(gaps_s[1:], gaps_s[:-1])
        is_full = (left_s <= MOST_LEFT_S) & (step_s > left_s - SLACK_S)
        full = np.maximum.accumulate(
            np.concatenate(([self._full], np.where(is_full, numbers, NONE)))
        )
        self._lately_s, self._full = moments_s[-2:], int(full[-1])
        np.maximum(numbers, full[:-1] + 1, out=numbers)
        return numbers

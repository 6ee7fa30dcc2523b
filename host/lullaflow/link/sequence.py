"""Puts frames in order by their sequence numbers, each once, and knows what is missing. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MODULUS: Final = 1 << 32
_HALF: Final = 1 << 31

MAX_HELD: Final = 4096
"""Frames kept waiting behind a gap, more than any board's memory: half an hour."""


def ahead(seq: int, of: int) -> int:
    """Return how far one sequence number is ahead of another (negative: behind)."""
    return (seq - of + _HALF) % MODULUS - _HALF


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing frames: `count` of them from `first` on."""

    first: int
    count: int


class Sequencer(Generic[T]):
    """Orders the frames of one boot of the board.

    Args:
        expected: sequence number of the first frame wanted.

    Attributes:
        expected: the next one wanted; all before it were given out or given up.
        lost: how many were given up.
    """

    def __init__(self, expected: int) -> None:
        self.expected = expected % MODULUS
        self.lost = 0
        self._held: dict[int, T] = {}

    def push(self, seq: int, item: T) -> Iterator[T]:
        """Take a frame; yield it and what waited for it, if it is their turn.

        Frames that came before are dropped.
        """
        distance = ahead(seq, self.expected)
        if distance < 0 or seq in self._held or (distance and len(self._held) >= MAX_HELD):
            return
        self._held[seq] = item
        yield from self._release()

    def gap(self) -> Gap | None:
        """Return the first stretch of missing frames that later ones wait behind."""
        if not self._held:
            return None
        nearest = min(ahead(seq, self.expected) for seq in self._held)
        return Gap(self.expected, nearest)

    def give_up(self, count: int) -> Iterator[T]:
        """Count the next `count` frames as lost; yield those that waited behind them.

        Frames among them that were held after all are yielded too, and not counted.
        """
        for _ in range(count):
            item = self._held.pop(self.expected, None)
            if item is None:
                self.lost += 1
            else:
                yield item
            self.expected = (self.expected + 1) % MODULUS
        yield from self._release()

    def finish(self) -> Iterator[T]:
        """Yield all that is held, and count as lost what it waited for: the board began anew."""
        while (gap := self.gap()) is not None:
            yield from self.give_up(gap.count)

    def _release(self) -> Iterator[T]:
        while self.expected in self._held:
            item = self._held.pop(self.expected)
            self.expected = (self.expected + 1) % MODULUS
            yield item

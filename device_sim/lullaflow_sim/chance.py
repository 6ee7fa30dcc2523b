"""Chance that can be repeated: named streams of random numbers from one seed.

The bits are PCG64's, which NumPy promises never to change. What is made of them is made here, for
NumPy promises no such thing of its distributions (NEP 19).
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

import numpy as np
from numpy.random import PCG64, SeedSequence
from numpy.typing import NDArray

from lullaflow_sim.exact import cosine, exp, log

Curve = NDArray[np.float64]

BLOCK: Final = 256
"""Numbers made at once, by design: NumPy's cost is shared."""


class Chance:
    """One stream of random numbers."""

    def __init__(self, seed: SeedSequence) -> None:
        self._bits = PCG64(seed)
        self._even: list[float] = []
        self._normal: Curve = np.empty(0)

    def random(self) -> float:
        """Return a number evenly spread over 0 to 1, 1 left out."""
        if not self._even:
            self._even = self.randoms(BLOCK).tolist()
        return self._even.pop()

    def uniform(self, low: float, high: float) -> float:
        """Return a number evenly spread between two."""
        return low + (high - low) * self.random()

    def evenly(self, low: float, high: float) -> float:
        """Return a number between two positive ones, evenly spread in its logarithm."""
        return low * exp(self.random() * log(high / low))

    def below(self, count: int) -> int:
        """Return a whole number from 0 on, below a count."""
        return int(self.random() * count)

    def normal(self, mean: float = 0.0, deviation: float = 1.0) -> float:
        """Return a normally distributed number."""
        return mean + deviation * float(self.normals(1)[0])

    def times(self, mean: float) -> int:
        """Return how often something happens that happens `mean` times on average (Poisson)."""
        limit, product, count = exp(-mean), self.random(), 0
        while product > limit:
            product *= self.random()
            count += 1
        return count

    def randoms(self, count: int) -> Curve:
        """Return numbers evenly spread over 0 to 1, 1 left out."""
        raw = self._bits.random_raw(count) >> np.uint64(11)
        return raw.astype(np.float64) * 2.0**-53

    def normals(self, count: int) -> Curve:
        """Return normally distributed numbers, mean 0, deviation 1."""
        while len(self._normal) < count:
            # Box and Muller 1958, doi 10.1214/aoms/1177706645.
            radius = np.sqrt(-2.0 * log(1.0 - self.randoms(BLOCK)))
            fresh = radius * cosine(self.randoms(BLOCK))
            self._normal = np.concatenate((self._normal, fresh))
        taken, self._normal = self._normal[:count], self._normal[count:]
        return taken


def stream(seed: int, *names: str) -> Chance:
    """Return the stream of a seed that belongs to a name.

    Every part draws from a stream of its own, so that what one part draws (when a cue changes its
    course, say) never shifts what another part gets.
    """
    return Chance(SeedSequence([seed, *(crc32(name.encode()) for name in names)]))

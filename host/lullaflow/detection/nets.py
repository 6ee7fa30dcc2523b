"""Small neural networks that have learnt what milk looks like: the other half of `likeness`.

Each has two layers of rectified units (multilayer perceptrons; Goodfellow, Bengio and Courville
2016, chapter 6), and all were taught alike but for the numbers with which they began: what one has
learnt by chance, the others have not (Hansen and Salamon 1990).
"""

from __future__ import annotations

from base64 import b85decode
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Packed = tuple[str, tuple[int, ...], str]

FURTHEST: Final = 5.0
"""Figures are taken for no stranger than this many standard deviations."""


def squeezed(figures: Array, units: Array) -> Array:
    """Return figures on a scale that is even about zero and logarithmic far away.

    Args:
        figures: `(..., n)`.
        units: how much of each figure is little, `(n,)`.
    """
    even: Array = np.arcsinh(figures / units)
    return even


class Nets:
    """Several networks that look at the same figures.

    Args:
        weights: by name: `units`, `mean`, `scale` `(n,)`, and of each layer `weights_1`
            `(nets, n, h)` and `bias_1` `(nets, h)`, likewise 2 and 3.
    """

    def __init__(self, weights: Mapping[str, NDArray[np.floating]]) -> None:
        known = {name: np.asarray(each, np.float64) for name, each in weights.items()}
        self._units, self._mean, self._scale = known["units"], known["mean"], known["scale"]
        first = known["weights_1"]
        # All first layers look at the same: one product for them all.
        self._first = np.ascontiguousarray(np.moveaxis(first, 1, 0).reshape(first.shape[1], -1))
        self._first_bias = known["bias_1"].ravel()
        self._second, self._second_bias = known["weights_2"], known["bias_2"][:, None]
        self._third, self._third_bias = known["weights_3"][..., 0], float(known["bias_3"].mean())

    def log_odds(self, figures: Array) -> float:
        """Return what they say together, the mean of their log odds."""
        even = (squeezed(figures, self._units) - self._mean) * self._scale
        seen = np.maximum(even.clip(-FURTHEST, FURTHEST) @ self._first + self._first_bias, 0.0)
        known = seen.reshape(len(self._second), 1, -1) @ self._second + self._second_bias
        heard = np.maximum(known[:, 0], 0.0)
        return float((heard * self._third).sum()) / len(heard) + self._third_bias


def read_nets(packed: Mapping[str, Packed]) -> Nets:
    """Read networks that were written: by name the type, the shape and the bytes in base 85."""
    return Nets(
        {
            name: np.frombuffer(b85decode(text.replace("\n", "")), kind).reshape(shape)
            for name, (kind, shape, text) in packed.items()
        }
    )

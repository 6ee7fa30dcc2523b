"""Flow as the slope of a line through a bottle's last levels, by least squares."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from lullaflow.detection.binning import BIN_S


@cache
def slope(bins: int) -> NDArray[np.float64]:
    """Return weights `(bins + 1,)`: levels one bin apart, ml, times these, added up, are ml/s."""
    at_s = BIN_S * (np.arange(bins + 1) - bins / 2.0)
    weights: NDArray[np.float64] = at_s / (at_s @ at_s)
    weights.flags.writeable = False
    return weights

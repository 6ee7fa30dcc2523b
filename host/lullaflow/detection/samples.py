"""The samples of every channel, as the core sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Channel = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Samples:
    """A stretch of rows in rising time; NaN is 'no sample of this channel now'.

    All arrays have the shape `(n,)`. How a recording is cut into stretches never matters.

    Attributes:
        t_s: device time since the recording began, seconds.
        left_vacuum_mmhg: suction below the air, positive, mmHg.
        left_volume_ml: what the bottle's scale says, ml.
        right_vacuum_mmhg: as left.
        right_volume_ml: as left.
    """

    t_s: Channel
    left_vacuum_mmhg: Channel
    left_volume_ml: Channel
    right_vacuum_mmhg: Channel
    right_volume_ml: Channel

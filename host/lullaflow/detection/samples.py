"""The samples of every channel, as the core sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Channel = NDArray[np.float64]

MOST: Final = 1e6
"""No suction (mmHg) and no volume (ml) is larger: such a figure is none, or in another unit."""


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

    def check(self, after_s: float) -> None:
        """Say what is wrong with rows that somebody has put together.

        Args:
            after_s: the last moment before these.

        Raises:
            ValueError: where columns differ in length, moments do not rise, or figures are none.
        """
        columns = {
            "t_s": self.t_s,
            "left_vacuum_mmhg": self.left_vacuum_mmhg,
            "left_volume_ml": self.left_volume_ml,
            "right_vacuum_mmhg": self.right_vacuum_mmhg,
            "right_volume_ml": self.right_volume_ml,
        }
        for name, column in columns.items():
            if not isinstance(column, np.ndarray) or column.shape != (len(self.t_s),):
                raise ValueError(
                    f"{name} is no NumPy array of as many figures as t_s; where there is no sample "
                    "put NaN"
                )
            if name != "t_s" and bool((np.abs(column) > MOST).any()):
                raise ValueError(f"{name} has figures over {MOST:g}; are they in mmHg and ml?")
        moments_s = np.append(after_s, self.t_s)
        if not bool(np.isfinite(self.t_s).all()) or bool((np.diff(moments_s) < 0.0).any()):
            raise ValueError("t_s must rise, in seconds, and from one piece to the next as well")

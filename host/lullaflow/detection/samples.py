"""The samples of every channel, as the core sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Channel = NDArray[np.float64]

MOST: Final = 1e6
"""No suction (mmHg) and no volume (ml) is larger: it is in another unit, or broken."""

LATEST_S: Final = 1e11
"""Three thousand years: later moments are no dates any more."""


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
            ValueError: where columns differ in length or hold no figures, where moments fall, and
                where figures are larger than any can be.
        """
        columns = {
            "t_s": self.t_s,
            "left_vacuum_mmhg": self.left_vacuum_mmhg,
            "left_volume_ml": self.left_volume_ml,
            "right_vacuum_mmhg": self.right_vacuum_mmhg,
            "right_volume_ml": self.right_volume_ml,
        }
        for name, column in columns.items():
            if not isinstance(column, np.ndarray) or column.dtype.kind not in "fiu":
                raise ValueError(f"{name} is no NumPy array of figures; use np.asarray(..., float)")
            if column.shape != (len(self.t_s),):
                raise ValueError(
                    f"{name} has not as many figures as t_s; where there is no sample put NaN"
                )
            if name != "t_s" and bool((np.abs(column) > MOST).any()):
                raise ValueError(f"{name} has figures over {MOST:g}; are they in mmHg and ml?")
        moments_s = np.append(after_s, self.t_s)
        known = bool((np.abs(self.t_s) <= LATEST_S).all())
        if not known or bool((np.diff(moments_s) < 0.0).any()):
            raise ValueError("t_s must be seconds that do not fall, nor from piece to piece")

"""How evenly milk comes: the level walks while it flows, learnt from the session itself.

Drops that fell evenly would leave a level as steady as a bottle without milk. Drops that fall at
random, in packets of a mass `m`, make it walk beside its line: its variance grows by `flow x m` a
second (a compound Poisson process). Two bottles that walk at once look like a let-down of both
sides. A level bent over whole strokes of the pump, `y[0] - 2 y[n] + y[2n]`, feels hardly anything
of even spurts; what it varies by beyond what it does without milk tells `m`.
"""

from __future__ import annotations

import math
from typing import Final

from lullaflow.detection.binning import BIN_S
from lullaflow.detection.noise import FIRST_ML, seen

STROKES_S: Final = 1.5
"""Strokes of this long, at least, are bent over: packets show the better the longer, but flow bends
by itself. The longest stroke, of four seconds, needs all of the `REACH` levels."""

BINS: Final = 60.0
"""Packets are learnt over half a minute of flow ..."""

FIRST_BINS: Final = 10.0
FIRST_ML_S: Final = 0.1
"""... and at first there are none, as if five seconds of such a flow had shown it."""

CLIP: Final = 1.0
CLIP_SHARE: Final = 1.94
"""What lies farther out than the spread known so far is a change of flow, and teaches no more than
this; 1 / 0.516 of normal noise is left."""

EVEN_ML: Final = 0.01
"""So much is learnt of drops and spurts that come evenly, in the noise of a usual scale."""

SHARE: Final = 4.0 / 3.0
"""Of Poisson drops three quarters of the mass are learnt, for a level is the mean of a bin and what
is far out is clipped. Found, as `EVEN_ML`, by learning from drops of known mass; so does
`test_detection_packets.py`."""

MOST_ML: Final = 0.05
"""So much is learnt of drops of 0.07 ml (water: 0.05); what looks like more is none of theirs."""


class Packets:
    """Learns the packets in which milk comes into one bottle."""

    def __init__(self) -> None:
        self._still = 6.0 * FIRST_ML**2
        self._still_bins = 0.0
        self._gathered = 0.0
        self._flowed = FIRST_BINS * FIRST_ML_S
        self._learnt_ml = 0.0

    @property
    def mass_ml(self) -> float:
        """Return their mass, rather too small than too large.

        But steps of 0.1 ml on a scale without noise make packets of their own.
        """
        return SHARE * max(self._learnt_ml - EVEN_ML, 0.0)

    def learn_still(self, levels: list[float], spurt_s: float) -> None:
        """Take the last `REACH` levels (ml) of a bottle into which no milk comes."""
        _, bend = _bend(levels, spurt_s)
        rate = 1.0 / min(BINS, FIRST_BINS + self._still_bins)
        self._still_bins += 1.0
        self._still += rate * (seen(self._still, bend, CLIP, CLIP_SHARE) - self._still)

    def learn_flow(self, levels: list[float], spurt_s: float, flow_ml_s: float) -> None:
        """Take the last `REACH` levels (ml) of an even flow; `spurt_s` is the time of a stroke."""
        bins, bend = _bend(levels, spurt_s)
        usual = self._still + 2.0 * bins * BIN_S * flow_ml_s * max(self._learnt_ml, EVEN_ML)
        beyond = seen(usual, bend, CLIP, CLIP_SHARE) - self._still
        keep = 1.0 - 1.0 / BINS
        self._gathered = keep * self._gathered + beyond / (2.0 * bins * BIN_S)
        self._flowed = keep * self._flowed + flow_ml_s
        self._learnt_ml = min(max(self._gathered / self._flowed, 0.0), MOST_ML)


def _bend(levels: list[float], spurt_s: float) -> tuple[int, float]:
    """Return over how many bins the level is bent, and by how much, ml."""
    strokes = math.ceil(STROKES_S / spurt_s)
    bins = round(strokes * spurt_s / BIN_S)
    return bins, levels[-1] - 2.0 * levels[-1 - bins] + levels[-1 - 2 * bins]

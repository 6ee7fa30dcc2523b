"""One cycle of suction, for each family of pumps."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow_sim.exact import exp, sine
from lullaflow_sim.pump.plan import Wave

POINTS: Final = 65
"""Of a tabulated cycle, by design: 30 ms apart in a cycle of 2 s, near the sensor's 20 ms."""

GRID: Final = np.arange(POINTS) / (POINTS - 1)

TRAPEZOID_RISE: Final = 0.25
TRAPEZOID_FALL: Final = 0.2
"""Flanks of a trapezoid, as shares of the time under suction; assumed."""

EXPONENTIAL_RISE: Final = 4.0
EXPONENTIAL_FALL: Final = 8.0
"""Time constants in the rise and in the release of an exponential; assumed."""

SAWTOOTH_FALL: Final = 0.1
"""Release of a sawtooth, as a share of the cycle; assumed."""

NEAR_CONSTANT_DIP: Final = 0.35
"""What near-constant suction gives up in each cycle, as a share of the peak; assumed."""


def cycle(wave: Wave, duty: float) -> NDArray[np.float64]:
    """Return suction over a cycle, at `GRID`, peak 1.

    Args:
        wave: its form.
        duty: share of the cycle under suction.
    """
    return np.array([_value(wave, x, duty) for x in GRID.tolist()])


def _value(wave: Wave, x: float, duty: float) -> float:
    pull = min(x / duty, 1.0)
    match wave:
        case Wave.SINE:
            return _squared(sine(0.5 * pull))
        case Wave.TRAPEZOID:
            rise, fall = x / (TRAPEZOID_RISE * duty), (duty - x) / (TRAPEZOID_FALL * duty)
            return max(0.0, min(1.0, rise, fall))
        case Wave.EXPONENTIAL:
            if x < duty:
                return (1.0 - exp(-EXPONENTIAL_RISE * pull)) / (1.0 - exp(-EXPONENTIAL_RISE))
            release = (x - duty) / (1.0 - duty)
            return exp(-EXPONENTIAL_FALL * release) * (1.0 - release)
        case Wave.SAWTOOTH:
            return pull if x < duty else max(0.0, 1.0 - (x - duty) / SAWTOOTH_FALL)
        case Wave.NEAR_CONSTANT:
            return 1.0 - NEAR_CONSTANT_DIP * _squared(_squared(_squared(sine(0.5 * x))))


def _squared(x: float) -> float:
    return x * x

"""How the pressure of one milk ejection rises and falls.

Ultrasound shows ducts that widen to a peak and narrow again, with flow that 'rises quickly with
visible jets, then slows' (Geddes 2009, doi 10.1186/1746-4358-4-5). No paper gives a formula, so
there are several forms here, and a detector that needs one of them is found out.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow_sim.exact import cosine, exp

POINTS: Final = 129
"""Of a tabulated curve, by design: 1.6 s apart in the longest ejection (210 s), finer than any
rise."""

GRID: Final = np.arange(POINTS) / (POINTS - 1)

FALL_OVER_RISE: Final = 1.5
"""A plateau's fall against its rise, in time; assumed."""

DIP: Final = 0.28
DIP_AFTER: Final = 0.25
DIP_WIDTH: Final = 0.09
HUMPS_FALL: Final = 0.35
"""Between two humps: depth of the dip as a share of the peak (above 0.6 of it stays: one ejection,
by the rule of truth), where it lies after the first peak and how wide it is, and how long the last
fall takes, as shares of the length; assumed."""

JET_RISE: Final = 3.0
JET_DECAY: Final = 2.2
"""Time constants of a jet: in its rise, and in its length; assumed."""

SOFT_END: Final = 0.15
"""Share of the length over which a tail that does not reach zero by itself is brought there;
assumed."""


class Shape(Enum):
    """A form of ejection; all are assumed, between them they span what can be seen."""

    TRIANGULAR = "triangular"
    GAMMA = "gamma"
    PLATEAU = "plateau"
    DOUBLE_HUMPED = "double_humped"
    JET = "jet"


def curve(shape: Shape, rise_share: float) -> NDArray[np.float64]:
    """Return pressure over an ejection's length, at `GRID`, peak 1, zero at both ends.

    Args:
        shape: its form.
        rise_share: where in its length the (first) peak lies, 0 to 1.
    """
    form = _FORMS[shape]
    values = np.array([max(form(u, rise_share), 0.0) for u in GRID.tolist()])
    values[[0, -1]] = 0.0
    shares: NDArray[np.float64] = values / values.max()
    return shares


def _triangular(u: float, rise: float) -> float:
    return u / rise if u < rise else (1.0 - u) / (1.0 - rise)


def _gamma(u: float, rise: float) -> float:
    x = u / rise
    return x * exp(1.0 - x) * _soft_end(u)


def _plateau(u: float, rise: float) -> float:
    return _half_cosine(u / rise) * _half_cosine((1.0 - u) / (FALL_OVER_RISE * rise))


def _double_humped(u: float, rise: float) -> float:
    off = (u - rise - DIP_AFTER) / DIP_WIDTH
    dip = DIP * exp(-off * off)
    return _half_cosine(u / rise) * _half_cosine((1.0 - u) / HUMPS_FALL) * (1.0 - dip)


def _jet(u: float, rise: float) -> float:
    return (1.0 - exp(-JET_RISE * u / rise)) * exp(-JET_DECAY * u) * _soft_end(u)


def _half_cosine(x: float) -> float:
    return 0.5 - 0.5 * cosine(0.5 * min(max(x, 0.0), 1.0))


def _soft_end(u: float) -> float:
    return min(1.0, (1.0 - u) / SOFT_END)


_FORMS: Final[dict[Shape, Callable[[float, float], float]]] = {
    Shape.TRIANGULAR: _triangular,
    Shape.GAMMA: _gamma,
    Shape.PLATEAU: _plateau,
    Shape.DOUBLE_HUMPED: _double_humped,
    Shape.JET: _jet,
}

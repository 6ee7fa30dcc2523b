"""What a hand, a knock or a lifted bottle does to the weight. All forms are assumed."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow_sim.chance import Chance
from lullaflow_sim.exact import cosine, exp, sine
from lullaflow_sim.sensors.plan import Disturbance, Touch

Curve = NDArray[np.float64]

RING_HZ: Final = 3.7
"""A bottle on its sensor rings at a few hertz, assumed."""

RING_OUT: Final = 8.0
"""A knock is over after this many of its time constants, by design: below a thousandth."""

TREMBLE: Final = 0.05
TREMBLE_G: Final = 0.3
"""A hand trembles by this share of its weight, and by this much at least, g; assumed."""

LEAN_TREMBLE_G: Final = 0.1
"""What leans on a bottle trembles less, g; assumed."""

BREATH: Final = 0.1
BREATH_HZ: Final = 0.25
"""Who leans breathes: share by which the weight swings, and how often; assumed."""

EASE_S: Final = 0.5
EASE_SHARE: Final = 0.1
"""How fast a lean or a tilt comes and goes: seconds, and the share of its length added; assumed."""

GRASP_S: Final = 0.4
"""How fast a hand takes hold, and lets go; assumed."""


def lasts_s(touch: Disturbance) -> float:
    """Return how long a touch can be seen."""
    match touch.kind:
        case Touch.BUMP:
            return RING_OUT * touch.for_s
        case Touch.SETTLE | Touch.TARE:
            return 0.0
        case _:
            return touch.for_s


def felt_g(
    touch: Disturbance, since_s: Curve, load_g: Curve, bottle_g: float, chance: Chance
) -> Curve:
    """Return what a touch adds while it lasts.

    Args:
        touch: which.
        since_s: moments since it began.
        load_g: what the scale would show without it.
        bottle_g: weight of the empty bottle, tared away.
        chance: for what trembles.
    """
    match touch.kind:
        case Touch.BUMP:
            return touch.grams * exp(-since_s / touch.for_s) * cosine(RING_HZ * since_s)
        case Touch.LIFT | Touch.SWAP:
            hold = _grasp(since_s, touch.for_s)
            return hold * (-bottle_g - load_g) + _tremble(TREMBLE_G, since_s, chance)
        case Touch.TILT:
            return _ease(since_s, touch.for_s) * -touch.grams * (load_g + bottle_g)
        case Touch.LEAN:
            press = _ease(since_s, touch.for_s) * (1.0 + BREATH * sine(BREATH_HZ * since_s))
            return touch.grams * press + _tremble(LEAN_TREMBLE_G, since_s, chance)
        case _:
            press = _grasp(since_s, touch.for_s)
            shake = max(TREMBLE_G, TREMBLE * abs(touch.grams))
            return touch.grams * press + press * _tremble(shake, since_s, chance)


def remains_g(touch: Disturbance, shown_g: float) -> float:
    """Return the step that a touch leaves behind, given what the scale showed without it."""
    match touch.kind:
        case Touch.SETTLE | Touch.LIFT:
            return touch.grams
        case Touch.SWAP:
            return touch.grams - shown_g
        case Touch.TARE:
            return -shown_g
        case _:
            return 0.0


def _grasp(since_s: Curve, length_s: float) -> Curve:
    return np.clip(np.minimum(since_s, length_s - since_s) / GRASP_S, 0.0, 1.0)


def _ease(since_s: Curve, length_s: float) -> Curve:
    edge_s = EASE_S + EASE_SHARE * length_s
    way = np.minimum(since_s, length_s - since_s) / edge_s
    return 0.5 - 0.5 * cosine(0.5 * np.clip(way, 0.0, 1.0))


def _tremble(grams: float, since_s: Curve, chance: Chance) -> Curve:
    return grams * chance.normals(len(since_s))

"""What a person does to the scales by hand: known masses, and load cells that nobody calibrated."""

from __future__ import annotations

from typing import Final

import numpy as np

from lullaflow_sim.world import Senses

NOISE_G: Final = 0.03
"""Spread of the readings of a small load cell at rest: an HX711 at 10 Hz, rounded up."""

_WEIGHTS: Final = (1, 3)
"""Where the scales stand in `Senses`: left, right."""


class ByHand:
    """Stands between the world and the sensors."""

    def __init__(self) -> None:
        self._chance = np.random.default_rng(1)
        self._masses_g: list[float | None] = [None, None]
        self._cells = [(0.0, 1.0), (0.0, 1.0)]

    def put(self, side: int, grams: float) -> None:
        """Put a known mass on a scale; the session's bottle is off it from now on."""
        self._masses_g[side] = grams

    def swap_cell(self, side: int, zero_g: float, factor: float) -> None:
        """Make a scale show `zero_g` without load, and `factor` for each true gram."""
        self._cells[side] = (zero_g, factor)

    def felt(self, senses: Senses) -> Senses:
        """Return what the sensors show of what the world does; a side not in use shows nothing."""
        shown = list(senses)
        for side, at in enumerate(_WEIGHTS):
            true_g, mass_g = senses[at], self._masses_g[side]
            if true_g is None:
                continue
            if mass_g is not None:
                true_g = mass_g + float(self._chance.normal(0.0, NOISE_G))
            zero_g, factor = self._cells[side]
            shown[at] = zero_g + factor * true_g
        return (shown[0], shown[1], shown[2], shown[3])

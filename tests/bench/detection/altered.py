"""Training recordings, altered before they teach: other drops, and arms of all weights.

In the simulator's body drops fall evenly and arms are heavy; nobody knows how that is elsewhere.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.detection.readings import GULP_ML
from bench.detection.recording import COLUMNS, Recording, TrueSide
from lullaflow.detection import Samples

Curve = NDArray[np.float64]

LEAST_DROP_ML: Final = 0.02
MOST_DROP_ML: Final = 0.1
"""A drop of water is 0.05 ml."""

LEANS_H: Final = 6.0
LIGHTEST_ML: Final = 0.3
HEAVIEST_ML: Final = 15.0
SHORTEST_S: Final = 1.0
LONGEST_S: Final = 6.5
HELD_LEAST_S: Final = 7.0
HELD_MORE_S: Final = 20.0
"""An arm leans on each bottle so often an hour, with any weight (log-uniform). It takes up to as
long as the slowest shape that `templates` knows, and stays for 7 s and some 20 s more. Assumed."""


def dripping(made: Recording) -> Samples:
    """Return what the scales would show if the milk fell in drops at random (Poisson)."""
    random = np.random.default_rng(made.seed)
    drop_ml = random.uniform(LEAST_DROP_ML, MOST_DROP_ML)
    columns = {name: getattr(made.samples, name) for name in COLUMNS}
    for name, side in made.sides.items():
        even_ml = np.diff(side.milk_ml, prepend=0.0)
        # What falls at once is a gulp, and stays one.
        drops_ml = np.where(even_ml < GULP_ML, drop_ml * random.poisson(even_ml / drop_ml), even_ml)
        change_ml = np.cumsum(drops_ml) - side.milk_ml
        volume_ml = columns[f"{name}_volume_ml"] + np.interp(
            made.samples.t_s, made.true_t_s, change_ml
        )
        columns[f"{name}_volume_ml"] = _shown(volume_ml, side)
    return Samples(*(columns[name] for name in COLUMNS))


def leant_on(made: Recording, samples: Samples) -> Samples:
    """Return what the scales would show if arms of all weights leant on the bottles, too."""
    random = np.random.default_rng(made.seed + 1)
    t_s = samples.t_s
    columns = {name: getattr(samples, name) for name in COLUMNS}
    for name, side in made.sides.items():
        weight_ml = np.zeros(len(t_s))
        for _ in range(random.poisson(LEANS_H * made.hours)):
            at_s = random.uniform(0.0, t_s[-1])
            ml = np.exp(random.uniform(np.log(LIGHTEST_ML), np.log(HEAVIEST_ML)))
            away_s = at_s + random.exponential(HELD_MORE_S) + HELD_LEAST_S
            for begun_s, change_ml in ((at_s, ml), (away_s, -ml)):
                lasts_s = random.uniform(SHORTEST_S, LONGEST_S)
                way = np.clip((t_s - begun_s) / lasts_s, 0.0, 1.0)
                weight_ml += change_ml * (0.5 - 0.5 * np.cos(np.pi * way))
        columns[f"{name}_volume_ml"] = _shown(columns[f"{name}_volume_ml"] + weight_ml, side)
    return Samples(*(columns[name] for name in COLUMNS))


def _shown(volume_ml: Curve, side: TrueSide) -> Curve:
    shown: Curve = np.round(volume_ml / side.step_ml) * side.step_ml
    return shown

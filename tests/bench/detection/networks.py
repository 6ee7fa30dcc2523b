"""Networks that learn what milk looks like: taught by scikit-learn, written down for `nets`."""

from __future__ import annotations

import warnings
from base64 import b85encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from bench.detection.lessons import Examples, Rows
from lullaflow.detection.nets import FURTHEST, Packed, squeezed
from lullaflow.detection.sight import FIGURES

NETS: Final = 4
UNITS: Final = (128, 64)
BATCH: Final = 512
PENALTY: Final = 0.3
STEPS: Final = ((5, 1e-3), (2, 3e-4), (2, 1e-4))
"""So often each goes through all examples, and how far it goes. Networks half as large, with a
stricter penalty, knew as much alone, but less beside the trees."""

WIDTH: Final = 96

LITTLE_ML: Final = 0.03
LITTLE_ML2: Final = 1e-4
"""How much of a level, or of a flow in ml/s, is little; and of a variance. Of all else, one is."""

LEAST_SPREAD: Final = 0.05
"""Figures that hardly differ among the examples count as if they differed so much."""

Weights = Mapping[str, NDArray[np.floating]]


def little(name: str) -> float:
    """Return how much of a figure is little, by its name."""
    if name.endswith("ml2"):
        return LITTLE_ML2
    return LITTLE_ML if name.endswith(("ml", "ml_s")) else 1.0


def standard(lesson: Examples) -> Weights:
    """Return how figures are made comparable, as `Nets` takes it."""
    units = np.array([little(name) for name in FIGURES], np.float32)
    even = squeezed(lesson.figures, units)
    return {
        "units": units,
        "mean": even.mean(0, np.float64),
        "scale": 1.0 / np.maximum(even.std(0, np.float64), LEAST_SPREAD),
    }


def networks(lesson: Examples, how: Weights) -> list[MLPClassifier]:
    """Return networks that have learnt from examples."""
    seen: Rows = squeezed(lesson.figures, how["units"])
    seen -= how["mean"].astype(np.float32)
    seen *= how["scale"].astype(np.float32)
    seen.clip(-FURTHEST, FURTHEST, out=seen)
    with warnings.catch_warnings(), threadpool_limits(1):
        # They are stopped on purpose. Products of this size are slower on several processors.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [network(seen, lesson.true, seed) for seed in range(NETS)]


def network(seen: Rows, true: Rows, seed: int) -> MLPClassifier:
    """Return one network that has learnt from comparable figures, begun by a seed."""
    (times, far), *later = STEPS
    net = MLPClassifier(
        UNITS,
        alpha=PENALTY,
        batch_size=BATCH,
        learning_rate_init=far,
        max_iter=times,
        random_state=np.random.RandomState(seed),
    )
    net.fit(seen, true)
    for times, far in later:
        # scikit-learn has no public way to take shorter steps later on.
        net._optimizer.learning_rate_init = far
        for _ in range(times):
            net.partial_fit(seen, true)
    return net


def weights(nets: Sequence[MLPClassifier], how: Weights) -> Weights:
    """Return what networks have learnt, as `Nets` takes it, in half precision."""
    learnt = {name: each.astype("<f4") for name, each in how.items()}
    for layer in range(len(UNITS) + 1):
        learnt[f"weights_{layer + 1}"] = np.array([net.coefs_[layer] for net in nets], "<f2")
        learnt[f"bias_{layer + 1}"] = np.array([net.intercepts_[layer] for net in nets], "<f2")
    return learnt


def packed(learnt: Weights) -> dict[str, Packed]:
    """Return what networks have learnt, as `read_nets` takes it."""
    return {
        name: (each.dtype.str, each.shape, b85encode(each.tobytes()).decode())
        for name, each in learnt.items()
    }


def write_weights(learnt: Weights, path: Path) -> None:
    """Write what networks have learnt as a module."""
    lines = [
        '"""What the networks of `nets` have learnt. Written by `bench.detection.teach`."""',
        "",
        "from typing import Final",
        "",
        "WEIGHTS: Final = {",
    ]
    for name, (kind, shape, text) in packed(learnt).items():
        wrapped = "\n".join(text[at : at + WIDTH] for at in range(0, len(text), WIDTH))
        lines += [
            f'    "{name}": (',
            f'        "{kind}",',
            f"        {shape},",
            f'        """{wrapped}""",',
            "    ),",
        ]
    lines += ["}", '"""By name the type, the shape and the bytes in base 85; see `nets`."""', ""]
    path.write_text("\n".join(lines), "utf-8")

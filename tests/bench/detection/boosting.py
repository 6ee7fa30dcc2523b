"""Trees that learn what milk looks like: boosted by scikit-learn, written down for `forest`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from bench.detection.lessons import Examples
from lullaflow.detection.sight import FIGURES

TREES: Final = 300
LEAVES: Final = 31
RATE: Final = 0.1
LEAST_ROWS: Final = 80
RIDGE: Final = 5.0
"""Trees of 16 leaves knew less of sessions they had not seen, and of the other generator; larger
ones than these take more room, and were not compared."""

RISING: Final = (
    "weight",
    *(
        f"{side} {name}"
        for side in ("stronger", "weaker")
        for name in ("against_all", "against_all_ample")
    ),
)
"""More of these never makes a rise less likely."""

LEAF_DIGITS: Final = 5
EDGE_DIGITS: Final = 9
"""Where a figure is split is written exactly, for many lie close to it."""


def boosted(lesson: Examples) -> HistGradientBoostingClassifier:
    """Return trees that have learnt from examples."""
    return HistGradientBoostingClassifier(
        max_iter=TREES,
        learning_rate=RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAST_ROWS,
        l2_regularization=RIDGE,
        monotonic_cst=[int(name in RISING) for name in FIGURES],
        early_stopping=False,
        random_state=0,
    ).fit(lesson.figures, lesson.true)


def words(trees: HistGradientBoostingClassifier) -> Iterator[str]:
    """Yield each tree as `forest` reads it."""
    # scikit-learn has no public way to read these trees.
    for (predictor,) in trees._predictors:
        nodes = predictor.nodes

        def branch(at: int, nodes: NDArray[np.void] = nodes) -> str:
            node = nodes[at]
            if node["is_leaf"]:
                return f"{node['value']:.{LEAF_DIGITS}g}"
            asked = f"{node['feature_idx']}:{node['num_threshold']:.{EDGE_DIGITS}g}"
            return f"{asked} {branch(node['left'])} {branch(node['right'])}"

        yield branch(0)


def write_trees(trees: HistGradientBoostingClassifier, path: Path) -> None:
    """Write the trees as a module."""
    bias = float(np.ravel(trees._baseline_prediction)[0])
    lines = [
        '"""What the trees of `forest` have learnt. Written by `bench.detection.teach`."""',
        "",
        "from typing import Final",
        "",
        f"BIAS: Final = {bias:.{LEAF_DIGITS}g}",
        "",
    ]
    body = "\n\n".join(_wrapped(each) for each in words(trees))
    lines += [f'TREES: Final = """{body}"""', '"""One tree a paragraph; see `forest`."""', ""]
    path.write_text("\n".join(lines), "utf-8")


def _wrapped(text: str, most: int = 80) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= most:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)

"""Teach the eye of `likeness` on training recordings; the benchmark's are never touched.

make teach

Every rise that is worth a look, at every half second, is one example: true when a let-down began in
the last 30 s. In every second recording the milk is let fall anew, in drops at random, and in all
of them arms of any weight lean on the bottles (`altered.py`).

The trees are boosted by scikit-learn, and more evidence may only ever make a rise likelier. Half of
the sessions teach first and the other half judge, to show what the trees know; then all of them
teach, and the trees are written to `lullaflow/detection/trees.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss, roc_auc_score

from bench.detection.altered import dripping, leant_on
from bench.detection.ours import patient
from bench.detection.recording import Recording, recording
from bench.detection.running import pool, run_all
from bench.detection.scoring import EARLIEST_S, LATEST_S
from bench.detection.seeds import Use, seeds
from lullaflow.detection import LetDownDetector, likeness
from lullaflow.detection.binning import Binner
from lullaflow.detection.likeness import Looks
from lullaflow.detection.shape import Shape

SESSIONS: Final = {"typical": 600, "hard": 600, "dry": 700, "volume_only": 300}
"""Of each family."""

TREES: Final = 60
LEAVES: Final = 8
RATE: Final = 0.15
LEAST_ROWS: Final = 80
RIDGE: Final = 5.0
"""Few small trees, so that they learn what holds for all kinds of sessions. More of them, or larger
ones, know the training sessions better and others no better."""

RISING: Final = ("weight", "against_none", "against_all_ample", "calm_bins")
FALLING: Final = ("sunk_ml",)
"""More of these never makes a rise less likely, or more."""

FIGURES: Final = tuple(each.name for each in (*fields(Looks)[:-1], *fields(Shape)))
"""In the order of `Looks.figures`."""

DIGITS: Final = 6

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Examples:
    """The rises of one recording: figures `(n, 12)`, and which are a let-down's `(n,)`."""

    figures: Rows
    true: Rows


def examples(task: tuple[str, int]) -> Examples:
    """Return the rises of one training recording, by family and seed."""
    family, seed = task
    made = recording(family, Use.TRAINING, seed)
    samples = leant_on(made, dripping(made) if seed % 2 else made.samples)
    figures, true = [], []
    with patient():
        detector, binner = LetDownDetector(), Binner()
        for bin_ in binner.push(samples):
            detector.push(bin_)
            kind = None if detector.looks is None else _is_true(made, bin_.end_s)
            if detector.looks is not None and kind is not None:
                figures.append(detector.looks.figures)
                true.append(float(kind))
    return Examples(np.array(figures).reshape(-1, len(FIGURES)), np.array(true))


def _is_true(made: Recording, at_s: float) -> bool | None:
    """Tell whether a rise that is seen now is a let-down's; None where it is neither."""
    if any(_fits(each.onset_s, at_s) for each in made.let_downs):
        return True
    return None if any(_fits(onset_s, at_s) for onset_s in made.resumptions_s) else False


def _fits(onset_s: float, at_s: float) -> bool:
    return onset_s - EARLIEST_S <= at_s <= onset_s + LATEST_S


def teach(figures: Rows, true: Rows) -> HistGradientBoostingClassifier:
    """Return trees that have learnt from examples."""
    signs = [(name in RISING) - (name in FALLING) for name in FIGURES]
    return HistGradientBoostingClassifier(
        max_iter=TREES,
        learning_rate=RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAST_ROWS,
        l2_regularization=RIDGE,
        monotonic_cst=signs,
        early_stopping=False,
        random_state=0,
    ).fit(figures, true)


def words(trees: HistGradientBoostingClassifier) -> Iterator[str]:
    """Yield each tree as `likeness` reads it."""
    # scikit-learn has no public way to read these trees.
    for (predictor,) in trees._predictors:
        nodes = predictor.nodes

        def branch(at: int, nodes: NDArray[np.void] = nodes) -> str:
            node = nodes[at]
            if node["is_leaf"]:
                return f"{node['value']:.{DIGITS}g}"
            asked = f"{node['feature_idx']}:{node['num_threshold']:.{DIGITS}g}"
            return f"{asked} {branch(node['left'])} {branch(node['right'])}"

        yield branch(0)


def write(trees: HistGradientBoostingClassifier, path: Path) -> None:
    """Write the trees as a module."""
    bias = float(np.ravel(trees._baseline_prediction)[0])
    lines = [
        '"""What the eye of `likeness` has learnt. Written by `bench.detection.teach`."""',
        "",
        "from typing import Final",
        "",
        f"BIAS: Final = {bias:.{DIGITS}g}",
        "",
    ]
    body = "\n\n".join(_wrapped(each) for each in words(trees))
    lines += [f'TREES: Final = """{body}"""', '"""One tree a paragraph; see `likeness`."""', ""]
    path.write_text("\n".join(lines), "utf-8")


def _wrapped(text: str, most: int = 80) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= most:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)


def _together(parts: Sequence[Examples]) -> tuple[Rows, Rows]:
    return np.concatenate([each.figures for each in parts]), np.concatenate(
        [each.true for each in parts]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int)
    asked = parser.parse_args()
    tasks = [
        (family, seed)
        for family, count in SESSIONS.items()
        for seed in seeds(family, Use.TRAINING, count)
    ]
    with pool(asked.jobs) as processes:
        parts = run_all(processes, "rises", examples, tasks)
    # Every second recording has drops at random: each half has as many of these.
    halves = [[each for at, each in enumerate(parts) if at // 2 % 2 == half] for half in (0, 1)]
    (figures, true), (other_figures, other_true) = (_together(half) for half in halves)
    share = teach(figures, true).predict_proba(other_figures)[:, 1]
    print(f"{len(true) + len(other_true)} examples, {np.mean(other_true):.3f} of them true")
    print(
        f"half of the sessions judged by the other: log loss {log_loss(other_true, share):.3f} "
        f"(nothing known: {log_loss(other_true, np.full(len(share), other_true.mean())):.3f}), "
        f"area under the curve {roc_auc_score(other_true, share):.3f}"
    )
    path = Path(str(likeness.__file__)).with_name("trees.py")
    write(teach(*_together(parts)), path)
    print(f"written: {path}")


if __name__ == "__main__":
    main()

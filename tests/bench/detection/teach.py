"""Teach the eye of `likeness` on training recordings; the benchmark's are never touched.

make teach

Trees and networks learn from the same rises (`lessons.py`), the trees so that more evidence against
all that is no milk may only ever make a rise likelier. Half of the sessions teach first and the
other half judge, to show what they know; then all of them teach, and what they have learnt is
written to `trees.py` and `weights.py` in `lullaflow/detection`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss, roc_auc_score

from bench.detection.boosting import boosted, write_trees
from bench.detection.lessons import TAUGHT, Examples, examples, together
from bench.detection.networks import Weights, networks, standard, weights, write_weights
from bench.detection.running import pool, run_all
from bench.detection.seeds import Use, seeds
from lullaflow.detection import likeness
from lullaflow.detection.nets import Nets

Odds = NDArray[np.float64]


def taught(lesson: Examples) -> tuple[HistGradientBoostingClassifier, Weights]:
    """Return trees and networks that have learnt from examples."""
    how = standard(lesson)
    return boosted(lesson), weights(networks(lesson, how), how)


def judge(known: str, true: NDArray[np.float32], log_odds: Odds) -> None:
    """Say how much is known of rises that taught nothing."""
    share = 1.0 / (1.0 + np.exp(-log_odds))
    loss, under = log_loss(true, share), roc_auc_score(true, share)
    print(f"{known:13} log loss {loss:.3f}, area under the curve {under:.3f}")


def judge_half(parts: Sequence[Examples]) -> None:
    """Let half of the sessions teach, and the other half judge."""
    # Arms lean on one form or the other by the seed's parity: each half has as many of both.
    own, other = (
        together([each for at, each in enumerate(parts) if at // 2 % 2 == half]) for half in (0, 1)
    )
    trees, learnt = taught(own)
    print(f"{len(own.true) + len(other.true)} examples, {np.mean(other.true):.3f} of them true")
    print("half of the sessions judged by the other:")
    by_trees: Odds = trees.decision_function(other.figures)
    nets = Nets(learnt)
    by_nets = np.array([nets.log_odds(figures.astype(np.float64)) for figures in other.figures])
    share = float(other.true.mean())
    judge("nothing known", other.true, np.full(len(by_nets), np.log(share / (1.0 - share))))
    judge("trees", other.true, by_trees)
    judge("networks", other.true, by_nets)
    judge("their mean", other.true, (by_trees + by_nets) / 2.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int)
    asked = parser.parse_args()
    tasks = [
        (family, seed)
        for family, count in TAUGHT.items()
        for seed in seeds(family, Use.TRAINING, count)
    ]
    with pool(asked.jobs) as processes:
        parts = run_all(processes, "rises", examples, tasks)
    judge_half(parts)
    trees, learnt = taught(together(parts))
    eye = Path(str(likeness.__file__))
    write_trees(trees, eye.with_name("trees.py"))
    write_weights(learnt, eye.with_name("weights.py"))
    print("written: trees.py and weights.py")


if __name__ == "__main__":
    main()

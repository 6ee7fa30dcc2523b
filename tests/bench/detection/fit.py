"""Fit the weights of our detector's confidence to training recordings that taught the eye nothing.

PYTHONPATH=tests python -m bench.detection.fit

By ridge logistic regression (Newton's method); it prints them with the calibration error that is
left. The constants that are fitted one by one are for `sweep.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.detection.lessons import untaught
from bench.detection.recording import recording
from bench.detection.running import pool, run_all
from bench.detection.scoring import SessionScore, Told, calibration_error, score_session
from bench.detection.seeds import Use
from lullaflow.detection import LetDownDetector, LetDownFound
from lullaflow.detection import confidence as mapping

SESSIONS: Final = {"clean": 60, "typical": 200, "hard": 160, "dry": 160, "volume_only": 100}
"""Of each family, for the confidence."""

RIDGE: Final = 1.0
"""Weights are worth no more than one doubtful let-down says."""

STEPS: Final = 30
"""Of Newton's method: far more than it needs."""


def find(task: tuple[str, int]) -> tuple[SessionScore, list[tuple[float, ...]]]:
    """Run the detector on one recording; return its score, and by what signs each was told."""
    made = recording(task[0], Use.TRAINING, task[1])
    told: list[Told] = []
    figures: list[tuple[float, ...]] = []
    for each in LetDownDetector().update(made.samples):
        if isinstance(each, LetDownFound):
            told.append(Told(each.detected_s, each.onset_s, float(len(told))))
            figures.append(each.signs.figures)
    return score_session(made, told), figures


def fit(figures: NDArray[np.float64], true: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of a logistic regression with a ridge, the bias first."""
    rows = np.column_stack((np.ones(len(figures)), figures))
    ridge = RIDGE * np.eye(rows.shape[1])
    ridge[0, 0] = 0.0
    weights: NDArray[np.float64] = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        share = 1.0 / (1.0 + np.exp(-rows @ weights))
        slope = rows.T @ (share - true) + ridge @ weights
        curve = (rows * (share * (1.0 - share))[:, None]).T @ rows + ridge
        weights = weights - np.linalg.solve(curve, slope)
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int)
    asked = parser.parse_args()
    tasks = [
        (family, seed) for family, count in SESSIONS.items() for seed in untaught(family, count)
    ]
    with pool(asked.jobs) as processes:
        _report(run_all(processes, "confidence", find, tasks))


def _report(results: Sequence[tuple[SessionScore, list[tuple[float, ...]]]]) -> None:
    rows, true = [], []
    for score, figures in results:
        # The number of each let-down told stands where its confidence will.
        for number, hit in score.confidences:
            rows.append(figures[int(number)])
            true.append(float(hit))
    weights = fit(np.array(rows), np.array(true))
    share = 1.0 / (1.0 + np.exp(-(weights[0] + np.array(rows) @ weights[1:])))
    error = calibration_error(list(zip(share.tolist(), np.array(true) > 0.5, strict=True)))
    print(f"{len(true)} let-downs told, {np.mean(true):.3f} of them true")
    print("WEIGHTS =", tuple(round(float(each), 2) for each in weights), "now", mapping.WEIGHTS)
    print(f"expected calibration error {error:.3f}")


if __name__ == "__main__":
    main()

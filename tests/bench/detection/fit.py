"""Fit our detector's constants to training recordings; the benchmark's are never touched.

PYTHONPATH=tests python -m bench.detection.fit [--constants [NAME ...]]

It fits the weights of the confidence (ridge logistic regression, Newton's method), and prints them
with the calibration error that is left. With `--constants`, each of `CONSTANTS`, or of those named,
is moved to either side of its value instead, all others kept, and what becomes of F1, false alarms
and delay is printed: a value is well chosen where both neighbours lose.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.detection.lessons import TAUGHT
from bench.detection.recording import recording
from bench.detection.running import pool, run_all
from bench.detection.scoring import SessionScore, Told, calibration_error, score_session, sum_up
from bench.detection.seeds import Use, seeds
from lullaflow.detection import (
    LetDownDetector,
    LetDownFound,
    evidence,
    packets,
    timing,
    verdict,
)
from lullaflow.detection import confidence as mapping

SESSIONS: Final = {"clean": 60, "typical": 200, "hard": 160, "dry": 160, "volume_only": 100}
"""Of each family, for the confidence."""

SWEPT: Final = {"typical": 60, "hard": 40, "dry": 40}
"""Of each family, for the constants."""

RIDGE: Final = 1.0
"""Weights are worth no more than one doubtful let-down says."""

STEPS: Final = 30
"""Of Newton's method: far more than it needs."""

FACTORS: Final = (0.7, 1.4)

BARS: Final = (
    "LIKELY",
    "LIKELY_ALONE",
    "LIKELY_UNPROVEN",
    "LIKELY_ALONE_UNPROVEN",
    "LEAST_LIKELY",
    "LEAST_LIKELY_UNPROVEN",
)
"""How sure the taught eye has to be: of these, the odds are moved."""

CONSTANTS: Final = (
    (evidence, "DRIP_ML_S"),
    (evidence, "LEAST_ML_S"),
    (evidence, "NOW_ML_S"),
    (evidence, "WALK_SHARE"),
    (evidence, "MEAN_SHARE"),
    (evidence, "STEP_SHARE"),
    (evidence, "UNLIKELY"),
    (evidence, "UNLIKELY_RESTLESS"),
    (evidence, "RESTLESS_H"),
    (evidence, "UNLIKELY_TREMBLING"),
    (evidence, "TREMBLES"),
    (evidence, "LATELY_SHARE"),
    (evidence, "PARTS_SHARE"),
    (evidence, "COARSE_ML"),
    (packets, "EVEN_ML"),
    (verdict, "CORROBORATION"),
    (verdict, "CORROBORATION_RESTLESS"),
    (verdict, "MATE_SHARE"),
    *((verdict, name) for name in BARS),
    (verdict, "PATIENCE_S"),
    (verdict, "IMPATIENCE"),
    (verdict, "OVERWHELMING"),
    (timing, "LATEST"),
)


@dataclass(frozen=True, slots=True)
class Shifted:
    """One constant at a multiple of its value, and a recording to try it on."""

    constant: int | None
    factor: float
    family: str
    seed: int


def find(shifted: Shifted) -> tuple[SessionScore, list[tuple[float, ...]]]:
    """Run the detector on one recording; return its score, and by what signs each was told."""
    made = recording(shifted.family, Use.TRAINING, shifted.seed)
    before = None
    if shifted.constant is not None:
        module, name = CONSTANTS[shifted.constant]
        before = getattr(module, name)
        setattr(module, name, moved(name, before, shifted.factor))
    detector = LetDownDetector()
    told: list[Told] = []
    figures: list[tuple[float, ...]] = []
    for each in detector.update(made.samples):
        if isinstance(each, LetDownFound):
            told.append(Told(each.detected_s, each.onset_s, float(len(told))))
            figures.append(each.signs.figures)
    if shifted.constant is not None:
        setattr(module, name, before)
    return score_session(made, told), figures


def moved(name: str, value: float, factor: float) -> float:
    """Return a constant at a multiple of its value, or a bar at a multiple of its odds."""
    if name not in BARS:
        return value * factor
    odds = factor * value / (1.0 - value)
    return odds / (1.0 + odds)


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
    names = [name for _, name in CONSTANTS]
    parser.add_argument("--constants", nargs="*", choices=names, metavar="NAME")
    parser.add_argument("--jobs", type=int)
    asked = parser.parse_args()
    with pool(asked.jobs) as processes:
        if asked.constants is None:
            tasks = _tasks(SESSIONS)
            _fit_confidence(run_all(processes, "confidence", find, tasks))
            return
        moves = [
            (number, factor)
            for number, name in enumerate(names)
            if name in (asked.constants or names)
            for factor in FACTORS
        ]
        for number, factor in [(None, 1.0), *moves]:
            name = "as it is" if number is None else f"{names[number]} x {factor:.1f}"
            results = run_all(processes, name, find, _tasks(SWEPT, number, factor))
            print(f"{name:28} {_line([score for score, _ in results])}", flush=True)


def _tasks(
    counts: Mapping[str, int], constant: int | None = None, factor: float = 1.0
) -> list[Shifted]:
    return [
        Shifted(constant, factor, family, seed)
        for family, count in counts.items()
        for seed in untaught(family, count)
    ]


def untaught(family: str, count: int) -> range:
    """Return sessions that have not taught the eye: of what it knows it is too sure."""
    known = TAUGHT[family]
    return seeds(family, Use.TRAINING, known + count)[known:]


def _fit_confidence(results: Sequence[tuple[SessionScore, list[tuple[float, ...]]]]) -> None:
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
    print(_line([score for score, _ in results]))


def _line(scores: Sequence[SessionScore]) -> str:
    parts = []
    for family in dict.fromkeys(score.family for score in scores):
        got = sum_up([score for score in scores if score.family == family])
        parts.append(
            f"{family} F1 {got.f1:.3f}, {got.false_per_hour:.2f} false/h, {got.delay_s:.1f} s"
        )
    return "; ".join(parts)


if __name__ == "__main__":
    main()

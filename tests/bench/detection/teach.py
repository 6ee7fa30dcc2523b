"""Teach the eye of `likeness` on training recordings; the benchmark's are never touched.

make teach

Every rise, at every half second, is one example: true when a let-down began in the last 30 s that
has not been told. Who tells is a teacher, who knows when it began: sometimes at once, sometimes
late, and now and then of nothing, so that the eye sees all that may come before and after. Every
recording teaches twice: as it is, and with its milk let fall anew, in drops at random. In one of
the two arms of any weight lean on the bottles (`altered.py`).

The trees are boosted by scikit-learn, and more evidence against all that is no milk may only ever
make a rise likelier. Half of the sessions teach first and the other half judge, to show what the
trees know; then all of them teach, and the trees are written to `lullaflow/detection/trees.py`.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss, roc_auc_score

from bench.detection.altered import dripping, leant_on
from bench.detection.recording import Recording, recording
from bench.detection.running import pool, run_all
from bench.detection.scoring import EARLIEST_S, LATEST_S
from bench.detection.seeds import Use, seeds
from lullaflow.detection import LetDownDetector, Samples, likeness
from lullaflow.detection.binning import Binner
from lullaflow.detection.sight import FIGURES
from lullaflow.detection.verdict import Seen

SESSIONS: Final = {"clean": 100, "typical": 600, "hard": 600, "dry": 500, "volume_only": 300}
"""Of each family."""

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

SOONEST_S: Final = 2.0
LATEST_TOLD_S: Final = 45.0
"""The teacher tells so long after the onset, at any time in between (log-uniform); what would be
told after `LATEST_S` is never told. Assumed."""

FALSE_SHARE: Final = 0.002
"""Of the half seconds in which something rises that is none the teacher tells in so many all the
same. Assumed."""

LEAF_DIGITS: Final = 5
EDGE_DIGITS: Final = 9
"""Where a figure is split is written exactly, for many lie close to it."""

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Examples:
    """The rises of one recording: figures `(n, len(FIGURES))`, which are a let-down's `(n,)`."""

    figures: Rows
    true: Rows


@dataclass
class Teacher:
    """Says what each rise is, and writes it down.

    Attributes:
        made: the recording.
        chance: when it tells.
        now_s: the moment that is judged, set by who plays the recording.
        figures, true: what it has written down: what was seen, and 1.0 where that was a let-down.
    """

    made: Recording
    chance: random.Random
    now_s: float = 0.0
    figures: list[Sequence[float]] = field(default_factory=list)
    true: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._told_s = {
            each.onset_s: each.onset_s
            + SOONEST_S * (LATEST_TOLD_S / SOONEST_S) ** self.chance.random()
            for each in self.made.let_downs
        }

    def judge(self, seen: Seen) -> bool:
        """Tell whether a rise is to be told now."""
        untold = [onset_s for onset_s in self._told_s if _fits(onset_s, self.now_s)]
        if not untold and any(_fits(each, self.now_s) for each in self.made.resumptions_s):
            return False
        self.figures.append(seen.figures)
        self.true.append(float(bool(untold)))
        tells = (
            any(self.now_s >= self._told_s[onset_s] for onset_s in untold)
            if untold
            else self.chance.random() < FALSE_SHARE
        )
        if tells:
            self._told_s = {
                onset_s: at_s
                for onset_s, at_s in self._told_s.items()
                if onset_s - EARLIEST_S > self.now_s
            }
        return tells


def examples(task: tuple[str, int]) -> Examples:
    """Return the rises of one training recording, by family and seed, in both its forms."""
    family, seed = task
    made = recording(family, Use.TRAINING, seed)
    forms = [made.samples, dripping(made)]
    forms[seed % 2] = leant_on(made, forms[seed % 2])
    taught = [
        _lesson(made, samples, random.Random(2 * seed + number))
        for number, samples in enumerate(forms)
    ]
    return Examples(*_together(taught))


def _lesson(made: Recording, samples: Samples, chance: random.Random) -> Examples:
    teacher = Teacher(made, chance)
    detector = LetDownDetector(teacher.judge)
    for bin_ in Binner().push(samples):
        teacher.now_s = bin_.end_s
        detector.push(bin_)
    figures = np.array(teacher.figures, np.float32).reshape(-1, len(FIGURES))
    return Examples(figures, np.array(teacher.true, np.float32))


def _fits(onset_s: float, at_s: float) -> bool:
    return onset_s - EARLIEST_S <= at_s <= onset_s + LATEST_S


def teach(figures: Rows, true: Rows) -> HistGradientBoostingClassifier:
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
    ).fit(figures, true)


def words(trees: HistGradientBoostingClassifier) -> Iterator[str]:
    """Yield each tree as `likeness` reads it."""
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


def write(trees: HistGradientBoostingClassifier, path: Path) -> None:
    """Write the trees as a module."""
    bias = float(np.ravel(trees._baseline_prediction)[0])
    lines = [
        '"""What the eye of `likeness` has learnt. Written by `bench.detection.teach`."""',
        "",
        "from typing import Final",
        "",
        f"BIAS: Final = {bias:.{LEAF_DIGITS}g}",
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
    # Arms lean on one form or the other by the seed's parity: each half has as many of both.
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

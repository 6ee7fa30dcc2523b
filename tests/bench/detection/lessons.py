"""What training recordings teach: every rise, at every half second, and whether it was a let-down.

True is what began in the last 30 s and has not been told. Who tells is a teacher, who knows when it
began: sometimes at once, sometimes late, and now and then of nothing, so that the eye sees all that
may come before and after. Every recording teaches twice: as it is, and with its milk let fall anew,
in drops at random. In one of the two arms of any weight lean on the bottles (`altered.py`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.detection.altered import dripping, leant_on
from bench.detection.recording import Recording, recording
from bench.detection.scoring import EARLIEST_S, LATEST_S
from bench.detection.seeds import Use, seeds
from lullaflow.detection import LetDownDetector, Samples
from lullaflow.detection.binning import Binner
from lullaflow.detection.sight import FIGURES
from lullaflow.detection.verdict import Seen

TAUGHT: Final = {"clean": 200, "typical": 2200, "hard": 2200, "dry": 1100, "volume_only": 700}
"""The first so many training sessions of each family teach; the others may be fitted to."""

SOONEST_S: Final = 2.0
LATEST_TOLD_S: Final = 45.0
"""The teacher tells so long after the onset, at any time in between (log-uniform); what would be
told after `LATEST_S` is never told. Assumed."""

PAST_S: Final = 60.0
"""A let-down that was never told teaches nothing from `LATEST_S` until then: it is not told any
more, and its milk is no lie."""

FALSE_SHARE: Final = 0.002
"""Of the half seconds in which something rises that is none the teacher tells in so many all the
same. Assumed."""

Rows = NDArray[np.float32]


def untaught(family: str, count: int) -> range:
    """Return sessions that have not taught the eye: of what it knows it is too sure."""
    known = TAUGHT[family]
    return seeds(family, Use.TRAINING, known + count)[known:]


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
    figures: list[Rows] = field(default_factory=list)
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
        if not untold and any(_past(onset_s, self.now_s) for onset_s in self._told_s):
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
    return together(taught)


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


def _past(onset_s: float, at_s: float) -> bool:
    return onset_s + LATEST_S < at_s <= onset_s + PAST_S


def together(parts: Sequence[Examples]) -> Examples:
    """Return the rises of several recordings as one."""
    return Examples(
        np.concatenate([each.figures for each in parts]),
        np.concatenate([each.true for each in parts]),
    )

"""Move each fitted constant to either side of its value, and say whether a neighbour is better.

PYTHONPATH=tests python -m bench.detection.sweep [NAME ...]

All others are kept. What is lost is counted in seconds a session, and compared session by session:
by constants that decide what is told as a let-down, its delay and the error of its onset, and
`LATEST_S` for each that is missed or false; by those that hold `let_down_slow` back, the time she
waits for help, and `FALSE_S` where she is told of slowness while milk flows. A value stays as it is
where no neighbour loses clearly less; more sessions see smaller differences. The recordings are of
training, and taught the eye nothing.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, NamedTuple, TypeVar
from unittest.mock import patch

import numpy as np

from bench.detection.lessons import untaught
from bench.detection.ours import find
from bench.detection.playing import play
from bench.detection.recording import recording
from bench.detection.running import pool, run_all
from bench.detection.scoring import LATEST_S, SessionScore, score_session, sum_up
from bench.detection.seeds import Use
from bench.detection.slowness import Slowness, judge_slowness
from lullaflow.detection import (
    bottle,
    evidence,
    let_down,
    level,
    packets,
    timing,
    track,
    tremble,
    verdict,
    vibration,
)
from lullaflow.session import doubt, waiting
from lullaflow.session.inputs import CoreSettings
from lullaflow_protocol.events import LetDown, LetDownSlow

FACTORS: Final = (0.7, 1.4)

FALSE_S: Final = 600.0
"""To be told that let-down is slow while milk flows is as bad as to wait ten minutes longer for
help. Assumed."""

CLEAR: Final = 3.0
"""A neighbour that loses less by so many standard errors is better: with some ninety of them, luck
alone would have one or two look better by two."""

TELLING_SESSIONS: Final = {"typical": 40, "hard": 30, "dry": 30}
"""Of each family, for what decides what is told."""

HOLDING_SESSIONS: Final = {"typical": 500, "hard": 400, "dry": 200, "volume_only": 200}
"""Of each family, for what holds `let_down_slow` back: in one of three it may be told."""

BARS: Final = (
    "LIKELY",
    "LIKELY_ALONE",
    "LIKELY_UNPROVEN",
    "LIKELY_ALONE_UNPROVEN",
    "LEAST_LIKELY",
    "LEAST_LIKELY_UNPROVEN",
)
"""How sure the taught eye has to be: of these, the odds are moved."""


class Constant(NamedTuple):
    """A constant, and the modules that know it."""

    name: str
    modules: tuple[ModuleType, ...]

    def __str__(self) -> str:
        return f"{self.modules[0].__name__.rpartition('.')[2]}.{self.name}"

    @property
    def value(self) -> Any:
        """Return its value: a number, an array, or pairs of a span and a number."""
        return getattr(self.modules[0], self.name)

    def moved(self, factor: float) -> Any:
        """Return its value moved: numbers and the second of pairs by the factor, bars by odds."""
        value = self.value
        if self.name in BARS:
            odds = factor * value / (1.0 - value)
            return odds / (1.0 + odds)
        if isinstance(value, tuple):
            return tuple((span, factor * each) for span, each in value)
        return round(factor * value) if isinstance(value, int) else factor * value


def _of(module: ModuleType, *names: str) -> Iterator[Constant]:
    for name in names:
        yield Constant(name, (module,))


TELLING: Final = (
    *_of(evidence, "DRIP_ML_S", "LEAST_ML_S", "NOW_ML_S", "LATELY_SHARE", "PARTS_SHARE"),
    Constant("COARSE_ML", (evidence, bottle)),
    *_of(evidence, "COARSE_STEPS", "FINE_ML", "UNSETTLED_BINS", "CALM_BINS", "STEP_SHARE"),
    *_of(evidence, "LEFT_ML", "LEFT_SHARE", "LAG_S", "MATE_ML_S", "BEFORE_SHARE", "DRY_ML_S"),
    *_of(evidence, "TOP_FACTOR", "FAST", "UNLIKELY", "UNLIKELY_RESTLESS", "RESTLESS_H"),
    *_of(evidence, "UNLIKELY_TREMBLING", "TREMBLES", "WALK_SHARE", "MEAN_SHARE"),
    *_of(level, "TOUCH_FACTOR", "FALL_FACTOR", "LEAST_FALL_ML", "REST_S", "EMPTY_ML"),
    *_of(track, "SHORT_BINS", "SAME_BINS", "GUESS_S", "RETURN_ML", "DRIP_ML_S"),
    *_of(packets, "EVEN_ML", "MOST_ML", "SHARE", "FIRST_ML_S"),
    *_of(tremble, "CLIP"),
    *_of(vibration, "STILL_ML"),
    *_of(verdict, "THRESHOLD", "CORROBORATION", "CORROBORATION_RESTLESS", "MATE_SHARE"),
    *_of(verdict, "ALONE_BINS"),
    *_of(let_down, "PROOF_ML"),
    *_of(timing, "EARLY_S", "LATE_S", "LATEST"),
    *_of(verdict, *BARS, "PATIENCE_S", "IMPATIENCE", "OVERWHELMING"),
)
"""What decides whether, when and with which onset a let-down is told."""

HOLDING: Final = (
    *_of(doubt, "FLOWS", "READ_BINS", "FAINT_ML_S", "LATE_S", "UNREAD_S"),
    *_of(waiting, "MUCH_ML", "DRIPS_ML_S"),
    *_of(let_down, "SUSPECTED_BINS", "SUSPICIOUS", "SUSPICIOUS_BINS"),
)
"""What decides whether milk may be coming, so that nothing is called slow yet."""


@dataclass(frozen=True, slots=True)
class Move:
    """One constant at a multiple of its value, or everything as it is."""

    constant: str | None = None
    factor: float = 1.0

    def __str__(self) -> str:
        return "as it is" if self.constant is None else f"{self.constant} x {self.factor:.1f}"


@contextmanager
def moved(move: Move) -> Iterator[None]:
    """Move a constant for a while."""
    with ExitStack() as patches:
        for constant in (*TELLING, *HOLDING):
            if str(constant) == move.constant:
                value = constant.moved(move.factor)
                for module in constant.modules:
                    patches.enter_context(patch.object(module, constant.name, value))
        yield


class Told(NamedTuple):
    """What was told as a let-down in one session."""

    score: SessionScore

    @property
    def family(self) -> str:
        """Return the recording's family."""
        return self.score.family

    @property
    def lost_s(self) -> float:
        """Return what was lost."""
        errors = len(self.score.false_s) + self.score.delays_s.count(None)
        late_s = sum(max(0.0, each) for each in self.score.delays_s if each is not None)
        off_s = sum(abs(each) for each in self.score.onset_errors_s if each is not None)
        return LATEST_S * errors + late_s + off_s


class Waited(NamedTuple):
    """What was told of slowness in one session.

    Attributes:
        family: of the recording.
        slowness: what was told.
        late_s: how much longer she waited than is slow, for help or for a let-down.
    """

    family: str
    slowness: Slowness
    late_s: float

    @property
    def lost_s(self) -> float:
        """Return what was lost."""
        return self.late_s + FALSE_S * self.slowness.false


Task = tuple[Move, str, int]
Result = TypeVar("Result", Told, Waited)


def tell(task: Task) -> Told:
    """Run the detector on one recording."""
    move, family, seed = task
    made = recording(family, Use.TRAINING, seed)
    with moved(move):
        return Told(score_session(made, find(made.samples)))


def hold(task: Task) -> Waited:
    """Run the whole core on one recording until it is known whether let-down is slow."""
    move, family, seed = task
    made = recording(family, Use.TRAINING, seed)
    with moved(move):
        played = play(made, until=(LetDown, LetDownSlow))
    told_s = [said.event.elapsed_s for said in played.said if isinstance(said.event, LetDownSlow)]
    waited_s = told_s or [stimulation_s for _, stimulation_s in played.counted_s]
    late_s = max(waited_s, default=0.0) - CoreSettings().slow_after_s
    return Waited(family, judge_slowness(made, played), max(0.0, late_s))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [str(constant) for constant in (*TELLING, *HOLDING)]
    parser.add_argument("constants", nargs="*", metavar="NAME")
    parser.add_argument("--jobs", type=int)
    asked = parser.parse_args()
    strangers = set(asked.constants).difference(names)
    if strangers:
        parser.error(f"no such constant: {', '.join(sorted(strangers))}; there are {names}")
    with pool(asked.jobs) as processes:
        telling, holding = (_moves(swept, asked.constants) for swept in (TELLING, HOLDING))
        _sweep(processes, tell, telling, TELLING_SESSIONS, telling_line, LATEST_S)
        _sweep(processes, hold, holding, HOLDING_SESSIONS, holding_line, FALSE_S)


def _sweep(
    processes: ProcessPoolExecutor,
    do: Callable[[Task], Result],
    moves: Sequence[Move],
    sessions: Mapping[str, int],
    line: Callable[[Sequence[Result]], str],
    worst_s: float,
) -> None:
    lost_s: list[float] = []
    for move in moves:
        tasks = [
            (move, family, seed)
            for family, count in sessions.items()
            for seed in untaught(family, count)
        ]
        results = run_all(processes, str(move), do, tasks)
        now_s = [each.lost_s for each in results]
        lost_s = lost_s or now_s
        print(f"{move!s:36} {compared(now_s, lost_s, worst_s)}; {line(results)}", flush=True)


def compared(lost_s: Sequence[float], before_s: Sequence[float], worst_s: float) -> str:
    """Return by how much more is lost than before, with its standard error, and what that means.

    `worst_s` is what one mistake loses: one that no session showed may yet be in the next as many.
    """
    more_s = np.subtract(lost_s, before_s)
    mean_s, sessions = float(more_s.mean()), len(more_s)
    error_s = max(float(more_s.std()) / math.sqrt(sessions), worst_s / sessions)
    better = ", BETTER" if mean_s < -CLEAR * error_s else ""
    return f"loses {np.mean(lost_s):.2f} s, {mean_s:+.2f} ({error_s:.2f}){better}"


def _moves(swept: Sequence[Constant], asked: Sequence[str]) -> list[Move]:
    """Return all moves that are asked for, and none at all before them."""
    names = [name for name in map(str, swept) if name in asked or not asked]
    moves = [Move(name, factor) for name in names for factor in FACTORS]
    return [Move(), *moves] if moves else []


def telling_line(found: Sequence[Told]) -> str:
    """Return what became of let-downs, family by family."""
    parts = []
    for family in dict.fromkeys(each.family for each in found):
        got = sum_up([each.score for each in found if each.family == family])
        parts.append(
            f"{family} F1 {got.f1:.3f}, {got.false_per_hour:.2f} false/h, {got.delay_s:.1f} s, "
            f"onset off by {got.onset_error_s:.2f} s"
        )
    return "; ".join(parts)


def holding_line(waits: Sequence[Waited]) -> str:
    """Return what became of `let_down_slow`, family by family."""
    parts = []
    for family in dict.fromkeys(each.family for each in waits):
        told = [each for each in waits if each.family == family and each.slowness.told]
        false = sum(each.slowness.false for each in told)
        gone = sum(each.slowness.gone for each in told)
        moment = sum(each.slowness.any_milk and not each.slowness.known_milk for each in told)
        late_s = np.mean([each.late_s for each in told]) if told else np.nan
        parts.append(
            f"{family} told {len(told)}, late by {late_s:.1f} s, {false} false, "
            f"{moment} within a moment of milk, {gone} after milk that was missed"
        )
    return "; ".join(parts)


if __name__ == "__main__":
    main()

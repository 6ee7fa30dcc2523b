"""Move each constant of judgement to either side of its value, and say whether that is better.

PYTHONPATH=tests python -m bench.detection.sweep [NAME ...]

All others are kept. What is lost is counted in seconds a session (`losses.py`), and compared
session by session. A value stays as it is where no neighbour loses clearly less; more sessions see
smaller differences. The recordings are of training, and taught the eye nothing.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import numpy as np

from bench.detection.lessons import untaught
from bench.detection.losses import (
    FALSE_S,
    LEAK_S,
    Task,
    end,
    ended_line,
    hear,
    heard_line,
    hold,
    tell,
    told_line,
    waited_line,
)
from bench.detection.running import pool, run_all
from bench.detection.scoring import LATEST_S
from bench.detection.swept import (
    ENDING,
    FACTORS,
    HOLDING,
    PUMPING,
    SWEPT,
    TELLING,
    Constant,
    Move,
)

CLEAR: Final = 3.0
"""A neighbour that loses less by so many standard errors is better: with some hundred and fifty of
them, luck alone would have several look better by two."""


class Loss(Protocol):
    """What one session lost."""

    @property
    def family(self) -> str:
        """Return the recording's family."""

    @property
    def lost_s(self) -> float:
        """Return what was lost."""


L = TypeVar("L", bound=Loss)


@dataclass(frozen=True, slots=True)
class Sweep(Generic[L]):
    """Constants that decide one thing.

    Attributes:
        constants: those to be moved.
        sessions: of each family.
        do: runs one recording.
        line: says what became of one family.
        worst_s: what one mistake loses: one that no session showed may be in the next as many.
    """

    constants: Sequence[Constant]
    sessions: Mapping[str, int]
    do: Callable[[Task], L]
    line: Callable[[Sequence[L]], str]
    worst_s: float


TELL: Final = Sweep(TELLING, {"typical": 40, "hard": 30, "dry": 30}, tell, told_line, LATEST_S)
END: Final = Sweep(ENDING, {"typical": 60, "hard": 40}, end, ended_line, LATEST_S)
HOLD: Final = Sweep(
    HOLDING,
    {"typical": 500, "hard": 400, "dry": 200, "volume_only": 200},
    hold,
    waited_line,
    FALSE_S,
)
"""So many, for it is told in one session of three, and hardly ever falsely."""

HEAR: Final = Sweep(PUMPING, {"typical": 100, "hard": 100, "dry": 100}, hear, heard_line, LEAK_S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [str(constant) for constant in SWEPT]
    parser.add_argument("constants", nargs="*", metavar="NAME")
    parser.add_argument("--jobs", type=int)
    asked = parser.parse_args()
    strangers = set(asked.constants).difference(names)
    if strangers:
        parser.error(f"no such constant: {', '.join(sorted(strangers))}; there are {names}")
    with pool(asked.jobs) as processes:
        run(processes, TELL, asked.constants)
        run(processes, END, asked.constants)
        run(processes, HOLD, asked.constants)
        run(processes, HEAR, asked.constants)


def run(processes: ProcessPoolExecutor, sweep: Sweep[L], asked: Sequence[str]) -> None:
    """Move those constants that are asked for, or all, and print what came out."""
    before_s: list[float] = []
    for move in moves(sweep.constants, asked):
        tasks = [
            (move, family, seed)
            for family, count in sweep.sessions.items()
            for seed in untaught(family, count)
        ]
        results = run_all(processes, str(move), sweep.do, tasks)
        lost_s = [each.lost_s for each in results]
        before_s = before_s or lost_s
        became = "; ".join(
            f"{family} {sweep.line([each for each in results if each.family == family])}"
            for family in sweep.sessions
        )
        print(f"{move!s:36} {compared(lost_s, before_s, sweep.worst_s)}; {became}", flush=True)


def compared(lost_s: Sequence[float], before_s: Sequence[float], worst_s: float) -> str:
    """Return by how much more is lost than before, with its standard error, and what that means.

    `worst_s` is what one mistake loses: one that no session showed may yet be in the next as many.
    """
    more_s = np.subtract(lost_s, before_s)
    mean_s, sessions = float(more_s.mean()), len(more_s)
    error_s = max(float(more_s.std()) / math.sqrt(sessions), worst_s / sessions)
    better = ", BETTER" if mean_s < -CLEAR * error_s else ""
    return f"loses {np.mean(lost_s):.2f} s, {mean_s:+.2f} ({error_s:.2f}){better}"


def moves(constants: Sequence[Constant], asked: Sequence[str]) -> list[Move]:
    """Return all moves that are asked for, and none at all before them."""
    names = [name for name in map(str, constants) if name in asked or not asked]
    moves = [Move(name, factor) for name in names for factor in FACTORS]
    return [Move(), *moves] if moves else []


if __name__ == "__main__":
    main()

"""Score our detector on one family, in about a minute; the judge's own seeds are out of reach.

PYTHONPATH=tests python tests/bench/detection/score.py --family typical --training --sessions 200
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bench.detection.failures import why_false, why_missed
from bench.detection.limit import limits
from bench.detection.ours import find
from bench.detection.playing import play
from bench.detection.recording import recording
from bench.detection.running import pool, run_all
from bench.detection.scoring import SessionScore, score_session, sum_up
from bench.detection.seeds import FAMILIES, Use, seeds
from bench.detection.slowness import Slowness, judge_slowness
from bench.detection.suction import SuctionScore, judge_suction, suction_cells


@dataclass(frozen=True, slots=True)
class Judged:
    """One session's score, and what the whole core told of slowness and of the pump."""

    score: SessionScore
    slowness: Slowness
    suction: SuctionScore | None
    why: tuple[str, ...]


def judge(family: str, use: Use, seed: int) -> Judged:
    """Run our detector and the core over one recording."""
    made = recording(family, use, seed)
    score = score_session(made, find(made.samples))
    missed = [
        "missed: " + why_missed(made, each, limit)
        for each, limit, delay_s in zip(made.let_downs, limits(made), score.delays_s, strict=True)
        if delay_s is None
    ]
    false = ["false: " + why_false(made, at_s) for at_s in score.false_s]
    played = play(made)
    slowness, suction = judge_slowness(made, played), judge_suction(made, played)
    return Judged(score, slowness, suction, (*missed, *false))


def report(judged: Sequence[Judged]) -> str:
    """Return the figures as lines of text."""
    figures = sum_up([each.score for each in judged])
    told = sum(each.slowness.told for each in judged)
    delays = (
        f"{figures.delay_s:.2f} s, p90 {figures.delay_p90_s:.2f}, p99 {figures.delay_p99_s:.2f}"
    )
    lines = [
        f"sessions {figures.sessions}, {figures.hours:.1f} h, let-downs {figures.let_downs}",
        f"first let-down found  {100 * figures.first_found:.2f} %",
        f"F1 {figures.f1:.4f}  precision {figures.precision:.4f}  recall {figures.recall:.4f}",
        f"false an hour         {figures.false_per_hour:.3f}",
        f"delay, median         {delays}; of the first let-down {figures.first_delay_s:.2f}",
        f"onset error, median   {figures.onset_error_s:.2f} s",
        f"calibration error     {figures.calibration_error:.4f}",
        f"told at resumptions   {figures.resumptions_told} (counted neither way)",
        f"let_down_slow         told {told}; false {_seeds(judged, 'false')}",
        f"  milk for over 4 s   {_seeds(judged, 'known_milk')}",
        f"  pump off            {_seeds(judged, 'pump_off')}",
        f"  milk even a moment  {_seeds(judged, 'any_milk')}",
        *(f"{name:35} {cell}" for name, cell in suction_cells([j.suction for j in judged]).items()),
    ]
    why = Counter(reason for each in judged for reason in each.why)
    return "\n".join([*lines, *(f"{count:5} {reason}" for reason, count in sorted(why.items()))])


def _seeds(judged: Sequence[Judged], name: str) -> str:
    found = [each.score.seed for each in judged if getattr(each.slowness, name)]
    return f"{len(found)}" + (f" {found[:5]}" if found else "")


def worst(judged: Sequence[Judged], count: int) -> str:
    """Return the sessions with most mistakes."""

    def mistakes(each: Judged) -> tuple[int, float]:
        missed = sum(delay is None for delay in each.score.delays_s)
        late = max((delay for delay in each.score.delays_s if delay is not None), default=0.0)
        return missed + len(each.score.false_s), late

    lines = []
    for each in sorted(judged, key=mistakes, reverse=True)[:count]:
        pairs = zip(each.score.true_onsets_s, each.score.delays_s, strict=True)
        missed = [round(onset, 1) for onset, delay in pairs if delay is None]
        false = [round(at_s, 1) for at_s in each.score.false_s]
        lines.append(
            f"{each.score.seed}: missed {missed}, false {false}, slowest {mistakes(each)[1]:.1f} s"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", default="typical", choices=FAMILIES)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--training", dest="use", action="store_const", const=Use.TRAINING, help="may be fitted to"
    )
    which.add_argument(
        "--development", dest="use", action="store_const", const=Use.DEVELOPMENT,
        help="may be looked at, all forms of ejections and pumps",
    )  # fmt: skip
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--worst", type=int, default=5, help="list so many of the worst sessions")
    parser.add_argument("--jobs", type=int)
    asked = parser.parse_args()
    began = time.perf_counter()
    with pool(asked.jobs) as processes:
        do = partial(judge, asked.family, asked.use)
        wanted = list(seeds(asked.family, asked.use, asked.sessions))
        judged = run_all(processes, asked.family, do, wanted)
    print(f"{asked.family}, {asked.use.value} seeds")
    print(report(judged))
    if asked.worst:
        print(worst(judged, asked.worst))
    print(f"{math.ceil(time.perf_counter() - began)} s")


if __name__ == "__main__":
    main()

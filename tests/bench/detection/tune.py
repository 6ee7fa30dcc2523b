"""Pick each peer's settings, for each family apart, by F1 on training recordings.

PYTHONPATH=tests python -m bench.detection.tune
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Final

from bench.detection.binned_flow import binned_flow
from bench.detection.peers import PEERS
from bench.detection.recording import recording
from bench.detection.running import pool, run_all
from bench.detection.scoring import SessionScore, score_session, sum_up
from bench.detection.seeds import Use, seeds

TUNED: Final = Path(__file__).with_name("peer_settings.json")

SESSIONS: Final = 60
"""Of each family: some three hundred let-downs."""

MILKY: Final = ("clean", "typical", "hard", "volume_only")
"""Families with let-downs to find."""

Choice = tuple[int, int]


def try_all(task: tuple[str, int]) -> dict[Choice, SessionScore]:
    """Score every choice of every peer on one recording."""
    family, seed = task
    made = recording(family, Use.TRAINING, seed)
    flow = binned_flow(made.samples)
    return {
        (which, number): score_session(made, peer.find(flow, choice))
        for which, peer in enumerate(PEERS)
        for number, choice in enumerate(peer.choices())
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int)
    asked = parser.parse_args()
    tuned: dict[str, dict[str, dict[str, float]]] = {}
    with pool(asked.jobs) as processes:
        for family in MILKY:
            tasks = [(family, seed) for seed in seeds(family, Use.TRAINING, SESSIONS)]
            scores: dict[Choice, list[SessionScore]] = defaultdict(list)
            for tried in run_all(processes, family, try_all, tasks):
                for choice, score in tried.items():
                    scores[choice].append(score)
            figures = {choice: sum_up(each) for choice, each in scores.items()}
            tuned[family] = {}
            for which, peer in enumerate(PEERS):
                choices = list(peer.choices())
                best = max(range(len(choices)), key=lambda n, w=which: figures[w, n].f1)  # type: ignore[misc]
                tuned[family][peer.name] = choices[best]
                got = figures[which, best]
                print(
                    f"{family:12} {peer.name:36} F1 {got.f1:.3f}, false an hour "
                    f"{got.false_per_hour:.2f}, delay {got.delay_s:.1f} s, {choices[best]}"
                )
    TUNED.write_text(json.dumps(tuned, indent=1) + "\n", "utf-8", newline="\n")


if __name__ == "__main__":
    main()

"""`make bench-detection`: judge on fresh seeds, and write what came out into docs/detection.md."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Final

from bench.detection.drawing import draw_all
from bench.detection.judging import judge
from bench.detection.recording import CACHE, forget_old
from bench.detection.results import FamilyResult, Goal, goals
from bench.detection.running import pool, run_all
from bench.detection.seeds import Use, seeds
from bench.detection.speed import measure
from bench.detection.tables import (
    failure_table,
    family_table,
    goal_table,
    informed_table,
    peer_table,
    settings_table,
    speed_table,
)

DOCS: Final = Path(__file__).parents[3] / "docs"
PAGE: Final = DOCS / "detection.md"
IMAGES: Final = DOCS / "images" / "detection"
BEGIN, END = "<!-- results begin -->", "<!-- results end -->"

SESSIONS: Final = {
    "clean": 0.3,
    "typical": 1.0,
    "hard": 0.6,
    "dry": 1.0,
    "volume_only": 0.4,
    "other": 0.4,
}
"""Sessions of each family, as a share of `--sessions`."""


PEERS_ARE = (
    "F1, false let-downs an hour, and median delay, in which what is missed counts as 30 s; in "
    "brackets how many times the clairvoyant's, reckoned likewise (an offline method has no delay, "
    "for it has seen the end first)."
)
INFORMED_IS = (
    "The clairvoyant that knows every law, by how sure it is when it tells: its F1 as reckoned (if "
    "its law of the noise holds; it was not tried where none comes), "
    "median delay and 99th percentile of what it tells; and the same where it has to find the flow "
    "before in what the scale shows."
)
PEERS_SHOWN = (
    "![False let-downs and delay of every online peer at every threshold (lines), as tuned (dots), "
    "and ours (stars)](images/detection/peers.svg)"
)
WORST_SHOWN = (
    "![The worst ten sessions: true flow, what the scales show of it, and what was found, missed "
    "and falsely told](images/detection/worst.png)"
)


def written(results: list[FamilyResult], use: Use) -> tuple[list[Goal], str]:
    """Return the goals, and all that goes into the page."""
    speed = measure()
    reached = goals(results, speed)
    parts = (
        "In brackets: the middle 95 % over resampled sessions.",
        goal_table(reached),
        "### Family by family",
        family_table(results, use),
        "![How long after the true onset let-downs are told](images/detection/delays.svg)",
        "![Confidence, and the share that was true](images/detection/confidence.svg)",
        "### With every law known",
        INFORMED_IS,
        informed_table(results),
        "### Beside the peers",
        PEERS_ARE,
        peer_table(results),
        PEERS_SHOWN,
        "How the peers are set (see `peers.py` for what each setting is):",
        settings_table(results),
        "### Speed",
        speed_table(speed),
        "### Where it fails",
        failure_table(results),
        "The five worst sessions of `typical` (left) and of `hard` (right):",
        WORST_SHOWN,
    )
    return reached, "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=140, help="of the family `typical`")
    parser.add_argument("--jobs", type=int)
    parser.add_argument(
        "--development",
        action="store_true",
        help="on seeds that may be looked at; the page stays as it is, plots go to .cache",
    )
    asked = parser.parse_args()
    use = Use.DEVELOPMENT if asked.development else Use.BENCHMARK
    began = time.perf_counter()
    forget_old()
    results = []
    with pool(asked.jobs) as processes:
        for family, share in SESSIONS.items():
            count = max(5, round(share * asked.sessions))
            tasks = [(family, use, seed) for seed in seeds(family, use, count)]
            results.append(FamilyResult(family, run_all(processes, family, judge, tasks)))
            minutes = (time.perf_counter() - began) / 60.0
            print(f"{family}: {count} sessions; {minutes:.1f} minutes so far", flush=True)
    reached, text = written(results, use)
    for each in reached:
        met = "met    " if each.met else "NOT MET"
        print(f"{met}  {each.what}: {each.reached}; goal: {each.goal}")
    if asked.development:
        draw_all(results, use, CACHE / "plots")
        (CACHE / "results.md").write_text(text + "\n", "utf-8", newline="\n")
        print(f"See {CACHE}: results.md and plots.")
    else:
        draw_all(results, use, IMAGES)
        head, rest = PAGE.read_text("utf-8").split(BEGIN)
        tail = rest.split(END)[1]
        PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", "utf-8", newline="\n")
        print(f"{PAGE} and {IMAGES} are written anew.")
    print(f"{(time.perf_counter() - began) / 60.0:.1f} minutes")


if __name__ == "__main__":
    main()

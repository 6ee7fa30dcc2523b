"""What the core takes, as it is and as machine code, and that both tell the same.

Run by itself it says what the core that it finds takes and tells, as JSON.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.twenty_minutes import INFO, twenty_minutes
from lullaflow.detection import LetDownDetector, Samples
from lullaflow.session.core import Core

ROOT: Final = Path(__file__).parents[2]
COMPILED: Final = ROOT / ".make" / "compiled"
"""Where `make` puts the compiled core; it is not there without a C compiler."""

REPEATS: Final = 10
"""The fastest of so many counts: the others were disturbed. They are run by turns, for a machine
that others use, too, is faster in one minute than in the next."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds for some samples, on one core.

    Attributes:
        detector_s: our detector alone.
        core_s: the whole core, as `lullaflow replay` runs it after reading the file.
    """

    detector_s: float
    core_s: float


def taken(samples: Samples) -> Taken:
    """Return what the core of this process takes."""
    return Taken(
        *fastest(lambda: LetDownDetector().update(samples), lambda: Core(INFO).step(samples))
    )


def told(samples: Samples) -> str:
    """Return a digest of all that the core of this process says of samples."""
    return hashlib.sha256(repr(Core(INFO).step(samples)).encode()).hexdigest()


def fastest(*runs: Callable[[], object]) -> list[float]:
    """Return the seconds that each takes at its fastest."""
    least = [math.inf] * len(runs)
    for _ in range(REPEATS):
        for which, run in enumerate(runs):
            began = time.perf_counter()
            run()
            least[which] = min(least[which], time.perf_counter() - began)
    return least


def compiled(as_it_is: str) -> Taken | None:
    """Return what the compiled core takes for the twenty minutes; None where there is none.

    Raises:
        RuntimeError: when it does not tell what the core as it is tells.
    """
    if not COMPILED.exists():
        return None
    run = subprocess.run(
        [sys.executable, "-m", "bench.compiled"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(COMPILED), str(ROOT / "tests")))},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    said = json.loads(run.stdout)
    if said.pop("core").endswith(".py"):
        raise RuntimeError(f"{COMPILED} holds no compiled core; remove it and run make again")
    if said.pop("told") != as_it_is:
        raise RuntimeError("the compiled core tells something else than the core as it is")
    return Taken(**said)


def main() -> None:
    """Say what the core that is found first takes and tells."""
    samples = twenty_minutes()
    core = sys.modules[Core.__module__].__file__
    print(json.dumps({"core": core, "told": told(samples), **asdict(taken(samples))}))


if __name__ == "__main__":
    main()

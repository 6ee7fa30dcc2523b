"""Which seeds are for what. The ranges are disjoint, and far from those that tests and docs use."""

from __future__ import annotations

from enum import Enum
from typing import Final

from lullaflow_sim.generate import Family, Forms

OTHER: Final = "other"
"""The family of the other generator (`other.py`)."""

FAMILIES: Final = (*(family.value for family in Family), OTHER)

MOST_SESSIONS: Final = 100_000
"""Sessions of one family and one use, at most."""


class Use(Enum):
    """What recordings are for."""

    TRAINING = "training"
    """Constants may be fitted to them, ours and the peers'. They leave out some forms of ejections
    and pumps, so that who fits too closely is found out."""
    DEVELOPMENT = "development"
    """May be looked at while working. They helped to choose at first how sure the taught eye must
    be, how far time may count (`verdict`, `timing`) and what holds `let_down_slow` back, for it has
    seen the training ones. Nothing is fitted to them: `sweep.py` judges all of these, as all other
    constants, on training recordings that taught the eye nothing."""
    BENCHMARK = "benchmark"
    """The judge's: used by `make bench-detection` and by nothing else."""


FIRST_SEED: Final = {
    Use.TRAINING: 910_000_000,
    Use.DEVELOPMENT: 920_000_000,
    Use.BENCHMARK: 1_350_000_000,
}

FORMS: Final = {
    Use.TRAINING: Forms.FITTING,
    Use.DEVELOPMENT: Forms.ALL,
    Use.BENCHMARK: Forms.ALL,
}


def seeds(family: str, use: Use, count: int) -> range:
    """Return the first seeds of a family for one use; every seed is also its mother's.

    Raises:
        ValueError: when so many would reach into another family's.
    """
    if not 0 <= count <= MOST_SESSIONS:
        raise ValueError(f"{count} sessions are more than the {MOST_SESSIONS} that one family has")
    first = FIRST_SEED[use] + FAMILIES.index(family) * MOST_SESSIONS
    return range(first, first + count)

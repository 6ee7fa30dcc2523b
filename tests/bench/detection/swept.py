"""The constants that are a matter of judgement, by what they decide, and how to move them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from lullaflow.detection import (
    bottle,
    evidence,
    let_down,
    level,
    packets,
    timing,
    track,
    tremble,
    vacuum,
    verdict,
    vibration,
)
from lullaflow.session import doubt, rhythm, seal, waiting

FACTORS: Final = (0.7, 1.4)
"""To both sides, further than one would doubt."""

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


def _of(module: ModuleType, *names: str) -> tuple[Constant, ...]:
    return tuple(Constant(name, (module,)) for name in names)


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

ENDING: Final = _of(let_down, "OVER_ML_S", "OVER_SHARE", "OVER_BINS")
"""What decides when a let-down's flow is over."""

HOLDING: Final = (
    *_of(doubt, "FLOWS", "READ_BINS", "FAINT_ML_S", "LATE_S", "UNREAD_S"),
    *_of(waiting, "MUCH_ML", "DRIPS_ML_S"),
    *_of(let_down, "SUSPECTED_BINS", "SUSPICIOUS", "SUSPICIOUS_BINS"),
)
"""What decides whether milk may be coming, so that nothing is called slow yet."""

PUMPING: Final = (
    *_of(vacuum, "RISE_SHARE", "FALL_SHARE", "LATE_PULLS", "SETTLED_BINS", "LEAST_SWING"),
    *_of(rhythm, "RATE_STEP", "PULL_STEP", "CALM_BINS", "CALM_RATE", "CALM_PULL"),
    *_of(rhythm, "BEGINS", "CLEAR", "FOLLOW", "SINK"),
    *_of(seal, "SETTLED_BINS", "USUAL_SHARE", "MATE_SHARE", "TURNED_SHARE", "FOLLOW"),
)
"""What decides which phase is told, and which seal leaks."""

SWEPT: Final = (*TELLING, *ENDING, *HOLDING, *PUMPING)


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
        for constant in SWEPT:
            if str(constant) == move.constant:
                value = constant.moved(move.factor)
                for module in constant.modules:
                    patches.enter_context(patch.object(module, constant.name, value))
        yield

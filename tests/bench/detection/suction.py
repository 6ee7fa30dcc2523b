"""What the core tells of the pump, against the truth: leaks, the phase, the time of stimulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.detection.playing import Played
from bench.detection.recording import Recording
from lullaflow_protocol.events import LetDown, PhaseChanged, SealLeak

Curve = NDArray[np.float64]
Mask = NDArray[np.bool_]

SUCTION_MMHG: Final = 20.0
"""Less is no suction: the softest cleared pumps start here (FDA K191802)."""

LOST: Final = 0.5
LONG_S: Final = 15.0
"""A leak that takes half of the suction for so long is one that a mother should hear of."""

NO_LEAK: Final = 0.25
"""Who loses less than this has no leak to speak of: to tell one is false. What lies between may be
told, or not."""

AFTER_S: Final = 10.0
"""A leak that ended in these seconds may still be told."""

NOTHING: Final = "–"

EARLY_S: Final = 5.0
"""Leaks that begin before the pump has run for so long were there from the start."""


@dataclass(frozen=True, slots=True)
class TrueSeal:
    """A leak that is to be told.

    Attributes:
        first: whether it was there from the start.
        delay_s: from its beginning until it was told; None where it was not.
    """

    first: bool
    delay_s: float | None


@dataclass(frozen=True, slots=True)
class SuctionScore:
    """What one recording shows of it.

    Attributes:
        hours: of pumping.
        seals: the leaks there were to be told.
        false_s: when one was told that was not there.
        phase_right: share of the pumping in which the right phase was told; None where no truth is
            known.
        counted_off_s: stimulation that was counted less the true one, when the first let-down was
            told or the first session ended.
    """

    hours: float
    seals: tuple[TrueSeal, ...]
    false_s: tuple[float, ...]
    phase_right: float | None
    counted_off_s: float


def judge_suction(made: Recording, played: Played) -> SuctionScore | None:
    """Judge what the core told of the pump; None for a plain scale."""
    if made.volume_only:
        return None
    told = [each.at_s for each in played.said if isinstance(each.event, SealLeak)]
    pumping = _pumping(made)
    return SuctionScore(
        hours=float(pumping.sum()) * _step_s(made) / 3600.0,
        seals=tuple(_seals(made, pumping, told)),
        false_s=tuple(at_s for at_s in told if not _leaked(made, at_s)),
        phase_right=_phase_right(made, pumping, played) if made.phases else None,
        counted_off_s=_counted_off_s(made, played),
    )


def suction_cells(scores: Sequence[SuctionScore | None]) -> dict[str, str]:
    """Return the figures of many recordings as a table's cells, by what they are."""
    known = [each for each in scores if each is not None]
    hours = sum(each.hours for each in known)
    right = [each.phase_right for each in known if each.phase_right is not None]
    off = [abs(each.counted_off_s) for each in known]
    cells = {}
    for name, first in (("later on", False), ("from the start", True)):
        seals = [seal for each in known for seal in each.seals if seal.first is first]
        delays = [seal.delay_s for seal in seals if seal.delay_s is not None]
        cells[f"seals that leak, {name}: told"] = f"{len(delays)} of {len(seals)}"
        if not first:
            cells["after, median (s)"] = f"{np.median(delays):.1f}" if delays else NOTHING
    false = sum(len(each.false_s) for each in known)
    cells["leaks told that were none, an hour"] = f"{false / hours:.2f}" if hours else NOTHING
    cells["time in which the right phase was told (%)"] = (
        f"{100.0 * np.mean(right):.1f}" if right else NOTHING
    )
    cells["stimulation miscounted, 95 % of sessions under (s)"] = (
        f"{np.quantile(off, 0.95):.1f}" if off else NOTHING
    )
    return cells


def _step_s(made: Recording) -> float:
    return float(made.true_t_s[1] - made.true_t_s[0])


def _pumping(made: Recording) -> Mask:
    """Tell when the motor runs, whether or not any of its suction is felt."""
    running: Mask = (made.true_t_s >= made.start_s) & (made.true_t_s < made.stop_s)
    if made.phases:
        running &= _phases(made.phases, made.true_t_s) != "paused"
    return running


def _phases(changes: Sequence[tuple[float, str]], t_s: Curve) -> NDArray[np.str_]:
    names = np.array(["paused", *(name for _, name in changes)])
    return names[np.searchsorted([at_s for at_s, _ in changes], t_s, side="right")]


def _lost(made: Recording, side: str) -> Curve:
    lost = np.zeros(len(made.true_t_s))
    for leak in made.leaks:
        if leak.side == side:
            during = (made.true_t_s >= leak.at_s) & (made.true_t_s < leak.at_s + leak.for_s)
            lost[during] = np.maximum(lost[during], leak.lost)
    return lost


def _seals(made: Recording, pumping: Mask, told: Sequence[float]) -> list[TrueSeal]:
    """Return the leaks that are to be told; both sides at once are one."""
    bad = np.zeros(len(made.true_t_s), dtype=np.bool_)
    for side in made.sides:
        bad |= _lost(made, side) >= LOST
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (bad & pumping).astype(np.int8), [0]))))
    seals = []
    for first, stop in edges.reshape(-1, 2).tolist():
        from_s, to_s = first * _step_s(made), stop * _step_s(made)
        if to_s - from_s < LONG_S:
            continue
        heard = [at_s for at_s in told if from_s <= at_s <= to_s + AFTER_S]
        seals.append(
            TrueSeal(from_s < made.start_s + EARLY_S, heard[0] - from_s if heard else None)
        )
    return seals


def _leaked(made: Recording, at_s: float) -> bool:
    return any(
        leak.lost >= NO_LEAK and leak.at_s <= at_s <= leak.at_s + leak.for_s + AFTER_S
        for leak in made.leaks
    )


def _phase_right(made: Recording, pumping: Mask, played: Played) -> float:
    changes = [(s.at_s, s.event.phase) for s in played.said if isinstance(s.event, PhaseChanged)]
    same = _phases(changes, made.true_t_s) == _phases(made.phases, made.true_t_s)
    return float(same[pumping].mean())


def _counted_off_s(made: Recording, played: Played) -> float:
    """Return how far the time of stimulation is off where it was last counted."""
    if not played.counted_s:
        return 0.0
    at_s, counted_s = played.counted_s[-1]
    found = [each.at_s for each in played.said if isinstance(each.event, LetDown)]
    at_s = min([at_s, *found])
    suction = np.max(np.vstack([side.suction_mmhg for side in made.sides.values()]), axis=0)
    true_s = float((suction[made.true_t_s <= at_s] >= SUCTION_MMHG).sum()) * _step_s(made)
    return counted_s - true_s

"""What each family of recordings is like: its sensors, its accidents, its pumps.

Nobody has published how often a bottle is knocked at home; rates and sizes are assumed, chosen so
that `typical` is an ordinary evening with a companion board, and `hard` a bad one. `dry` has every
accident of `hard`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from lullaflow_sim.body.day import NONE_SHARE
from lullaflow_sim.sensors import Touch

Range = tuple[float, float]


class Family(Enum):
    """A kind of recording."""

    CLEAN = "clean"
    """Good sensors, nothing goes wrong."""
    TYPICAL = "typical"
    """An ordinary evening."""
    HARD = "hard"
    """Poor sensors, weak ejections, many accidents."""
    DRY = "dry"
    """No let-down at all, but all that can be mistaken for one."""
    VOLUME_ONLY = "volume_only"
    """A plain scale; no suction is measured."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Ranges from which a session's conditions are drawn; all assumed, the defaults for `typical`.

    Ranges in g are drawn evenly in their logarithm. See `ScalePlan` for the scale's terms.

    Attributes:
        white_g, walk_g, vibration_g, tube_g, drift_g_min: of the scale; drift to either side.
        coloured_share, coloured_g: how many scales wander, and by how much.
        smooth_s: filter of a plain scale.
        spikes: share of readings that may be far off, at most.
        quanta_g: steps of a reading to choose from.
        touches_h: touches an hour, by kind.
        gulps_h: milk that tips over at once, times an hour.
        dribbles_h: spells in which milk runs without an ejection, times an hour.
        handled_share: sessions that begin with a hand on the bottle.
        leak_share, clog_share, pause_share, turn_share, back_share: sessions in which a seal leaks,
            a valve clogs, the pump pauses, suction is turned, stimulation is asked for again.
        weak_share, weak: sessions with weak flow, and how weak.
        cue_share: sessions in which the mother hears and sees cues.
        none_share: sessions without any ejection.
        lost_share, lost: sessions that lose frames, and the share of frames that they lose.
        silent_share: sessions in which one sensor gives no sample for a while.
        jitter_s: how far a plain scale's moments are off, to either side.
        clock_ppm: how far the board's clock is off, to either side.
        rates_hz: of the scale, to choose from.
        vacuum: whether suction is measured.
    """

    white_g: Range = (0.01, 0.05)
    walk_g: Range = (0.001, 0.008)
    vibration_g: Range = (0.01, 0.12)
    tube_g: Range = (0.005, 0.1)
    drift_g_min: float = 0.02
    coloured_share: float = 0.3
    coloured_g: Range = (0.01, 0.05)
    smooth_s: Range = (0.0, 0.0)
    spikes: float = 0.0005
    quanta_g: tuple[float, ...] = (0.01, 0.02, 0.02, 0.05)
    touches_h: Mapping[Touch, float] = field(
        default_factory=lambda: {
            Touch.BUMP: 12.0,
            Touch.SETTLE: 3.0,
            Touch.HAND: 5.0,
            Touch.LEAN: 1.5,
            Touch.LIFT: 1.5,
            Touch.SWAP: 0.2,
            Touch.TARE: 0.3,
            Touch.TILT: 1.0,
        }
    )
    gulps_h: float = 1.0
    dribbles_h: float = 0.5
    handled_share: float = 0.5
    leak_share: float = 0.15
    clog_share: float = 0.03
    pause_share: float = 0.12
    turn_share: float = 0.5
    back_share: float = 0.15
    weak_share: float = 0.0
    weak: Range = (0.25, 0.6)
    cue_share: float = 0.3
    none_share: float = NONE_SHARE
    lost_share: float = 0.2
    lost: Range = (0.002, 0.02)
    silent_share: float = 0.03
    jitter_s: float = 0.0
    clock_ppm: float = 60.0
    rates_hz: tuple[float, ...] = (10.0,)
    vacuum: bool = True


def _times(conditions: Conditions, factor: float) -> dict[Touch, float]:
    return {kind: rate * factor for kind, rate in conditions.touches_h.items()}


_TYPICAL: Final = Conditions()

_HARD: Final = replace(
    _TYPICAL,
    white_g=(0.03, 0.15),
    walk_g=(0.004, 0.03),
    vibration_g=(0.05, 0.5),
    tube_g=(0.02, 0.5),
    drift_g_min=0.1,
    coloured_share=0.6,
    coloured_g=(0.03, 0.15),
    spikes=0.005,
    quanta_g=(0.02, 0.1, 0.2, 0.5, 1.03),
    touches_h=_times(_TYPICAL, 3.0),
    gulps_h=4.0,
    dribbles_h=4.0,
    handled_share=0.8,
    leak_share=0.4,
    clog_share=0.12,
    pause_share=0.3,
    turn_share=0.7,
    back_share=0.3,
    weak_share=0.35,
    lost_share=0.6,
    lost=(0.01, 0.08),
    silent_share=0.15,
    clock_ppm=300.0,
)

CONDITIONS: Final[Mapping[Family, Conditions]] = {
    Family.CLEAN: replace(
        _TYPICAL,
        white_g=(0.005, 0.02),
        walk_g=(0.0003, 0.002),
        vibration_g=(0.002, 0.02),
        tube_g=(0.001, 0.01),
        drift_g_min=0.003,
        coloured_share=0.0,
        spikes=0.0,
        quanta_g=(0.01,),
        touches_h={},
        gulps_h=0.0,
        dribbles_h=0.0,
        handled_share=0.0,
        leak_share=0.0,
        clog_share=0.0,
        pause_share=0.0,
        turn_share=0.2,
        back_share=0.0,
        cue_share=0.0,
        lost_share=0.0,
        silent_share=0.0,
        clock_ppm=0.0,
    ),
    Family.TYPICAL: _TYPICAL,
    Family.HARD: _HARD,
    Family.DRY: replace(
        _HARD,
        white_g=(0.01, 0.15),
        walk_g=(0.001, 0.03),
        vibration_g=(0.01, 0.5),
        tube_g=(0.005, 0.5),
        coloured_g=(0.01, 0.15),
        quanta_g=(0.01, 0.02, 0.05, 0.1, 0.5, 1.03),
        weak_share=0.0,
        none_share=1.0,
    ),
    Family.VOLUME_ONLY: replace(
        _TYPICAL,
        white_g=(0.02, 0.2),
        smooth_s=(0.2, 1.0),
        quanta_g=(0.5, 1.0, 1.0, 1.03),
        jitter_s=0.03,
        rates_hz=(10.0, 5.0, 5.0, 2.0, 1.0),
        vacuum=False,
    ),
}
"""What each family is like. A step of 1.03 g is one of whole millilitres."""


class Forms(Enum):
    """Which functional forms may occur: fitting sees fewer than the benchmark."""

    FITTING = "fitting"
    ALL = "all"

"""Draw what goes wrong in a session: touches of bottles, seals that leak, spells of a pump."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lullaflow_sim.body import Dribble
from lullaflow_sim.chance import Chance
from lullaflow_sim.generate.conditions import Conditions, Range
from lullaflow_sim.pump import SealFault
from lullaflow_sim.sensors import Disturbance, Touch

BOTH_SHARE: Final = 0.35
"""Knocks that shake both bottles, as a share: they stand on one table. Assumed."""

HANDLED_S: Final = (-8.0, 6.0)
"""When a hand that sets a bottle right comes, in s from the pump's start; assumed."""

POOR_START: Final = 0.5
"""Seals that are poor from the start, until the mother notices, per share that leaks later;
assumed."""

LEAK: Final = (0.3, 0.9)
LEAK_S: Final = (10.0, 180.0)
POOR_LEAK: Final = (0.5, 0.9)
POOR_S: Final = (20.0, 200.0)
"""Leaks later on and from the start: share of the suction lost, and seconds; assumed."""

TUBE_OFF_SHARE: Final = 0.15
TUBE_OFF: Final = 0.98
"""Leaks in which the tube slips off, as a share, and the share of the suction that is lost then;
assumed."""

CLOG: Final = (0.35, 0.7)
CLOG_S: Final = (10.0, 90.0)
"""Clogs: share of the suction that stays at release, and seconds; assumed."""

LAST_S: Final = 30.0
"""No fault begins in the last seconds of a session, by design."""

MOST_SPELLS: Final = 3
"""Count of spells of one kind in a session that has any, at most; assumed."""

DRIBBLE_S: Final = (15.0, 90.0)
DRIBBLE_G_S: Final = (0.008, 0.028)
"""Milk that runs without an ejection: seconds, and flow in g/s under good suction. Assumed, within
drips of 0 to 0.05 g/s and below what counts as an ejection."""

SECONDS: Final[Mapping[Touch, Range]] = {
    Touch.BUMP: (0.1, 0.8),
    Touch.SETTLE: (0.0, 0.0),
    Touch.HAND: (1.5, 20.0),
    Touch.LEAN: (8.0, 60.0),
    Touch.LIFT: (2.0, 25.0),
    Touch.SWAP: (6.0, 30.0),
    Touch.TARE: (0.0, 0.0),
    Touch.TILT: (4.0, 60.0),
}
GRAMS: Final[Mapping[Touch, Range]] = {
    Touch.BUMP: (-80.0, 80.0),
    Touch.SETTLE: (-1.5, 1.5),
    Touch.HAND: (-20.0, 150.0),
    Touch.LEAN: (-8.0, 15.0),
    Touch.LIFT: (-0.5, 0.5),
    Touch.SWAP: (-3.0, 3.0),
    Touch.TARE: (0.0, 0.0),
    Touch.TILT: (0.002, 0.04),
}
"""Seconds and grams of each kind of touch, all assumed. A bottle weighs 40 to 160 g, a resting hand
up to some hundred; grams of a tilt are the share of the weight that goes missing."""


def draw_disturbances(
    conditions: Conditions,
    chance: Chance,
    sides: tuple[int, ...],
    start_s: float,
    length_s: float,
) -> tuple[Disturbance, ...]:
    """Return what happens to the bottles of a session that begins at `start_s`."""
    found: list[Disturbance] = []
    for side in sides:
        for kind, an_hour in conditions.touches_h.items():
            for _ in range(int(chance.times(an_hour * length_s / 3600.0))):
                touch = _touch(kind, chance, side, start_s + chance.uniform(0.0, length_s))
                found.append(touch)
                if kind is Touch.BUMP and len(sides) == 2 and chance.random() < BOTH_SHARE:
                    found.append(_touch(kind, chance, 1 - side, touch.at_s))
        if chance.random() < conditions.handled_share:
            at_s = max(0.0, start_s + chance.uniform(*HANDLED_S))
            found.append(_touch(Touch.HAND, chance, side, at_s))
            found.append(_touch(Touch.SETTLE, chance, side, found[-1].at_s + found[-1].for_s))
    return tuple(sorted(found, key=lambda each: each.at_s))


def draw_faults(
    conditions: Conditions, chance: Chance, sides: tuple[int, ...], start_s: float, stop_s: float
) -> tuple[SealFault, ...]:
    """Return the leaks and clogs of a session."""
    span = (start_s, stop_s - LAST_S)
    faults: list[SealFault] = []
    for side in sides:
        for at_s, for_s in draw_spells(conditions.leak_share, chance, span, LEAK_S):
            off = chance.random() < TUBE_OFF_SHARE
            leak = TUBE_OFF if off else chance.uniform(*LEAK)
            faults.append(SealFault(at_s, for_s, side, leak=leak))
        if chance.random() < POOR_START * conditions.leak_share:
            begins_s, lasts_s = max(0.0, start_s - 1.0), chance.uniform(*POOR_S)
            faults.append(SealFault(begins_s, lasts_s, side, leak=chance.uniform(*POOR_LEAK)))
        for at_s, for_s in draw_spells(conditions.clog_share, chance, span, CLOG_S):
            faults.append(SealFault(at_s, for_s, side, clog=chance.uniform(*CLOG)))
    return tuple(faults)


def draw_dribbles(
    conditions: Conditions, chance: Chance, sides: tuple[int, ...], start_s: float, stop_s: float
) -> tuple[Dribble, ...]:
    """Return the spells of a session in which milk runs without an ejection."""
    count = chance.times(conditions.dribbles_h * (stop_s - start_s) / 3600.0)
    return tuple(
        Dribble(
            chance.uniform(start_s, stop_s),
            chance.uniform(*DRIBBLE_S),
            sides[chance.below(len(sides))],
            chance.uniform(*DRIBBLE_G_S),
        )
        for _ in range(count)
    )


def draw_spells(
    share: float, chance: Chance, within_s: Range, for_s: Range
) -> tuple[tuple[float, float], ...]:
    """Return one to three spells `(at_s, for_s)` in a share of the sessions, none in the others."""
    if chance.random() >= share:
        return ()
    return tuple(
        (chance.uniform(*within_s), chance.uniform(*for_s))
        for _ in range(1 + chance.below(MOST_SPELLS))
    )


def _touch(kind: Touch, chance: Chance, side: int, at_s: float) -> Disturbance:
    low, high = GRAMS[kind]
    if low < 0.0:
        # Small touches are commoner than large ones.
        small = chance.random()
        grams = (low if chance.random() < -low / (high - low) else high) * small * small
    else:
        grams = chance.uniform(low, high)
    return Disturbance(kind, at_s, chance.uniform(*SECONDS[kind]), side, grams)

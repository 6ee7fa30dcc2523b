"""What a session's pump does, and what the hand on its switch does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum


class Wave(Enum):
    """Families of suction over a cycle.

    After a bench study of consumer pumps ('Exploratory research on comparing breast pumps':
    pull-and-release, micro-vibration, near-constant suction, mixtures); the formulas are assumed.
    """

    SINE = "sine"
    TRAPEZOID = "trapezoid"
    EXPONENTIAL = "exponential"
    SAWTOOTH = "sawtooth"
    NEAR_CONSTANT = "near_constant"


@dataclass(frozen=True, slots=True)
class Mode:
    """A pump's mode: cycles per minute, and peak suction in mmHg."""

    cycles_per_min: float
    mmhg: float


@dataclass(frozen=True, slots=True)
class SealFault:
    """Something wrong with the suction of one side for a while.

    Attributes:
        at_s, for_s: when.
        side: 0 left, 1 right.
        leak: share of the suction that is lost, 0 to 1 (1: the tube is off).
        clog: share of the suction that stays at release, 0 to 1; milk cannot pass meanwhile.
    """

    at_s: float
    for_s: float
    side: int
    leak: float = 0.0
    clog: float = 0.0


@dataclass(frozen=True, slots=True)
class PumpPlan:
    """A session's pump.

    Defaults are assumed unless named: 2 min until it switches (usual in two-phase pumps), about 190
    mmHg of suction in expression (Kent 2008, doi 10.1089/bfm.2007.0028).

    Attributes:
        start_s, stop_s: first suction, and the hand that switches it off.
        stimulation, expression: its two modes.
        switch_s: when it changes to expression by itself; infinite: never.
        hand_s: how soon after visible flow the mother switches; infinite: she leaves it alone.
        back_to_stimulation: spells `(at_s, for_s)` in which she lets it stimulate again.
        turns: `(at_s, factor)`, suction turned up or down from here on.
        pauses: `(from_s, to_s)`, motor off.
        faults: of the seal, the valve and the tubing.
        wave: form of a cycle.
        duty: share of a cycle under suction.
        ripple_mmhg, ripple_hz: micro-vibration on top of the suction.
        alternating: left and right take turns instead of pulling together.
        follow_s: how fast the peak follows a change of mode.
        scatter: relative spread of the peak from cycle to cycle.
        shared: share of one side's leak that the other side loses too, on the same motor.
    """

    start_s: float
    stop_s: float
    stimulation: Mode = Mode(100.0, 110.0)
    expression: Mode = Mode(60.0, 190.0)
    switch_s: float = 120.0
    hand_s: float = math.inf
    back_to_stimulation: tuple[tuple[float, float], ...] = ()
    turns: tuple[tuple[float, float], ...] = ()
    pauses: tuple[tuple[float, float], ...] = ()
    faults: tuple[SealFault, ...] = ()
    wave: Wave = Wave.SINE
    duty: float = 0.6
    ripple_mmhg: float = 0.0
    ripple_hz: float = 9.0
    alternating: bool = False
    follow_s: float = 1.0
    scatter: float = 0.03
    shared: float = 0.0

    def changes_s(self) -> tuple[float, ...]:
        """Return every moment at which something is planned to change, but for the switch."""
        spells = [(at_s, at_s + for_s) for at_s, for_s in self.back_to_stimulation]
        spells += [(fault.at_s, fault.at_s + fault.for_s) for fault in self.faults]
        moments = [self.start_s, self.stop_s, *(at_s for at_s, _ in self.turns)]
        return (*moments, *(at_s for spell in (*spells, *self.pauses) for at_s in spell))

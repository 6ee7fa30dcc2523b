"""What one session's body intends. Cues, stress and the pump decide when it comes to pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from lullaflow_sim.body.shapes import Shape


class Pattern(Enum):
    """How a mother's ejections come (MDPI Proceedings 2025, 112(1):9)."""

    FEW = "few"
    MANY = "many"
    CONTINUOUS = "continuous"


@dataclass(frozen=True, slots=True)
class Pulse:
    """One oxytocin pulse and the ejection that it brings, in both breasts.

    Defaults are assumed, a length of 90 s and an early peak as in most drawn sessions.

    Attributes:
        need_s: seconds of good stimulation since the pulse before (or the start) that release it.
        length_s: of the ejection.
        strength: of its pressure; 1 gives the body's full flow.
        shape: how its pressure rises and falls.
        rise_share: where in its length the peak lies.
        lag_s: the right breast after the left; negative when it is first.
        left, right: strength in each breast; 0 where this ejection stays out.
    """

    need_s: float
    length_s: float = 90.0
    strength: float = 1.0
    shape: Shape = Shape.GAMMA
    rise_share: float = 0.2
    lag_s: float = 0.0
    left: float = 1.0
    right: float = 1.0


@dataclass(frozen=True, slots=True)
class Dribble:
    """Milk that runs without an ejection for a while: a hand massages, she bends forward.

    Attributes:
        at_s, for_s: when, and for how long.
        side: 0 left, 1 right.
        g_s: how much, in g/s under good suction; too little to count as an ejection.
    """

    at_s: float
    for_s: float
    side: int
    g_s: float


@dataclass(frozen=True, slots=True)
class BodyPlan:
    """A session's body. Defaults are assumed: an average mother, nobody stressed.

    Attributes:
        pulses: in the order in which they come; none of them, and no milk lets down.
        full_flow_g_s: of the left and right breast at full pressure, full breast, good suction.
        available_g: milk in the left and right breast at the start.
        depletion: exponent by which flow falls with the share of milk that is left.
        drip_g_s: what comes between ejections, mean of left and right.
        dribbles: milk that runs without an ejection.
        stress: share of the stimulation that stress takes away, 0 to 1.
        cue_gain: how much faster oxytocin comes for each kind of cue in the room (0: not at all).
        pattern: how this mother's ejections come.
        late: whether she has a late ejection.
    """

    pulses: tuple[Pulse, ...] = ()
    full_flow_g_s: tuple[float, float] = (0.5, 0.5)
    available_g: tuple[float, float] = (110.0, 110.0)
    depletion: float = 0.8
    drip_g_s: tuple[float, float] = (0.005, 0.005)
    dribbles: tuple[Dribble, ...] = ()
    stress: float = 0.0
    cue_gain: Mapping[str, float] = field(default_factory=dict)
    pattern: Pattern = Pattern.FEW
    late: bool = False

"""What a session's sensors get wrong, and what happens to the bottles they weigh."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Touch(Enum):
    """What happens to a bottle and is no milk."""

    BUMP = "bump"
    """A knock that rings out; `grams` is its first swing."""
    SETTLE = "settle"
    """The bottle sits otherwise afterwards: `grams` more or less, for good."""
    HAND = "hand"
    """A hand on it that trembles: on and off within a second, `grams` heavy."""
    LEAN = "lean"
    """An arm or the mother herself leans on it: comes and goes softly."""
    LIFT = "lift"
    """Lifted off and put back."""
    SWAP = "swap"
    """Lifted off; another, empty one put on."""
    TARE = "tare"
    """Somebody sets the scale to zero; nothing to see but a jump."""
    TILT = "tilt"
    """The scale stands askew for a while: `grams` is the share of the weight that is lost."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One touch of one bottle.

    Attributes:
        kind: what happens.
        at_s, for_s: when, and for how long (BUMP: how fast it rings out).
        side: 0 left, 1 right.
        grams: how hard; see `Touch`.
    """

    kind: Touch
    at_s: float
    for_s: float = 1.0
    side: int = 0
    grams: float = 0.0


@dataclass(frozen=True, slots=True)
class ScalePlan:
    """One load cell and what stands behind it. Defaults are assumed.

    Attributes:
        white_g: white noise of a reading.
        coloured_g, coloured_s: noise that wanders, its spread and its time constant.
        walk_g: random walk, g per square root of a second: creep of the parts, draughts.
        drift_g_min, warm_s: drift as warm milk and the motor warm the cell: g a minute at first,
            and the time constant with which it ends.
        vibration_g: shaking by the pump's stroke, amplitude.
        overtone: of the shaking's second harmonic, as share of the first.
        tube_g: pull of the stiffened tube at 100 mmHg.
        creep_share, creep_s: share of a load (milk, bottle and hand) that comes and goes late, and
            how late; good cells creep by about 0.02 % in 30 min, cheap ones by several times that.
        spikes: share of readings that are far off, by some `SPIKE_G`: a bad contact, a burst.
        smooth_s: time constant of a plain scale's own filter; 0: none.
        quantum_g: step of a reading.
        low_g, high_g: where the converter saturates.
        zero_g: what it shows with the empty bottle on it.
        bottle_g: weight of the bottle that a tare took away.
    """

    white_g: float = 0.03
    coloured_g: float = 0.0
    coloured_s: float = 2.0
    walk_g: float = 0.004
    drift_g_min: float = 0.0
    warm_s: float = 600.0
    vibration_g: float = 0.05
    overtone: float = 0.3
    tube_g: float = 0.0
    creep_share: float = 0.0005
    creep_s: float = 60.0
    spikes: float = 0.0
    smooth_s: float = 0.0
    quantum_g: float = 0.01
    low_g: float = -300.0
    high_g: float = 550.0
    zero_g: float = 0.0
    bottle_g: float = 60.0


@dataclass(frozen=True, slots=True)
class GaugePlan:
    """One pressure gauge. Defaults are assumed.

    Attributes:
        noise_mmhg: white noise of a reading.
        offset_mmhg: what it shows at rest.
        gain: what it shows of 1 mmHg.
        quantum_mmhg: step of a reading.
        high_mmhg: where it saturates.
    """

    noise_mmhg: float = 0.4
    offset_mmhg: float = 0.0
    gain: float = 1.0
    quantum_mmhg: float = 0.2
    high_mmhg: float = 360.0

"""The pressure gauge: from true suction to what it shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lullaflow_sim.chance import Chance
from lullaflow_sim.sensors.plan import GaugePlan

Curve = NDArray[np.float64]


def shown_mmhg(plan: GaugePlan, vacuum_mmhg: Curve, chance: Chance) -> Curve:
    """Return what a gauge shows of a stretch of suction, mmHg."""
    noise = plan.noise_mmhg * chance.normals(len(vacuum_mmhg)) + plan.offset_mmhg
    shown = plan.gain * vacuum_mmhg + noise
    steps = np.floor(shown / plan.quantum_mmhg + 0.5)
    return np.minimum(steps * plan.quantum_mmhg, plan.high_mmhg)

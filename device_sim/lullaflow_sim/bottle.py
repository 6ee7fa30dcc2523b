"""From breast to bottle: flange, valve, drops and spurts."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow_sim.body import STEP_S
from lullaflow_sim.chance import Chance

Curve = NDArray[np.float64]

FALL_S: Final = 0.1
"""From valve to scale: a fall of 5 cm, assumed, takes this long by gravity."""

WAIT_S: Final = 0.4
"""How long milk waits for the valve on average: half a cycle at 75 a minute, assumed."""

DROP_SPREAD: Final = 0.15
"""Relative spread of the mass of a drop, assumed."""

LEAST_DROP: Final = 0.5
"""The smallest drop, as a share of the mean; assumed."""

STREAM_G_S: Final = 4.0
"""What a spurt pours while it lasts, g/s, assumed: 0.4 g take a tenth of a second."""

LONGEST_SPURT: Final = 8
"""Steps over which one opening of the valve may pour, by design."""

BLOCKED_CLOG: Final = 0.3
"""A valve that keeps more than this share of the suction at release lets nothing through, assumed.
"""

FREED_S: Final = 4.0
FREED_MOST_G_S: Final = 0.8
"""How fast milk that stood behind a blocked valve comes when it is free, and the most, g/s;
assumed."""

FREED_LEAST_G: Final = 1e-5
"""Less than this in a step is no longer followed, by design."""


@dataclass(frozen=True, slots=True)
class BottlePlan:
    """One side's way into the bottle. No figures were found; all are assumed.

    Attributes:
        delay_s: from nipple to valve.
        hold_up_g: milk that wets flange and valve before any passes.
        mix_s: time constant of the milk that stands before the valve.
        drop_g: mass of a drop (water: 0.05 g).
        valve: milk passes only as suction is released; else it runs all the time.
        gulps: `(at_s, grams)` that tip over at once when the mother moves: milk, but no let-down.
    """

    delay_s: float = 1.5
    hold_up_g: float = 0.3
    mix_s: float = 0.8
    drop_g: float = 0.05
    valve: bool = True
    gulps: tuple[tuple[float, float], ...] = ()


class Bottle:
    """One side's flange, valve and bottle.

    Args:
        plan: how milk passes.
        chance: its own stream.

    Attributes:
        milk_g: what has reached the bottle.
    """

    def __init__(self, plan: BottlePlan, chance: Chance) -> None:
        self._plan = plan
        self._chance = chance
        self._way = deque([0.0] * round(plan.delay_s / STEP_S))
        landing_s = FALL_S + WAIT_S if plan.valve else FALL_S
        self._landing = deque([0.0] * round(landing_s / STEP_S))
        self._falling = deque([0.0] * LONGEST_SPURT, maxlen=LONGEST_SPURT)
        self._gulps = deque(sorted(plan.gulps))
        self._wet_g = 0.0
        self._mixed_g_s = 0.0
        self._mixing = min(1.0, STEP_S / plan.mix_s)
        self._stuck_g = 0.0
        self._pool_g = 0.0
        self._drop_g = plan.drop_g
        self.milk_g = 0.0

    def advance(
        self,
        t_s: Curve,
        flow_g_s: Curve,
        releases: Sequence[int],
        running: Sequence[bool],
        clog: Sequence[float],
    ) -> tuple[Curve, Curve]:
        """Go on by a stretch of steps of `STEP_S`.

        Args:
            t_s: its moments.
            flow_g_s: out of the breast.
            releases: how often the valve opened in each step.
            running: whether the motor was on.
            clog: share of the suction that stays at release.

        Returns:
            The flow that reaches the bottle (before it breaks into drops and spurts), g/s, and the
            milk in it, g.
        """
        falling, landing, valve = self._falling, self._landing, self._plan.valve
        flows: list[float] = []
        masses: list[float] = []
        for moment, flow, opened, on, stuck in zip(
            t_s.tolist(), flow_g_s.tolist(), releases, running, clog, strict=True
        ):
            passing = self._through_flange(flow)
            if stuck > BLOCKED_CLOG or self._stuck_g > 0.0:
                passing = self._through_valve(passing, blocked=stuck > BLOCKED_CLOG)
            self._pool_g += passing * STEP_S
            landing.append(passing)
            flows.append(landing.popleft())
            if self._pool_g >= self._drop_g and (opened or not on or not valve):
                self._let_fall()
            while self._gulps and moment >= self._gulps[0][0]:
                falling[0] += self._gulps.popleft()[1]
            self.milk_g += falling.popleft()
            falling.append(0.0)
            masses.append(self.milk_g)
        return np.array(flows), np.array(masses)

    def _through_flange(self, flow_g_s: float) -> float:
        """Let flow travel, wet the parts, mix; return what comes to the valve now."""
        self._way.append(flow_g_s)
        arriving = self._way.popleft()
        if self._wet_g < self._plan.hold_up_g:
            wet = self._wet_g / self._plan.hold_up_g
            passes = arriving * wet * wet
            self._wet_g += (arriving - passes) * STEP_S
            arriving = passes
        self._mixed_g_s += (arriving - self._mixed_g_s) * self._mixing
        return self._mixed_g_s

    def _through_valve(self, flow_g_s: float, *, blocked: bool) -> float:
        """Hold milk back while the valve is blocked, and give it back after."""
        if blocked:
            self._stuck_g += flow_g_s * STEP_S
            return 0.0
        freed_g = min(self._stuck_g * STEP_S / FREED_S, FREED_MOST_G_S * STEP_S)
        self._stuck_g = self._stuck_g - freed_g if freed_g > FREED_LEAST_G else 0.0
        return flow_g_s + freed_g / STEP_S

    def _let_fall(self) -> None:
        """Open the valve: whole drops fall, many of them as a spurt."""
        drops = int(self._pool_g / self._drop_g)
        grams = drops * self._drop_g
        self._pool_g -= grams
        steps = min(LONGEST_SPURT, 1 + int(grams / (STREAM_G_S * STEP_S)))
        for step in range(steps):
            self._falling[step] += grams / steps
        size = self._chance.normal(1.0, DROP_SPREAD)
        self._drop_g = self._plan.drop_g * max(LEAST_DROP, size)

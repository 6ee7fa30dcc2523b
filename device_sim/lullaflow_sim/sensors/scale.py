"""The scale under a bottle, online: from true milk to what it shows."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lullaflow_sim.chance import Chance
from lullaflow_sim.exact import cosine, exp, sine
from lullaflow_sim.sensors.plan import Disturbance, ScalePlan, Touch
from lullaflow_sim.sensors.touches import felt_g, lasts_s, remains_g

Curve = NDArray[np.float64]

STEP_S: Final = 0.1
"""The scale's sampling period, by design."""

JUMP_G: Final = 5.0
"""Above this a plain scale's filter gives way, assumed."""

SPIKE_G: Final = 4.0
"""Spread of readings that are far off, assumed."""

TUBE_MMHG: Final = 100.0
MOST_PULL: Final = 1.5
"""Suction at which a tube pulls as its plan says, mmHg, and how many times that it pulls at most;
assumed."""

STILL: Final = 0.02
"""Share of `TUBE_MMHG` below which nothing shakes, assumed."""


class Scale:
    """One scale.

    Args:
        plan: what it gets wrong.
        disturbances: what happens to its bottle.
        chance: its own stream.

    Attributes:
        unrounded_g: what the last stretch would have shown in steps without size.
    """

    def __init__(
        self, plan: ScalePlan, disturbances: Sequence[Disturbance], chance: Chance
    ) -> None:
        self._plan = plan
        self._chance = chance
        self._coming = deque(sorted(disturbances, key=lambda each: each.at_s))
        self._present: list[Disturbance] = []
        self._offset_g = plan.zero_g
        self._unloaded_g = plan.zero_g
        self._walk_g = 0.0
        self._coloured_g = 0.0
        self._keep = exp(-STEP_S / plan.coloured_s)
        self._crept_g = 0.0
        self._shown_g = plan.zero_g
        self._vibration_phase = chance.random()
        self.unrounded_g: Curve = np.empty(0)

    def advance(
        self, t_s: Curve, milk_g: Curve, phase: Curve, vacuum_mmhg: Curve
    ) -> tuple[Curve, NDArray[np.bool_]]:
        """Go on by a stretch.

        Args:
            t_s: its moments, `STEP_S` apart.
            milk_g: what is in the bottle.
            phase: of the pump's cycle, 0 to 1.
            vacuum_mmhg: suction in the tube.

        Returns:
            What the scale shows, g, and where something touched the bottle.
        """
        plan = self._plan
        touched = np.zeros(len(t_s), dtype=np.bool_)
        load = milk_g + self._touches(t_s, milk_g, touched)
        shown = load + self._creep(load) + self._wander(t_s)
        if vacuum_mmhg.any():
            turn = phase + self._vibration_phase
            first = sine(turn)
            # The second harmonic, by the sine of the double angle.
            shaking = first * (1.0 + 2.0 * plan.overtone * cosine(turn))
            strength = np.minimum(vacuum_mmhg / TUBE_MMHG, MOST_PULL)
            shown += plan.vibration_g * shaking * (strength > STILL) + plan.tube_g * strength
        shown += plan.white_g * self._chance.normals(len(t_s))
        if plan.spikes:
            struck = self._chance.randoms(len(t_s)) < plan.spikes
            if struck.any():
                shown[struck] += SPIKE_G * self._chance.normals(int(struck.sum()))
        if plan.smooth_s:
            shown = self._smooth(shown)
        self.unrounded_g = shown
        shown = np.floor(shown / plan.quantum_g + 0.5) * plan.quantum_g
        return np.clip(shown, plan.low_g, plan.high_g), touched

    def _wander(self, t_s: Curve) -> Curve:
        """Random walk, drift with warmth and coloured noise."""
        plan = self._plan
        walk = plan.walk_g * math.sqrt(STEP_S) * self._chance.normals(len(t_s))
        wander = np.cumsum(walk) + self._walk_g
        self._walk_g = float(wander[-1])
        if plan.drift_g_min:
            # On a line within the stretch: it bends over minutes.
            left = exp(float(t_s[0]) / -plan.warm_s)
            warmed_s = plan.warm_s * (1.0 - left) + left * (t_s - t_s[0])
            wander = wander + plan.drift_g_min / 60.0 * warmed_s
        if plan.coloured_g:
            keep, kick_g = self._keep, plan.coloured_g * math.sqrt(1.0 - self._keep * self._keep)
            values: list[float] = []
            for push in (kick_g * self._chance.normals(len(t_s))).tolist():
                self._coloured_g = keep * self._coloured_g + push
                values.append(self._coloured_g)
            wander = wander + np.array(values)
        return wander

    def _creep(self, load_g: Curve) -> float:
        """Load that shows up late, and goes late: creep of the cell."""
        plan = self._plan
        goal_g = plan.creep_share * (float(load_g[-1]) - self._unloaded_g)
        self._crept_g += (goal_g - self._crept_g) * min(1.0, len(load_g) * STEP_S / plan.creep_s)
        return self._crept_g

    def _touches(self, t_s: Curve, milk_g: Curve, touched: NDArray[np.bool_]) -> Curve | float:
        """Add up what touches the bottle now; mark where in `touched`."""
        while self._coming and self._coming[0].at_s <= t_s[-1]:
            self._present.append(self._coming.popleft())
        if not self._present:
            return self._offset_g
        total = np.full(len(t_s), self._offset_g)
        still: list[Disturbance] = []
        for each in self._present:
            since = t_s - each.at_s
            during = (since >= 0.0) & (since < lasts_s(each))
            after = since >= lasts_s(each)
            touched |= during
            if during.any():
                total[during] += felt_g(
                    each,
                    since[during],
                    milk_g[during] + total[during],
                    self._plan.bottle_g,
                    self._chance,
                )
            if after[-1]:
                step_g = remains_g(each, float(milk_g[after][0]) + self._offset_g)
                total[after] += step_g
                touched[int(after.argmax())] = True
                self._offset_g += step_g
                if each.kind is Touch.TARE:
                    self._unloaded_g += step_g
            else:
                still.append(each)
        self._present = still
        return total

    def _smooth(self, shown: Curve) -> Curve:
        share = 1.0 - exp(-STEP_S / self._plan.smooth_s)
        values: list[float] = []
        for reading in shown.tolist():
            # Plain scales filter, but follow a large step at once.
            follow = share if abs(reading - self._shown_g) < JUMP_G else 1.0
            self._shown_g += (reading - self._shown_g) * follow
            values.append(self._shown_g)
        return np.array(values)

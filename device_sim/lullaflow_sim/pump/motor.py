"""The pump, online: suction on both sides, and when it lets milk through the valves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lullaflow_sim.chance import Chance
from lullaflow_sim.exact import look_up, power, sine
from lullaflow_sim.pump.plan import PumpPlan
from lullaflow_sim.pump.waveform import cycle

Curve = NDArray[np.float64]

FAST_STEP_S: Final = 0.02
"""The vacuum's sampling period, by design."""

SLOW_STEP_S: Final = 0.1
"""Modes, levels and seals change at this step, by design."""

FAST_PER_SLOW: Final = 5
"""Steps of the one in one of the other, by design."""

VISIBLE_G_S: Final = 0.1
"""A flow that anybody sees, g/s: the high-flow criterion of Idei 2024 (doi
10.1016/j.midw.2024.104039)."""

AIR_IN_S: Final = 0.3
"""How fast suction is gone when the motor is off, assumed."""

SEAL_SETTLES_S: Final = 0.8
"""How fast suction follows when a seal opens or closes, assumed."""

SETTLED: Final = 12.0
"""Time constants after which a change is over, by design: e to the -12th is below any sensor's
step."""

LEAK_SHAPE: Final = 1.5
"""A leak makes rise slower and decay faster: the cycle's form is raised to 1 + this x leak.
The direction is physics, the number assumed."""

LEAK_SCATTER: Final = 0.25
"""Relative scatter that a full leak adds from cycle to cycle, assumed."""

LEAST_FAULT: Final = 0.01
"""Leaks and clogs below this share show in no sensor, by design."""

RIPPLE_FULL_MMHG: Final = 50.0
"""Micro-vibration grows with the suction up to this, assumed."""


@dataclass(frozen=True, slots=True)
class Suction:
    """A stretch of suction.

    Attributes:
        vacuum_mmhg: left and right, every `FAST_STEP_S`.
        peak_mmhg: of the cycles, left and right, every `SLOW_STEP_S`.
        clog: share of the suction that stays at release, left and right, every `SLOW_STEP_S`.
        running: motor on, every `SLOW_STEP_S`.
        releases: for left and right, how many times the valve opened in each `SLOW_STEP_S`.
        phase: of the cycle, 0 to 1, every `SLOW_STEP_S`.
    """

    vacuum_mmhg: tuple[Curve, Curve]
    peak_mmhg: tuple[list[float], list[float]]
    clog: tuple[list[float], list[float]]
    running: list[bool]
    releases: tuple[list[int], list[int]]
    phase: Curve


class _Step(NamedTuple):
    """What holds for one slow step."""

    level_mmhg: float
    rate_hz: float
    running: bool
    leaks: tuple[float, float]
    clogs: tuple[float, float]


class Pump:
    """Suction over time.

    Args:
        plan: the program.
        chance: its own stream.

    Attributes:
        phases: `(at_s, name)` of every change so far: stimulation, expression, paused.
    """

    def __init__(self, plan: PumpPlan, chance: Chance) -> None:
        self._plan = plan
        self._chance = chance
        self._table = cycle(plan.wave, plan.duty)
        self._switch_s = plan.start_s + plan.switch_s
        self._changes_s = plan.changes_s()
        self._level_mmhg = 0.0
        self._leak = [0.0, 0.0]
        self._clog = [0.0, 0.0]
        self._phase = 0.0
        self._scatter = chance.normals(2).reshape(2, 1)
        self._first_cycle = 0
        self.phases: list[tuple[float, str]] = []

    def see_flow(self, t_s: float, flow_g_s: float) -> None:
        """Let the mother see the milk; she switches to expression soon after, if she ever does."""
        if flow_g_s > VISIBLE_G_S:
            self._switch_s = min(self._switch_s, t_s + self._plan.hand_s)

    def advance(self, t_s: Curve) -> Suction:
        """Go on by a stretch, given its moments at `SLOW_STEP_S`."""
        moments = t_s.tolist()
        if self._steady(moments[0], moments[-1]):
            steps = [self._slow_step(moments[0])] * len(moments)
        else:
            steps = [self._slow_step(moment) for moment in moments]
        levels = [each.level_mmhg for each in steps]
        rates = [each.rate_hz for each in steps]
        leaks = ([each.leaks[0] for each in steps], [each.leaks[1] for each in steps])
        clogs = ([each.clogs[0] for each in steps], [each.clogs[1] for each in steps])
        turns = np.cumsum(np.repeat(rates, FAST_PER_SLOW)) * FAST_STEP_S + self._phase
        scatter = self._scatter_until(int(turns[-1]) + 1)
        level = np.repeat(levels, FAST_PER_SLOW)
        vacuum, releases = [], []
        for side in (0, 1):
            phase = turns + 0.5 if side and self._plan.alternating else turns
            number = np.floor(phase)
            vacuum.append(
                self._vacuum(
                    side,
                    level,
                    phase - number,
                    scatter[side, number.astype(int) - self._first_cycle],
                    leaks[side],
                    clogs[side],
                )
            )
            releases.append(self._releases(phase, turns[0] - self._phase))
        self._forget_until(int(turns[-1]))
        self._phase = float(turns[-1])
        peaks = tuple(
            [level * (1.0 - leak) for level, leak in zip(levels, leaks[side], strict=True)]
            for side in (0, 1)
        )
        return Suction(
            (vacuum[0], vacuum[1]),
            (peaks[0], peaks[1]),
            clogs,
            [each.running for each in steps],
            (releases[0], releases[1]),
            turns[::FAST_PER_SLOW] % 1.0,
        )

    def _steady(self, first_s: float, last_s: float) -> bool:
        """Tell whether nothing changes in a stretch, nor did so shortly before it."""
        since_s = first_s - SETTLED * max(self._plan.follow_s, SEAL_SETTLES_S)
        return not any(since_s <= at_s <= last_s for at_s in (*self._changes_s, self._switch_s))

    def _slow_step(self, t_s: float) -> _Step:
        """Move mode, level and seals on."""
        plan = self._plan
        running = plan.start_s <= t_s < plan.stop_s and not any(
            begin <= t_s < end for begin, end in plan.pauses
        )
        stimulating = t_s < self._switch_s or any(
            at <= t_s < at + length for at, length in plan.back_to_stimulation
        )
        mode = plan.stimulation if stimulating else plan.expression
        goal = 0.0
        if running:
            goal = mode.mmhg
            for at_s, factor in plan.turns:
                if t_s >= at_s:
                    goal *= factor
        # The motor builds suction up over strokes; switched off, the air is back at once.
        follow_s = plan.follow_s if goal >= self._level_mmhg or running else AIR_IN_S
        self._level_mmhg += (goal - self._level_mmhg) * min(1.0, SLOW_STEP_S / follow_s)
        for side in (0, 1):
            leak = clog = 0.0
            for fault in plan.faults:
                if fault.side == side and fault.at_s <= t_s < fault.at_s + fault.for_s:
                    leak, clog = max(leak, fault.leak), max(clog, fault.clog)
            settle = SLOW_STEP_S / SEAL_SETTLES_S
            self._leak[side] += (leak - self._leak[side]) * settle
            self._clog[side] += (clog - self._clog[side]) * settle
        if plan.start_s <= t_s < plan.stop_s:
            name = "paused" if not running else "stimulation" if stimulating else "expression"
            if not self.phases or self.phases[-1][1] != name:
                self.phases.append((round(t_s, 3), name))
        return _Step(
            self._level_mmhg,
            mode.cycles_per_min / 60.0,
            running,
            (
                max(self._leak[0], plan.shared * self._leak[1]),
                max(self._leak[1], plan.shared * self._leak[0]),
            ),
            (self._clog[0], self._clog[1]),
        )

    def _vacuum(
        self,
        side: int,
        level: Curve,
        phase: Curve,
        scatter: Curve,
        leaks: list[float],
        clogs: list[float],
    ) -> Curve:
        plan = self._plan
        form = look_up(self._table, phase)
        spread = plan.scatter
        if max(leaks) > LEAST_FAULT:
            leak = np.repeat(leaks, FAST_PER_SLOW)
            form = power(form, 1.0 + LEAK_SHAPE * leak)
            level = level * (1.0 - leak)
            scatter = scatter * (1.0 + leak * LEAK_SCATTER / spread)
        if max(clogs) > LEAST_FAULT:
            clog = np.repeat(clogs, FAST_PER_SLOW)
            form = clog + (1.0 - clog) * form
        vacuum = level * form * np.maximum(1.0 + spread * scatter, 0.0)
        if plan.ripple_mmhg:
            t_s: Curve = np.arange(len(level), dtype=np.float64) * FAST_STEP_S
            shake = sine(plan.ripple_hz * t_s + side / 4.0)
            vacuum = vacuum + plan.ripple_mmhg * shake * np.minimum(level / RIPPLE_FULL_MMHG, 1.0)
        return np.maximum(vacuum, 0.0)

    def _releases(self, phase: Curve, first_turn: float) -> list[int]:
        """Count, in each slow step, how often the suction went so low that the valve opened."""
        opened = np.floor(phase - self._plan.duty)
        before = np.empty_like(opened)
        before[1:] = opened[:-1]
        before[0] = math.floor(float(phase[0]) - first_turn - self._plan.duty)
        counts: list[int] = (
            (opened - before).reshape(-1, FAST_PER_SLOW).sum(axis=1).astype(int).tolist()
        )
        return counts

    def _scatter_until(self, cycle_number: int) -> Curve:
        """Return each cycle's own deviation, per side, from `_first_cycle` on."""
        missing = cycle_number + 1 - self._first_cycle - self._scatter.shape[1]
        if missing > 0:
            fresh = self._chance.normals(2 * missing).reshape(missing, 2).T
            self._scatter = np.concatenate((self._scatter, fresh), axis=1)
        return self._scatter

    def _forget_until(self, cycle_number: int) -> None:
        old = cycle_number - self._first_cycle
        if old > 0:
            self._scatter = self._scatter[:, old:]
            self._first_cycle = cycle_number

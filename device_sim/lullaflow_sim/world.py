"""One session of the world round the sensors, stepped in device time as the board samples it."""

from __future__ import annotations

from typing import Any, Final

from lullaflow_protocol import wire
from lullaflow_sim.course import STRETCH_S, Course
from lullaflow_sim.pump import FAST_STEP_S
from lullaflow_sim.scenarios import Scenario, plan_session

LEAD_OUT_S: Final = 5.0
"""The world goes on this long after the pump has stopped."""

PER_WEIGHT: Final = 5
"""Steps in which the scale's reading stays: it converts at 10 Hz."""

Senses = tuple[float | None, float | None, float | None, float | None]


class World:
    """A session.

    Args:
        scenario: what it is like.
        seed: same seed, same session (as long as the room says the same).
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._seed = seed
        self._course = Course(plan_session(scenario, seed), seed)
        self._rows: list[Senses] = []
        self._first_row = 0
        self._stop_s = scenario.pump.stop_s

    @property
    def duration_s(self) -> float:
        """Return how long the session lasts, rest after it included."""
        return self._stop_s + LEAD_OUT_S

    def finished(self, t_s: float) -> bool:
        """Tell whether the session is over at a moment."""
        return t_s >= self.duration_s

    def hear(self, kind: str, t_s: float) -> None:
        """A cue begins in the room; the body has heard it within 2 s."""
        del t_s
        self._course.body.hear(kind)

    def unhear(self, kind: str, t_s: float) -> None:
        """A cue ends in the room."""
        del t_s
        self._course.body.unhear(kind)

    def step(self, t_s: float) -> Senses:
        """Return what the sensors feel at a moment; moments must not fall.

        Returns:
            Suction (mmHg) and weight (g) of the left, then of the right side; None for a side that
            is not in use.
        """
        row = int(t_s / FAST_STEP_S + 0.5) - self._first_row
        while row >= len(self._rows):
            row -= len(self._rows)
            self._first_row += len(self._rows)
            self._rows = self._next_rows()
        return self._rows[max(row, 0)]

    def _next_rows(self) -> list[Senses]:
        sides = self._course.advance()
        columns: list[list[float] | list[None]] = []
        length = round(STRETCH_S / FAST_STEP_S)
        for side in (0, 1):
            if side in sides:
                columns.append(sides[side].vacuum_mmhg.tolist())
                columns.append(sides[side].weight_g.repeat(PER_WEIGHT).tolist())
            else:
                columns += [[None] * length, [None] * length]
        return list(zip(*columns, strict=True))

    def truth(self) -> dict[str, Any]:
        """Return what really happened so far, JSON-able, in seconds of session time."""
        return {"seed": self._seed, **self._course.truth()}


def raw_samples(senses: Senses) -> tuple[int, int, int, int]:
    """Return what a good sensor makes of it, in the raw samples of the wire."""
    left_vacuum, left_weight, right_vacuum, right_weight = senses
    return (
        wire.VACUUM_NONE if left_vacuum is None else wire.vacuum_raw(left_vacuum),
        wire.WEIGHT_NONE if left_weight is None else wire.weight_raw(left_weight),
        wire.VACUUM_NONE if right_vacuum is None else wire.vacuum_raw(right_vacuum),
        wire.WEIGHT_NONE if right_weight is None else wire.weight_raw(right_weight),
    )

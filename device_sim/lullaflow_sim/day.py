"""The sessions of a simulated day, one after the other, in device time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from lullaflow_protocol import wire
from lullaflow_sim.board import Sensor
from lullaflow_sim.by_hand import ByHand
from lullaflow_sim.clock import DeviceClock
from lullaflow_sim.scenarios import Scenario
from lullaflow_sim.world import World, raw_samples

WORLD_STEP_MS: Final = 20
"""The vacuum's sampling period, and so the finest step that a sensor can see."""

REST_S: Final = 75.0
"""Rest after each session: longer than the 60 s of silence by which a host tells that it is over,
and time for the last frames to be fetched."""


class Day:
    """Feeds the sensors with one world per session, and with rest after it.

    Args:
        clock: device time.
        scenario: what every session is like.
        seed: of the first session; later ones count on from it.
        sessions: how many there are.
        on_session: told as each session begins, with its number from 1.
        on_over: told when the last session's rest is over.

    Attributes:
        sensors: what hangs on the board, in channel order.
        by_hand: what a person does to the scales meanwhile.
        sessions: the worlds so far, each with the moment at which its time began, in s.
    """

    def __init__(
        self,
        clock: DeviceClock,
        scenario: Scenario,
        seed: int,
        sessions: int,
        on_session: Callable[[int], None],
        on_over: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._scenario = scenario
        self._seed = seed
        self._planned = sessions
        self._on_session = on_session
        self._on_over = on_over
        self._began_ms = 0
        self._ends_ms = 0
        self.by_hand = ByHand()
        self.sessions: list[tuple[float, World]] = []
        sides = {"left": (True, False), "right": (False, True), "both": (True, True)}
        left, right = sides[scenario.sides]
        self.sensors = (
            Sensor(wire.VACUUM_NONE) if left else None,
            Sensor(wire.WEIGHT_NONE) if left else None,
            Sensor(wire.VACUUM_NONE) if right else None,
            Sensor(wire.WEIGHT_NONE) if right else None,
        )

    def begin(self) -> None:
        """Start the first session now."""
        self._next_session()
        self._clock.every(WORLD_STEP_MS, self._tick)

    def on_cue(self, kind: str, begins: bool) -> None:
        """Let the body hear that a cue begins or ends in the room."""
        if self.sessions:
            world = self.sessions[-1][1]
            tell = world.hear if begins else world.unhear
            tell(kind, self._session_s)

    def truth(self) -> list[dict[str, Any]]:
        """Return what really happened in each session, in its own time, and when that began."""
        return [{"began_s": began_s, **world.truth()} for began_s, world in self.sessions]

    @property
    def _session_s(self) -> float:
        return (self._clock.now_ms - self._began_ms) / 1000

    def _next_session(self) -> None:
        world = World(self._scenario, self._seed + len(self.sessions))
        self._began_ms = self._clock.now_ms
        self._ends_ms = self._began_ms + round((world.duration_s + REST_S) * 1000)
        self.sessions.append((self._clock.now_s, world))
        self._on_session(len(self.sessions))

    def _tick(self) -> None:
        world = self.sessions[-1][1]
        samples = raw_samples(self.by_hand.felt(world.step(self._session_s)))
        for sensor, raw in zip(self.sensors, samples, strict=True):
            if sensor is not None:
                sensor.raw = raw
        if self._clock.now_ms >= self._ends_ms:
            if len(self.sessions) < self._planned:
                self._next_session()
            else:
                self._on_over()

"""The ladder: which cue begins when let-down is slow, and what ends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

EndReason = Literal["let_down", "stopped", "not_now", "session_ended"]
Kind = Literal["music", "photo", "guide", "warmth", "light"]


class Step(Protocol):
    """One step of the ladder, see `lullaflow.session.inputs.CueStep`."""

    @property
    def cue(self) -> str:
        """Its name."""

    @property
    def kind(self) -> Kind:
        """Which player shows it."""

    @property
    def delay_s(self) -> float:
        """Seconds after the first step."""

    @property
    def by_itself(self) -> bool:
        """Whether it begins unasked."""


@dataclass(frozen=True, slots=True)
class RunningCue:
    """A cue that runs in the room.

    Attributes:
        cue: its name.
        kind: which player shows it.
        step: its step of the ladder from 1, or 0 when a person asked for it.
    """

    cue: str
    kind: Kind
    step: int


class Ladder:
    """The cues of one session. Times are seconds of device time.

    Args:
        steps: in the order in which they may begin.
        snooze_s: how long 'not now' keeps cues away.

    Attributes:
        running: cues in the room now.
        used: names of all that ran, in order.
        snoozed_until_s: end of 'not now', None when nobody asked for it.
    """

    def __init__(self, steps: Sequence[Step], snooze_s: float) -> None:
        self._steps = tuple(steps)
        self._snooze_s = snooze_s
        self._climbing_since_s: float | None = None
        self._next = 0
        self.running: list[RunningCue] = []
        self.used: list[str] = []
        self.snoozed_until_s: float | None = None

    def set_steps(self, steps: Sequence[Step]) -> list[RunningCue]:
        """Climb by other steps from now on.

        Returns:
            cues that ended, because they began by themselves and should not any more.
        """
        self._steps, self._next = tuple(steps), 0
        welcome = {step.cue for step in self._steps if step.by_itself}
        ended = [each for each in self.running if each.step and each.cue not in welcome]
        self.running = [each for each in self.running if each not in ended]
        return ended

    def begin(self, now_s: float) -> None:
        """Let-down is slow: begin to climb."""
        self._climbing_since_s = now_s
        self._next = 0

    def due(self, now_s: float) -> list[RunningCue]:
        """Return the cues that begin now."""
        if self._climbing_since_s is None:
            return []
        if self.snoozed_until_s is not None:
            if now_s < self.snoozed_until_s:
                return []
            self.snoozed_until_s = None
            self.begin(now_s)
        begun = []
        while self._next < len(self._steps):
            step = self._steps[self._next]
            if now_s - (self._climbing_since_s or 0.0) < step.delay_s:
                break
            self._next += 1
            if step.by_itself and all(each.cue != step.cue for each in self.running):
                begun.append(self._run(RunningCue(step.cue, step.kind, self._next)))
        return begun

    def start(self, cue: str) -> RunningCue | None:
        """A person asks for a cue by name or kind; None when it runs already or is unknown."""
        step = next((each for each in self._steps if cue in (each.cue, each.kind)), None)
        if step is None or any(each.cue == step.cue for each in self.running):
            return None
        return self._run(RunningCue(step.cue, step.kind, 0))

    def stop(self) -> list[RunningCue]:
        """End all cues and climb no further; return those that ended."""
        self._climbing_since_s = None
        ended, self.running = self.running, []
        return ended

    def snooze(self, now_s: float) -> list[RunningCue]:
        """'Not now': end all cues; when let-down is still slow afterwards, climb anew."""
        self.snoozed_until_s = now_s + self._snooze_s
        ended, self.running = self.running, []
        return ended

    def _run(self, cue: RunningCue) -> RunningCue:
        self.running.append(cue)
        self.used.append(cue.cue)
        return cue

"""Which cue was in the room when let-down came: what one mother's own sessions tell.

It is no proof that the cue brought it, and nothing but the order of the ladder follows from it. It
is counted from the events on this computer's disk, and goes nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

from lullaflow_protocol.events import CueStarted, Event, LetDown, SessionEnded

CREDIT_S: Final = 120.0
"""Let-down later than this after a cue began is hardly its doing: as long as let-down may take
before it counts as slow (assumed)."""

ENOUGH_SESSIONS: Final = 5
"""Fewer sessions with cues are chance, and the order stays as it was set (assumed)."""


class Named(Protocol):
    """A step of the ladder."""

    @property
    def cue(self) -> str:
        """Its name."""


S = TypeVar("S", bound=Named)


class Experience:
    """Counts, for one mother, in how many sessions each cue ran and helped."""

    def __init__(self) -> None:
        self._began_s: dict[str, float] = {}
        self._runs: dict[str, int] = {}
        self._helped: dict[str, int] = {}
        self._sessions = 0
        self._waiting = True

    def on_event(self, event: Event) -> None:
        """Take the next event of a session, in order."""
        match event:
            case CueStarted() if self._waiting:
                self._began_s.setdefault(event.cue, event.t_s)
            case LetDown(index=1):
                self._count(event.t_s)
                self._waiting = False
            case SessionEnded():
                self._count(None)
                self._waiting = True

    def in_order(self, steps: Iterable[S]) -> list[S]:
        """Return the steps, those first that helped most often; as they are while it is early."""
        ladder = list(steps)
        if self._sessions < ENOUGH_SESSIONS:
            return ladder
        return sorted(ladder, key=lambda step: -self._share(step.cue))

    def _count(self, let_down_s: float | None) -> None:
        """Close a session's account: only its first let-down was waited for."""
        began_s, self._began_s = self._began_s, {}
        if not began_s:
            return
        self._sessions += 1
        for cue in began_s:
            self._runs[cue] = self._runs.get(cue, 0) + 1
        if let_down_s is None:
            return
        # The newest in the room: those before it had their time.
        newest = max(began_s, key=lambda cue: began_s[cue])
        if let_down_s - began_s[newest] <= CREDIT_S:
            self._helped[newest] = self._helped.get(newest, 0) + 1

    def _share(self, cue: str) -> float:
        """Return the share of its runs in which it helped, by Laplace's rule of succession."""
        return (self._helped.get(cue, 0) + 1) / (self._runs.get(cue, 0) + 2)

"""How long the link waits for what, in seconds of the wall, with the reasons."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from lullaflow.link.errors import LinkCode

_NEEDS_A_PERSON = frozenset(
    {LinkCode.PAIRING_CLOSED, LinkCode.WRONG_DEVICE, LinkCode.WRONG_VERSION}
)


@dataclass(frozen=True, slots=True)
class Timing:
    """Waits and patience.

    Attributes:
        backoff_s: waits before each try. The first is at once: a broken link usually mends with the
            next packet. The longest is short, for each try only begins once an advertisement shows
            that the pump is there.
        person_s: wait when only a person can mend it, short enough that a board which lets pair for
            two minutes is met within them.
        silence_s: the board sends a frame each half second; twenty missing ones are a dead link,
            whatever the state of the connection says.
        fetch_patience_s: when none of the frames asked for comes for this long, they are asked for
            again; a slow link brings ten in this time.
        reply_s: the board answers within a few connection intervals; this is a hundred of them.
        start_s: for subscribing and the first commands: six exchanges, each with the reply's time.
    """

    backoff_s: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 5.0)
    person_s: float = 10.0
    silence_s: float = 10.0
    fetch_patience_s: float = 3.0
    reply_s: float = 5.0
    start_s: float = 30.0


class Backoff:
    """How long to wait before the next try.

    Args:
        timing: see there.
        uniform: draws from a range; tests give their own.
    """

    def __init__(
        self, timing: Timing, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._timing = timing
        self._uniform = uniform
        self._tries = 0

    def reset(self) -> None:
        """Begin again at the shortest wait: it worked."""
        self._tries = 0

    def next_s(self, trouble: LinkCode | None) -> float:
        """Return the wait after this trouble, with jitter so that two hosts do not keep step."""
        waits = self._timing.backoff_s
        wait_s = waits[min(self._tries, len(waits) - 1)]
        self._tries += 1
        if trouble in _NEEDS_A_PERSON:
            wait_s = max(wait_s, self._timing.person_s)
        return wait_s * self._uniform(0.5, 1.0)

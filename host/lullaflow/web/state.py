"""What the page knows of each pump: written by the daemon, read by every open page."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from lullaflow.session.view import View

CURVE_S: Final = 300.0
"""The curves show the last five minutes, in which a let-down comes and goes (Kent 2008)."""

CURVE_STEP_S: Final = 1.0
"""A point a second is as fine as a phone's screen can show of five minutes."""

AFTER_S: Final = 180.0
"""For this long after a session the page speaks of it, then it is quiet again."""

Point = tuple[float, float, float]
"""Seconds of the session, flow in ml/min (both sides), peak suction in mmHg."""


@dataclass
class PumpOnPage:
    """One pump.

    Attributes:
        name: what people call it.
        clock: monotonic seconds.
        view: what is happening, None before it was ever connected.
        photo: the photo now shown, JPEG.
        photo_number: counts up with each new photo, so that a page knows it has changed.
        curve: the last minutes.
    """

    name: str
    clock: Callable[[], float] = monotonic
    view: View | None = None
    photo: bytes | None = None
    photo_number: int = 0
    curve: deque[Point] = field(
        default_factory=lambda: deque(maxlen=int(CURVE_S / CURVE_STEP_S) + 1)
    )
    _ended_at: float | None = None

    @property
    def busy(self) -> bool:
        """Whether a session runs."""
        return self.view is not None and self.view.session is not None

    @property
    def after_session(self) -> bool:
        """Whether a session has ended a moment ago."""
        return self._ended_at is not None and self.clock() - self._ended_at < AFTER_S

    def on_view(self, view: View) -> None:
        """Take what is happening now."""
        before = None if self.view is None else self.view.session
        if view.session != before:
            self.curve.clear()
            self._ended_at = self.clock() if view.session is None else None
        self.view = view
        if view.session is None:
            return
        if not self.curve or view.session_s - self.curve[-1][0] >= CURVE_STEP_S:
            flow = (view.flow_left_ml_min or 0.0) + (view.flow_right_ml_min or 0.0)
            vacuum = view.vacuum_mmhg or 0.0
            self.curve.append((round(view.session_s, 1), round(flow, 1), round(vacuum, 1)))

    def on_photo(self, jpeg: bytes | None) -> None:
        """Take the photo now shown, None when it goes."""
        self.photo = jpeg
        self.photo_number += 1

    def curve_points(self) -> list[Point]:
        """Return the curve as it is now."""
        return list(self.curve)

"""Which of the board's two firmwares runs: the other half of the firmware's `main.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TRIES: Final = 3
"""Starts that a new firmware has to report in: one, and two for power cuts that are not its fault.
"""

FILE: Final = "slots"
_SLOTS: Final = ("a", "b")


@dataclass(frozen=True, slots=True)
class Slots:
    """What the board's file says.

    Attributes:
        runs: the slot that runs from the next start on.
        former: the one to go back to, while `runs` is on trial.
        tries: starts that are left to it.
    """

    runs: str
    former: str | None = None
    tries: int = 0

    @property
    def proven(self) -> str:
        """The slot whose firmware has reported in once."""
        return self.former or self.runs

    def text(self) -> str:
        """Return the file's text."""
        return self.runs if self.former is None else f"{self.runs} {self.former} {self.tries}"


def parse_slots(text: str) -> Slots | None:
    """Read the file's text; None when it is not one of ours."""
    match text.split():
        case [runs] if runs in _SLOTS:
            return Slots(runs)
        case [runs, former, tries] if {runs, former} == set(_SLOTS) and tries.isdecimal():
            return Slots(runs, former, int(tries))
    return None


def trial_after(now: Slots | None) -> Slots:
    """Return what to say once a new firmware is whole, given what the board says now.

    Args:
        now: None for a board that has no firmware of ours yet.
    """
    if now is None:
        return Slots("a")
    proven = now.proven
    return Slots("b" if proven == "a" else "a", proven, TRIES)


def folder_of(slot: str) -> str:
    """Return where a slot's files lie on the board."""
    return f"/firmware_{slot}"

"""What is happening, in one calm sentence. Never a number, never a judgement.

The words describe and allow; they praise nothing, warn of nothing, and promise nothing. Prompts to
breathe out or let the shoulders sink are what relaxation trials used (Levene 2024, Feher 1989).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from lullaflow.session.view import View

Mood = Literal["rest", "waiting", "cues", "flow", "away"]


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says.

    Attributes:
        main: the one sentence.
        aside: something small beneath it, often empty.
        mood: how the page looks.
    """

    main: str
    aside: str = ""
    mood: Mood = "rest"


LOOKING = Words("Looking for your pump.", "It is found by itself once it is on.", "away")
AWAY = Words("The pump is out of reach.", "Whenever it is back, all goes on by itself.", "away")
AWAY_IN_SESSION = Words(
    "The pump is out of reach.", "While it is on, it remembers the last minutes.", "away"
)
REST = Words("All is quiet.", "Whenever you are ready.")
AFTER = Words("That is all for now.", "Take your time getting up.")


DISK_FULL = "Recording waits until the computer's disk has room again."


def words(view: View | None, after_session: bool = False, stores: bool = True) -> Words:
    """Return what to say about what is happening.

    Args:
        view: what is happening; None before the pump was ever there.
        after_session: whether a session has ended a moment ago.
        stores: whether what the pump brings can be stored.
    """
    said = _words(view, after_session)
    return said if stores else replace(said, aside=DISK_FULL)


def _words(view: View | None, after_session: bool) -> Words:
    if view is None:
        return LOOKING
    if not view.link_up:
        return AWAY_IN_SESSION if view.session else AWAY
    if view.session is None:
        return AFTER if after_session else REST
    main, mood = _main(view)
    return Words(main, _aside(view), mood)


def _main(view: View) -> tuple[str, Mood]:
    kinds = {cue.kind for cue in view.cues}
    if view.phase == "paused" and not view.milk_flowing:
        return "A little pause.", "waiting"
    if view.milk_flowing:
        return "Your milk is flowing.", "flow"
    if "photo" in kinds:
        return "Let your eyes rest here for a while.", "cues"
    if kinds:
        return "Lean back, and let your shoulders sink.", "cues"
    if view.let_downs:
        return "All is well. More may come in its own time.", "waiting"
    if view.snoozed:
        return "As you wish. It stays quiet around you.", "waiting"
    if view.slow:
        return "Take your time. There is no hurry.", "waiting"
    return "Settle in, and breathe out slowly.", "waiting"


def _aside(view: View) -> str:
    if view.faults:
        return "One sensor is resting; the rest goes on without it."
    if not view.seal_ok and view.phase != "paused":
        return "If you like, nudge the flange a little."
    return ""

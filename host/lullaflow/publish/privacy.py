"""What leaves the daemon at all: everything, no volumes, or events only."""

from __future__ import annotations

import json
from functools import cache

from pydantic import BaseModel

from lullaflow.config import Privacy
from lullaflow_protocol.state import LastSession, PumpState


def shows_state(privacy: Privacy) -> bool:
    """Tell whether state and last session are published."""
    return privacy != "events only"


def shows_volumes(privacy: Privacy) -> bool:
    """Tell whether anything about the amount of milk is published."""
    return privacy == "full"


def tells_volume(field: str) -> bool:
    """Tell whether a field says how much milk there is, by its unit: ml, or ml in a minute."""
    return "ml" in field.split("_")


def private_event(text: str, privacy: Privacy) -> str:
    """Return an event's JSON with what may leave.

    As text, not as a model: it may have been stored by an earlier or a later version.
    """
    if shows_volumes(privacy):
        return text
    event = {
        name: None if tells_volume(name) else value for name, value in json.loads(text).items()
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def private_state(state: PumpState, privacy: Privacy) -> PumpState:
    """Return a state with what may leave."""
    return state if shows_volumes(privacy) else state.model_copy(update=_hidden(PumpState))


def private_session(session: LastSession, privacy: Privacy) -> LastSession:
    """Return a last session with what may leave."""
    return session if shows_volumes(privacy) else session.model_copy(update=_hidden(LastSession))


@cache
def _hidden(model: type[BaseModel]) -> dict[str, None]:
    return {name: None for name in model.model_fields if tells_volume(name)}

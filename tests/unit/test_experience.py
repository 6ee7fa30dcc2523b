"""Which cue comes first, by what one mother's own sessions tell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lullaflow.cues.policy import Experience
from lullaflow.cues.policy.experience import ENOUGH_SESSIONS
from lullaflow.session.inputs import CueStep
from lullaflow_protocol.events import CueStarted, Event, LetDown, SessionEnded

LADDER = (CueStep("music", "music", 0.0), CueStep("photo", "photo", 30.0))


def event(model: type[Any], t_s: float, **fields: Any) -> Event:
    at = datetime(2026, 5, 4, tzinfo=UTC)
    made: Event = model(id="x", at=at, pump="pump", session="s", t_s=t_s, **fields)
    return made


def session(cues: dict[str, float], let_down_s: float | None) -> list[Event]:
    happened = [event(CueStarted, t_s, cue=cue, kind="music", step=1) for cue, t_s in cues.items()]
    if let_down_s is not None:
        seen = {"side": "left", "flow_ml_min": 20.0, "confidence": 1.0}
        moments = {"onset_s": let_down_s, "detected_s": let_down_s}
        happened.append(event(LetDown, let_down_s, index=1, **seen, **moments))
    end: dict[str, Any] = {"volume_left_ml": 1.0, "volume_right_ml": None, "reason": "asked"}
    end |= {"let_downs": 0, "time_to_let_down_s": let_down_s, "cues": list(cues)}
    return [*happened, event(SessionEnded, 900.0, duration_s=900.0, **end)]


def order(*sessions: list[Event]) -> list[str]:
    experience = Experience()
    for happened in sessions:
        for each in happened:
            experience.on_event(each)
    return [step.cue for step in experience.in_order(LADDER)]


HELPED_BY_PHOTO = session({"music": 120.0, "photo": 150.0}, let_down_s=170.0)
HELPED_BY_MUSIC = session({"music": 120.0}, let_down_s=140.0)


def test_the_cue_that_was_newest_when_milk_came_moves_to_the_front() -> None:
    assert order(*[HELPED_BY_PHOTO] * ENOUGH_SESSIONS) == ["photo", "music"]
    assert order(*[HELPED_BY_MUSIC] * ENOUGH_SESSIONS) == ["music", "photo"]


def test_a_few_sessions_are_chance() -> None:
    assert order(*[HELPED_BY_PHOTO] * (ENOUGH_SESSIONS - 1)) == ["music", "photo"]


def test_sessions_without_cues_and_late_milk_teach_nothing() -> None:
    calm = session({}, let_down_s=60.0)
    late = session({"music": 120.0, "photo": 150.0}, let_down_s=800.0)
    never = session({"music": 120.0, "photo": 150.0}, let_down_s=None)
    for lesson in (calm, late, never):
        assert order(*[lesson] * 20) == ["music", "photo"]


def test_a_cue_after_the_first_let_down_is_no_help() -> None:
    *happened, end = HELPED_BY_MUSIC
    after = event(CueStarted, 400.0, cue="photo", kind="photo", step=0)
    second = event(
        LetDown,
        410.0,
        index=2,
        side="left",
        onset_s=410.0,
        detected_s=410.0,
        flow_ml_min=20.0,
        confidence=1.0,
    )
    assert order(*[[*happened, after, second, end]] * 20) == ["music", "photo"]

"""What a pump's `state`, `last_session`, `settings` and `command_result` topics carry."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from lullaflow_protocol.events import STRICT, Phase


class PumpState(BaseModel):
    """What is happening at one pump now. Fields are added, never changed."""

    model_config = STRICT

    schema_: Literal[1] = Field(default=1, alias="schema")
    session: str | None = Field(description="id of the running session, null between sessions")
    session_started_at: AwareDatetime | None = None
    session_s: float
    stimulation_s: float = Field(description="valid suction without let-down so far")
    phase: Phase | Literal["idle"]
    cycles_per_min: float | None
    vacuum_mmhg: float | None
    flow_left_ml_min: float | None
    flow_right_ml_min: float | None
    flow_ml_min: float | None = Field(description="both sides")
    volume_left_ml: float | None
    volume_right_ml: float | None
    volume_ml: float | None = Field(description="both sides")
    let_downs: int
    time_to_let_down_s: float | None
    milk_flowing: bool
    slow: bool
    cues: list[str]
    snoozed: bool
    seal_ok: bool
    faults: dict[str, str]
    link_up: bool
    battery_percent: int | None = Field(default=None, description="of the pump's board")
    signal_dbm: int | None = Field(default=None, description="-60 is near, -90 far")
    firmware: str | None = Field(default=None, description="version on the pump's board")


LIVE_FIELDS: frozenset[str] = frozenset(
    {
        *("session_s", "stimulation_s", "cycles_per_min", "vacuum_mmhg"),
        *("flow_left_ml_min", "flow_right_ml_min", "flow_ml_min"),
        *("volume_left_ml", "volume_right_ml", "volume_ml"),
    }
)
"""Figures that change all the time during a session; a change of any other field is news."""


class LastSession(BaseModel):
    """What the last session was. Fields are added, never changed."""

    model_config = STRICT

    schema_: Literal[1] = Field(default=1, alias="schema")
    session: str = Field(description="its id")
    ended_at: AwareDatetime
    duration_s: float = Field(ge=0)
    volume_left_ml: float | None = Field(description="null without a scale, or kept private")
    volume_right_ml: float | None
    volume_ml: float | None = Field(description="both sides")
    let_downs: int = Field(ge=0)
    time_to_let_down_s: float | None = Field(description="null when none was found")
    cues: list[str]


class LiveSettings(BaseModel):
    """What can be set while the daemon runs, by `set_<name>`, and how it is set now."""

    model_config = STRICT

    schema_: Literal[1] = Field(default=1, alias="schema")
    quiet: bool = Field(description="the sound is off")
    volume: int | None = Field(
        default=None, ge=0, le=100, description="loudness in percent; null without a loudspeaker"
    )
    music: str | None = Field(
        default=None,
        description="`own` (our own sound), `all`, or a folder's name and `/`; null without sound",
    )
    cues: bool | None = Field(default=None, description="cues begin by themselves")
    scene: str | None = Field(
        default=None, description="which of them: `all`, or one kind, such as `music`"
    )
    learning: bool | None = Field(
        default=None, description="the cue that helped most often comes first"
    )


class CommandResult(BaseModel):
    """Whether a command was accepted, and if not, why."""

    model_config = STRICT

    schema_: Literal[1] = Field(default=1, alias="schema")
    command: str
    accepted: bool
    reason: str = Field(default="", description="why not, in one sentence")

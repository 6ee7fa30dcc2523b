"""The events that lullaflow publishes: one closed, versioned union of pydantic models.

Compatibility: fields are added, never changed or taken away; consumers ignore what they do not
know. Every `_s` moment counts device time from the session's first suction.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

SCHEMA_VERSION = 1

Side = Literal["left", "right", "both"]
Phase = Literal["stimulation", "expression", "paused"]
CueKind = Literal["music", "photo", "guide", "warmth", "light"]
Seconds = Annotated[float, Field(ge=0)]
Volume = Annotated[float, Field(description="millilitres")]


STRICT = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)
"""Of every published model: we write every field, also those that have a default, and consumers may
count on it."""


class _Event(BaseModel):
    """What every event carries."""

    model_config = STRICT

    id: str = Field(description="unique; within a session, later events sort after earlier ones")
    schema_: Literal[1] = Field(default=1, alias="schema", description="version of this schema")
    type: str
    at: AwareDatetime = Field(description="RFC 3339, UTC")
    pump: str = Field(description="the pump's slug")
    session: str | None = Field(description="the session's id, null outside a session")
    t_s: float = Field(description="seconds of device time since the session began")


class SessionStarted(_Event):
    """Suction was felt (in volume-only use: the first row came)."""

    type: Literal["session_started"] = "session_started"
    recording_s: Seconds = Field(description="where the session begins in its recording")


class PhaseChanged(_Event):
    """The pump's rhythm changed."""

    type: Literal["phase_changed"] = "phase_changed"
    phase: Phase
    cycles_per_min: float | None = Field(description="null while paused")
    vacuum_mmhg: float | None = Field(description="peak suction, positive; null while paused")


class LetDown(_Event):
    """Flow rose: milk is letting down."""

    type: Literal["let_down"] = "let_down"
    index: int = Field(ge=1)
    side: Side
    onset_s: float = Field(description="estimated moment at which the flow rose")
    detected_s: float = Field(description="moment at which it was certain enough to say")
    flow_ml_min: float | None = Field(ge=0, description="null where volumes are kept private")
    confidence: float = Field(ge=0, le=1)


class FlowEnded(_Event):
    """A let-down's flow is over."""

    type: Literal["flow_ended"] = "flow_ended"
    index: int = Field(ge=1)
    side: Side
    end_s: float = Field(description="moment since which the flow is over")
    volume_ml: Volume | None = Field(
        description="from the onset to the end; null where volumes are kept private"
    )


class LetDownSlow(_Event):
    """Let-down is taking a little longer."""

    type: Literal["let_down_slow"] = "let_down_slow"
    elapsed_s: Seconds = Field(description="time with valid stimulation so far")
    threshold_s: Seconds
    threshold_from: Literal["default", "personal"]


class CueStarted(_Event):
    """A cue begins."""

    type: Literal["cue_started"] = "cue_started"
    cue: str = Field(description="the cue's name from the configuration")
    kind: CueKind
    step: int = Field(ge=0, description="step of the ladder; 0 when asked for by a person")


class CueEnded(_Event):
    """A cue fades out."""

    type: Literal["cue_ended"] = "cue_ended"
    cue: str
    kind: CueKind
    step: int = Field(ge=0)
    reason: Literal["let_down", "stopped", "not_now", "session_ended"]


class SessionEnded(_Event):
    """The session is over; what it was, as far as the sensors know."""

    type: Literal["session_ended"] = "session_ended"
    duration_s: Seconds
    volume_left_ml: Volume | None = Field(description="null when that side has no scale")
    volume_right_ml: Volume | None
    let_downs: int = Field(ge=0)
    time_to_let_down_s: float | None = Field(description="null when none was found")
    cues: list[str] = Field(description="names of the cues that ran, in order")
    reason: Literal["pump_stopped", "asked", "link_lost", "recording_ended"]


class LinkLost(_Event):
    """The pump's Bluetooth link broke; the board goes on recording."""

    type: Literal["link_lost"] = "link_lost"


class LinkRestored(_Event):
    """The link is back, and what was missed has been fetched."""

    type: Literal["link_restored"] = "link_restored"
    gap_s: Seconds
    frames_recovered: int = Field(ge=0)
    frames_lost: int = Field(ge=0)


class SensorFault(_Event):
    """A sensor on the board does not answer or cannot be right."""

    type: Literal["sensor_fault"] = "sensor_fault"
    sensor: str
    fault: str


class SensorRecovered(_Event):
    """A faulty sensor is well again."""

    type: Literal["sensor_recovered"] = "sensor_recovered"
    sensor: str
    fault: str


class SealLeak(_Event):
    """Suction is weaker or leaks faster than it should: the flange may want a nudge."""

    type: Literal["seal_leak"] = "seal_leak"
    side: Side
    vacuum_mmhg: float
    message: str


class VacuumHigh(_Event):
    """Suction stays above the advised limit. The daemon advises only."""

    type: Literal["vacuum_high"] = "vacuum_high"
    vacuum_mmhg: float
    limit_mmhg: float


Event = Annotated[
    SessionStarted
    | PhaseChanged
    | LetDown
    | FlowEnded
    | LetDownSlow
    | CueStarted
    | CueEnded
    | SessionEnded
    | LinkLost
    | LinkRestored
    | SensorFault
    | SensorRecovered
    | SealLeak
    | VacuumHigh,
    Field(discriminator="type"),
]

_adapter: TypeAdapter[Event] = TypeAdapter(Event)


def parse_event(payload: bytes | str) -> Event:
    """Read one event from its JSON text.

    Raises:
        pydantic.ValidationError: when it is no event of this schema version.
    """
    return _adapter.validate_json(payload)


def dump_event(event: Event) -> str:
    """Write one event as a single line of JSON."""
    return event.model_dump_json(by_alias=True)


def event_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the union, by which consumers may validate."""
    return _adapter.json_schema(by_alias=True, mode="serialization")

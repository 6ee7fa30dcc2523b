"""What the store keeps, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lullaflow.session.inputs import RecordingInfo


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording: what one core saw from one start of a pump's board.

    Attributes:
        id: its row.
        boot_id: tells this start of the board from others.
        info: pump, wall time of its beginning, the core's settings then in force.
        ended: whether nothing more can come.
    """

    id: int
    boot_id: int
    info: RecordingInfo
    ended: bool


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """A frame as it came from the board.

    Attributes:
        seq: the board's sequence number.
        raw: the bytes, CRC included.
    """

    seq: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class StoredInput:
    """An input of the core that is no frame, as JSON text."""

    json: str


Entry = StoredFrame | StoredInput


@dataclass(frozen=True, slots=True)
class KeptKnob:
    """Something that was set by hand while the daemon ran.

    Attributes:
        pump: the pump's slug, empty for what is one for the whole house.
        name: of the knob.
        value: what it was set to, JSON.
        configured: what the settings file said then, JSON.
    """

    pump: str
    name: str
    value: str
    configured: str


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session of the past, or the one that runs.

    Attributes:
        pump: the pump's slug.
        id: the session's id in events.
        recording: the recording that holds it.
        started_at: wall time, UTC.
        recording_s: where its first moment lies in the recording.
        summary: JSON of its `session_ended` event, None while it runs.
    """

    pump: str
    id: str
    recording: int
    started_at: datetime
    recording_s: float
    summary: str | None

"""Everything that the core ever sees. A recording holds it all: replay gives the same events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from lullaflow.detection.samples import Samples


@dataclass(frozen=True, slots=True)
class CueStep:
    """One step of the ladder.

    Attributes:
        cue: its name, unique in the ladder.
        kind: which player shows it.
        delay_s: device time after `let_down_slow` at which it begins.
        by_itself: whether it begins at all unless somebody asks for it.
    """

    cue: str
    kind: Literal["music", "photo", "guide", "warmth", "light"]
    delay_s: float
    by_itself: bool = True


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """The settings in force for one recording; only what decisions depend on.

    Attributes:
        slow_after_s: valid stimulation without let-down before it counts as slow. 120 s: two-phase
            pumps and research protocols stimulate for two minutes (evidence, sections 2 and 4).
        slow_from: whether `slow_after_s` is the common default or this mother's own.
        ladder: cues in the order in which they begin.
        snooze_s: how long 'not now' keeps cues away.
        session_idle_s: seconds without suction after which a session is over.
        vacuum_limit_mmhg: sustained suction above this is mentioned (evidence, section 6).
        volume_only: ignore vacuum, as for a plain scale.
    """

    slow_after_s: float = 120.0
    slow_from: Literal["default", "personal"] = "default"
    ladder: tuple[CueStep, ...] = (
        CueStep("music", "music", 0.0),
        CueStep("photo", "photo", 30.0),
    )
    snooze_s: float = 600.0
    session_idle_s: float = 60.0
    vacuum_limit_mmhg: float = 285.0
    volume_only: bool = False


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """Where a recording comes from.

    Attributes:
        pump: the pump's slug (`replay` for foreign files).
        started_at: wall time of `t_s == 0`, aware, UTC.
        settings: the settings in force.
        milk_until_s: when the sitting before, in which milk came, had its last suction; recording
            time, so not above 0. None when there was no such sitting.
    """

    pump: str
    started_at: datetime
    settings: CoreSettings = field(default_factory=CoreSettings)
    milk_until_s: float | None = None


@dataclass(frozen=True, slots=True)
class LinkWentDown:
    """The Bluetooth link broke after the sample at `t_s`."""

    t_s: float


@dataclass(frozen=True, slots=True)
class LinkCameBack:
    """The link is back, the gap filled as far as the board's buffer reached."""

    t_s: float
    gap_s: float
    frames_recovered: int
    frames_lost: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A person (page, button, MQTT) asked for something.

    Attributes:
        command: what. `start_cue` starts the cue named in `cue`; `end_session` ends the session.
        cue: the cue's name for `start_cue`, else None.
    """

    t_s: float
    command: Literal["start_cue", "stop_cues", "snooze", "end_session"]
    cue: str | None = None


@dataclass(frozen=True, slots=True)
class LadderSet:
    """Somebody switched cues, or experience put them in another order.

    Attributes:
        ladder: in force from now on, as in `CoreSettings`.
    """

    t_s: float
    ladder: tuple[CueStep, ...]


@dataclass(frozen=True, slots=True)
class SensorChanged:
    """The board reports a sensor as faulty (`fault` named) or well again (`well`)."""

    t_s: float
    sensor: str
    fault: str
    well: bool


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """Nothing more will come: the pump stayed away, rebooted, or the file is over."""

    t_s: float
    reason: Literal["link_lost", "recording_ended"]


Input = Samples | LinkWentDown | LinkCameBack | Asked | LadderSet | SensorChanged | RecordingEnded

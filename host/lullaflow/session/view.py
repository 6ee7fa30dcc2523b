"""What is happening now, for the page and the house."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lullaflow.cues.policy import RunningCue
from lullaflow_protocol.events import Phase


@dataclass(frozen=True, slots=True)
class View:
    """A snapshot of the core.

    Attributes:
        session: id of the running session, None between sessions.
        session_started_at: wall time of its first suction.
        session_s: seconds since then.
        stimulation_s: seconds of valid suction without let-down so far.
        phase: the pump's phase, None until known.
        cycles_per_min: of the pump, None while paused.
        vacuum_mmhg: peak suction of the last seconds, None while paused.
        flow_left_ml_min, flow_right_ml_min: None for a side without a scale.
        volume_left_ml, volume_right_ml: since the session began, None without a scale.
        let_downs: found so far in this session.
        time_to_let_down_s: of the first, None before it.
        milk_flowing: whether a let-down flows now.
        slow: whether let-down is taking longer than usual and has not come yet.
        cues: those that run in the room.
        snoozed: whether somebody said 'not now'.
        seal_ok: False while suction is weaker than this session's own usual.
        faults: faulty sensors and their fault.
        link_up: whether the board is connected.
    """

    session: str | None = None
    session_started_at: datetime | None = None
    session_s: float = 0.0
    stimulation_s: float = 0.0
    phase: Phase | None = None
    cycles_per_min: float | None = None
    vacuum_mmhg: float | None = None
    flow_left_ml_min: float | None = None
    flow_right_ml_min: float | None = None
    volume_left_ml: float | None = None
    volume_right_ml: float | None = None
    let_downs: int = 0
    time_to_let_down_s: float | None = None
    milk_flowing: bool = False
    slow: bool = False
    cues: tuple[RunningCue, ...] = ()
    snoozed: bool = False
    seal_ok: bool = True
    faults: dict[str, str] = field(default_factory=dict)
    link_up: bool = True

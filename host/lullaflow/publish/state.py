"""The core's view, and a session's end, as the house sees them."""

from __future__ import annotations

from dataclasses import dataclass

from lullaflow.session.view import View
from lullaflow_protocol.events import SessionEnded
from lullaflow_protocol.state import LastSession, PumpState


@dataclass(frozen=True, slots=True)
class Board:
    """What is known of a pump's board beside its frames; None is unknown.

    Attributes:
        battery_percent: 0 to 100.
        signal_dbm: -60 is near, -90 far.
        firmware: its version.
    """

    battery_percent: int | None = None
    signal_dbm: int | None = None
    firmware: str | None = None


def pump_state(view: View, board: Board | None = None) -> PumpState:
    """Return the state that a view stands for."""
    board = board or Board()
    return PumpState(
        session=view.session,
        session_started_at=view.session_started_at,
        session_s=view.session_s,
        stimulation_s=view.stimulation_s,
        phase=(view.phase or "stimulation") if view.session is not None else "idle",
        cycles_per_min=view.cycles_per_min,
        vacuum_mmhg=view.vacuum_mmhg,
        flow_left_ml_min=view.flow_left_ml_min,
        flow_right_ml_min=view.flow_right_ml_min,
        flow_ml_min=_sum(view.flow_left_ml_min, view.flow_right_ml_min),
        volume_left_ml=view.volume_left_ml,
        volume_right_ml=view.volume_right_ml,
        volume_ml=_sum(view.volume_left_ml, view.volume_right_ml),
        let_downs=view.let_downs,
        time_to_let_down_s=view.time_to_let_down_s,
        milk_flowing=view.milk_flowing,
        slow=view.slow,
        cues=[cue.cue for cue in view.cues],
        snoozed=view.snoozed,
        seal_ok=view.seal_ok,
        faults=view.faults,
        link_up=view.link_up,
        battery_percent=board.battery_percent,
        signal_dbm=board.signal_dbm,
        firmware=board.firmware,
    )


def last_session(ended: SessionEnded) -> LastSession:
    """Return what a session was, from its last event."""
    return LastSession(
        session=ended.session or "",
        ended_at=ended.at,
        duration_s=ended.duration_s,
        volume_left_ml=ended.volume_left_ml,
        volume_right_ml=ended.volume_right_ml,
        volume_ml=_sum(ended.volume_left_ml, ended.volume_right_ml),
        let_downs=ended.let_downs,
        time_to_let_down_s=ended.time_to_let_down_s,
        cues=ended.cues,
    )


def _sum(*values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 3) if known else None

"""The core: one deterministic step over device time. Inputs in, events out.

A session begins at its first suction (in volume-only use: at the first row), and ends when suction
has stayed away for `session_idle_s`, when somebody asks, or when the recording ends. Its duration
counts to the last suction. A gauge that falls silent does not end it, unless it stays so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel

from lullaflow.cues.policy import EndReason, Ladder, RunningCue
from lullaflow.detection import Finding, FlowOver, LetDownDetector, Samples
from lullaflow.detection.binning import Bin, Binner
from lullaflow.session.inputs import (
    Asked,
    Input,
    LadderSet,
    LinkCameBack,
    LinkWentDown,
    RecordingEnded,
    RecordingInfo,
    SensorChanged,
)
from lullaflow.session.pumping import Pumping
from lullaflow.session.view import View
from lullaflow.session.waiting import Waiting
from lullaflow_protocol.events import (
    CueEnded,
    CueStarted,
    Event,
    FlowEnded,
    LetDown,
    LetDownSlow,
    LinkLost,
    LinkRestored,
    PhaseChanged,
    SealLeak,
    SensorFault,
    SensorRecovered,
    SessionEnded,
    SessionStarted,
    VacuumHigh,
)

__all__ = ["Core", "View"]

SEAL_MESSAGE: Final = (
    "The suction feels a little weak: perhaps nudge the flange, or moisten its rim."
)

SITTING_S: Final = 300.0
"""A session that begins this soon after another is one sitting with it: a nappy, the door, a tube
that slipped off. Who pumps in turns rests for ten minutes, and waits for each let-down anew."""

UNSEEN_S: Final = 300.0
"""Without any sample of suction for so long, nobody knows of a session any more."""

LEAK_PAUSE_S: Final = 60.0
"""The seal is mentioned once a minute at most."""

SessionEnd = Literal["pump_stopped", "asked", "link_lost", "recording_ended"]
E = TypeVar("E", bound=BaseModel)


@dataclass
class _Session:
    """The session that runs. Moments are seconds of the recording."""

    id: str
    begin_s: float
    ladder: Ladder
    first_index: int
    begin_ml: tuple[float, float]
    waiting: Waiting
    let_downs: int = 0
    time_to_let_down_s: float | None = None
    phase: str | None = None
    told_high: bool = False
    leak_told_s: float = field(default=-LEAK_PAUSE_S)


class Core:
    """Decides everything, from one recording's inputs.

    Args:
        info: where the recording comes from, and the settings in force.

    Attributes:
        milk_until_s: see `RecordingInfo`; of the newest sitting.
    """

    def __init__(self, info: RecordingInfo) -> None:
        self._info = info
        self._settings = info.settings
        self._ladder = info.settings.ladder
        self._stamp = _stamp(info.started_at)
        self._count = 0
        self._binner = Binner()
        self._detector = LetDownDetector()
        self._pumping = Pumping(self._detector.suction, self._detector.stimulation)
        self._session: _Session | None = None
        self._now_s = 0.0
        self._asked_to_end = False
        self._faults: dict[str, str] = {}
        self._link_up = True
        self.milk_until_s = info.milk_until_s

    def step(self, input_: Input) -> list[Event]:
        """Take one input and return what it gives rise to, in order."""
        return list(self._step(input_))

    @property
    def in_session(self) -> bool:
        """Return whether a session runs; cheaper than the whole view."""
        return self._session is not None

    @property
    def pump_rests(self) -> bool:
        """Return whether there is no suction; never known in volume-only use."""
        return not self._settings.volume_only and self._pumping.first_suction_s is None

    @property
    def last_suction_s(self) -> float:
        """Return the last moment with suction, recording time."""
        return self._pumping.last_suction_s

    @property
    def view(self) -> View:
        """Return what is happening now."""
        session = self._session
        if session is None:
            return View(faults=dict(self._faults), link_up=self._link_up)
        left, right = self._detector.bottles
        running = self._pumping.running
        volumes = self._volumes(session)
        return View(
            session=session.id,
            session_started_at=self._info.started_at + timedelta(seconds=session.begin_s),
            session_s=_round(self._now_s - session.begin_s),
            stimulation_s=session.waiting.stimulation_s,
            phase=self._pumping.phase,
            cycles_per_min=_round(self._pumping.cycles_per_min) if running else None,
            vacuum_mmhg=_round(self._pumping.vacuum_mmhg) if running else None,
            flow_left_ml_min=_round(60 * left.flow_ml_s) if left.present else None,
            flow_right_ml_min=_round(60 * right.flow_ml_s) if right.present else None,
            volume_left_ml=volumes[0],
            volume_right_ml=volumes[1],
            let_downs=session.let_downs,
            time_to_let_down_s=session.time_to_let_down_s,
            milk_flowing=self._detector.milk_flowing,
            slow=session.waiting.slow and not session.let_downs,
            cues=tuple(session.ladder.running),
            snoozed=session.ladder.snoozed_until_s is not None,
            seal_ok=not self._pumping.leaks,
            faults=dict(self._faults),
            link_up=self._link_up,
        )

    def _step(self, input_: Input) -> Iterator[Event]:
        match input_:
            case Samples():
                for bin_ in self._binner.push(input_):
                    yield from self._on_bin(bin_)
            case LinkWentDown():
                self._link_up = False
                yield self._event(LinkLost)
            case LinkCameBack():
                self._link_up = True
                yield self._event(
                    LinkRestored,
                    gap_s=_round(input_.gap_s),
                    frames_recovered=input_.frames_recovered,
                    frames_lost=input_.frames_lost,
                )
            case Asked() | LadderSet():
                yield from self._on_person(input_)
            case SensorChanged():
                yield self._on_sensor(input_)
            case RecordingEnded():
                for bin_ in self._binner.flush():
                    yield from self._on_bin(bin_)
                yield from self._end(input_.reason)

    def _on_bin(self, bin_: Bin) -> Iterator[Event]:
        self._now_s = bin_.end_s
        if self._settings.volume_only:
            bin_ = bin_.without_vacuum()
        before_ml = self._milk_ml()
        findings = self._detector.push(bin_)
        self._pumping.push(bin_)
        begin_s = self._begins(bin_)
        if begin_s is not None:
            yield self._begin(begin_s, before_ml)
        session = self._session
        if session is None:
            return
        yield from self._on_pump(session)
        for finding in findings:
            yield from self._on_finding(session, finding)
        yield from self._on_waiting(session)
        if not self._settings.volume_only and self._pump_stopped:
            yield from self._end("pump_stopped")

    # -- the session

    @property
    def _pump_stopped(self) -> bool:
        pumping = self._pumping
        return pumping.rest_s >= self._settings.session_idle_s or pumping.unseen_s >= UNSEEN_S

    def _begins(self, bin_: Bin) -> float | None:
        """Return the moment of the session's first suction, when a session begins."""
        if self._session is not None:
            return None
        if self._settings.volume_only:
            return None if self._asked_to_end else bin_.start_s
        if self.pump_rests:
            self._asked_to_end = False
        if self._asked_to_end or not self._pumping.has_begun:
            return None
        return self._pumping.first_suction_s

    def _begin(self, begin_s: float, begin_ml: tuple[float, float]) -> Event:
        began_at = self._info.started_at + timedelta(seconds=begin_s)
        self._session = _Session(
            id=_stamp(began_at),
            begin_s=begin_s,
            ladder=Ladder(self._ladder, self._settings.snooze_s),
            first_index=self._detector.count,
            begin_ml=begin_ml,
            waiting=Waiting(
                slow_after_s=self._settings.slow_after_s,
                begin_s=begin_s,
                begin_ml=sum(begin_ml),
                pumping=None if self._settings.volume_only else self._pumping,
                goes_on=self._goes_on(begin_s),
            ),
        )
        return self._event(SessionStarted, recording_s=_round(begin_s))

    def _goes_on(self, begin_s: float) -> bool:
        """Tell whether a session goes on with a sitting in which milk has come."""
        return self.milk_until_s is not None and begin_s - self.milk_until_s <= SITTING_S

    def _end(self, reason: SessionEnd) -> Iterator[Event]:
        session = self._session
        if session is None:
            return
        for finding in self._detector.stop(self._now_s):
            yield from self._on_finding(session, finding)
        yield from self._cues_ended(session.ladder.stop(), "session_ended")
        end_s = self._now_s if self._settings.volume_only else self._pumping.last_suction_s
        if session.let_downs or session.waiting.goes_on:
            self.milk_until_s = end_s
        volumes = self._volumes(session)
        ended = self._event(
            SessionEnded,
            duration_s=_round(max(0.0, end_s - session.begin_s)),
            volume_left_ml=volumes[0],
            volume_right_ml=volumes[1],
            let_downs=session.let_downs,
            time_to_let_down_s=session.time_to_let_down_s,
            cues=list(dict.fromkeys(session.ladder.used)),
            reason=reason,
        )
        self._session = None
        yield ended

    def _on_pump(self, session: _Session) -> Iterator[Event]:
        pumping = self._pumping
        if self._settings.volume_only:
            return
        phase = pumping.phase
        if phase is not None and phase != session.phase:
            session.phase = phase
            paused = phase == "paused"
            yield self._event(
                PhaseChanged,
                phase=phase,
                cycles_per_min=None if paused else _round(pumping.cycles_per_min),
                vacuum_mmhg=None if paused else _round(pumping.vacuum_mmhg),
            )
        limit = self._settings.vacuum_limit_mmhg
        if pumping.is_high(limit) and not session.told_high:
            session.told_high = True
            vacuum = _round(pumping.vacuum_mmhg)
            yield self._event(VacuumHigh, vacuum_mmhg=vacuum, limit_mmhg=limit)
        if pumping.leaks and self._now_s - session.leak_told_s >= LEAK_PAUSE_S:
            session.leak_told_s = self._now_s
            yield self._event(
                SealLeak,
                side=pumping.leaking_side,
                vacuum_mmhg=_round(pumping.vacuum_mmhg),
                message=SEAL_MESSAGE,
            )

    def _on_finding(self, session: _Session, finding: Finding) -> Iterator[Event]:
        index = finding.index - session.first_index
        if index < 1:
            return  # it began to flow before the session
        if isinstance(finding, FlowOver):
            yield self._event(
                FlowEnded,
                index=index,
                side=finding.side,
                end_s=_round(finding.end_s - session.begin_s),
                volume_ml=_round(finding.volume_ml),
            )
            return
        onset_s = _round(max(0.0, finding.onset_s - session.begin_s))
        session.let_downs = index
        session.waiting.over = True
        if session.time_to_let_down_s is None:
            session.time_to_let_down_s = onset_s
        yield self._event(
            LetDown,
            index=index,
            side=finding.side,
            onset_s=onset_s,
            detected_s=_round(finding.detected_s - session.begin_s),
            flow_ml_min=_round(finding.flow_ml_min),
            confidence=_round(finding.confidence),
        )
        yield from self._cues_ended(session.ladder.stop(), "let_down")

    def _on_waiting(self, session: _Session) -> Iterator[Event]:
        if session.waiting.turns_slow(self._now_s, self._detector):
            session.ladder.begin(self._now_s)
            yield self._event(
                LetDownSlow,
                elapsed_s=_round(session.waiting.stimulation_s),
                threshold_s=self._settings.slow_after_s,
                threshold_from=self._settings.slow_from,
            )
        for cue in session.ladder.due(self._now_s):
            yield self._cue_started(cue)

    # -- people and the board

    def _on_person(self, asked: Asked | LadderSet) -> Iterator[Event]:
        session = self._session
        if isinstance(asked, LadderSet):
            self._ladder = asked.ladder
            if session is not None:
                yield from self._cues_ended(session.ladder.set_steps(asked.ladder), "stopped")
            return
        if session is None:
            return
        match asked.command:
            case "start_cue":
                cue = session.ladder.start(asked.cue or "")
                if cue is not None:
                    yield self._cue_started(cue)
            case "stop_cues":
                yield from self._cues_ended(session.ladder.stop(), "stopped")
            case "snooze":
                yield from self._cues_ended(session.ladder.snooze(self._now_s), "not_now")
            case "end_session":
                # The pump may still run; that is no new session until it has paused.
                self._asked_to_end = True
                yield from self._end("asked")

    def _on_sensor(self, change: SensorChanged) -> Event:
        if change.well:
            self._faults.pop(change.sensor, None)
            return self._event(SensorRecovered, sensor=change.sensor, fault=change.fault)
        self._faults[change.sensor] = change.fault
        return self._event(SensorFault, sensor=change.sensor, fault=change.fault)

    def _cue_started(self, cue: RunningCue) -> Event:
        return self._event(CueStarted, cue=cue.cue, kind=cue.kind, step=cue.step)

    def _cues_ended(self, cues: list[RunningCue], reason: EndReason) -> Iterator[Event]:
        for cue in cues:
            yield self._event(CueEnded, cue=cue.cue, kind=cue.kind, step=cue.step, reason=reason)

    # -- figures

    def _milk_ml(self) -> tuple[float, float]:
        left, right = self._detector.bottles
        return left.milk_ml, right.milk_ml

    def _volumes(self, session: _Session) -> tuple[float | None, float | None]:
        left, right = (
            _round(max(0.0, bottle.milk_ml - begin)) if bottle.present else None
            for bottle, begin in zip(self._detector.bottles, session.begin_ml, strict=True)
        )
        return left, right

    def _event(self, model: type[E], /, **fields: Any) -> E:
        self._count += 1
        session = self._session
        begin_s = 0.0 if session is None else session.begin_s
        return model(
            id=f"{self._stamp}-{self._count:05d}",
            at=self._info.started_at + timedelta(seconds=round(self._now_s, 3)),
            pump=self._info.pump,
            session=None if session is None else session.id,
            t_s=_round(self._now_s - begin_s),
            **fields,
        )


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z"


def _round(value: float) -> float:
    return round(value, 3)

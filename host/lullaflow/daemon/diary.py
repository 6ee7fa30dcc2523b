"""A few lines in the log for each session: enough to know that all is well."""

from __future__ import annotations

import structlog

from lullaflow_protocol.events import (
    CueStarted,
    Event,
    LetDown,
    LetDownSlow,
    SensorFault,
    SessionEnded,
    SessionStarted,
)

log = structlog.get_logger(__name__)


def write_diary(event: Event) -> None:
    """Log what people would want to know of it; everything else at debug level."""
    match event:
        case SessionStarted():
            log.info("session started", pump=event.pump)
        case LetDownSlow():
            log.info("let-down takes a little longer", pump=event.pump, after_s=event.elapsed_s)
        case CueStarted():
            log.info("cue started", pump=event.pump, cue=event.cue)
        case LetDown():
            log.info("let-down", pump=event.pump, index=event.index, at_s=event.onset_s)
        case SensorFault():
            log.warning("sensor fault", pump=event.pump, sensor=event.sensor, fault=event.fault)
        case SessionEnded():
            log.info(
                "session ended",
                pump=event.pump,
                duration_s=event.duration_s,
                let_downs=event.let_downs,
                reason=event.reason,
            )
        case _:
            log.debug(event.type, pump=event.pump)

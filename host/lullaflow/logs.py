"""Structured logs: readable on a terminal, one JSON object a line otherwise."""

from __future__ import annotations

import logging
import sys
from typing import Literal, TextIO

import structlog
from structlog.typing import Processor

Level = Literal["debug", "info", "warning", "error"]


def set_up_logs(level: Level = "info", stream: TextIO = sys.stderr) -> None:
    """Send our logs, and what libraries have to say, to `stream`.

    Libraries speak one level less freely: their own debug output (every HCI packet) is no help with
    a let-down.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
    ]
    finish: list[Processor]
    if stream.isatty():
        stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
        plain = structlog.dev.plain_traceback
        finish = [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    else:
        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
        finish = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, stamp],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel({"debug": logging.INFO, "error": logging.ERROR}.get(level, logging.WARNING))
    logging.getLogger("lullaflow").setLevel(level.upper())
    # It logs with a traceback what it raises as well, and what we tell in a sentence.
    quiet = logging.NOTSET if level == "debug" else logging.CRITICAL
    logging.getLogger("bumble.host").setLevel(quiet)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            stamp,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )

"""What people read on the way."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from lullaflow.logs import set_up_logs


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in (None, "lullaflow", "bumble.host")]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


def said(level: str) -> str:
    stream = io.StringIO()
    set_up_logs(level, stream)  # type: ignore[arg-type]
    try:
        raise ConnectionResetError
    except ConnectionResetError:
        logging.getLogger("bumble.host").exception("Exception while sending command:")
    logging.getLogger("bumble.smp").error("a peer did something odd")
    return stream.getvalue()


def test_nobody_reads_a_traceback_of_what_is_told_in_a_sentence() -> None:
    assert "Traceback" not in said("info")
    assert "something odd" in said("info")


def test_who_looks_for_a_fault_reads_it() -> None:
    assert "ConnectionResetError" in said("debug")

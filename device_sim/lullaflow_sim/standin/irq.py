"""Delivery of the stack's events to the program's IRQ handler."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final

_SCRIBBLE: Final = 0xA5
"""What a buffer holds after the call: no plausible address, key or value."""

Handler = Callable[[int, tuple[Any, ...]], Any]


class Event(IntEnum):
    """MicroPython's numbers of the events that concern a peripheral."""

    CENTRAL_CONNECT = 1
    CENTRAL_DISCONNECT = 2
    GATTS_WRITE = 3
    GATTS_READ_REQUEST = 4
    GATTS_INDICATE_DONE = 20
    MTU_EXCHANGED = 21
    CONNECTION_UPDATE = 27
    ENCRYPTION_UPDATE = 28
    GET_SECRET = 29
    SET_SECRET = 30


class Irq:
    """Calls the handler with buffers that are good during the call only.

    Args:
        on_crash: told of an exception in the handler. A board would print it and go on; a
            simulator that did so would hide it.
    """

    def __init__(self, on_crash: Callable[[Exception], None]) -> None:
        self.handler: Handler | None = None
        self._on_crash = on_crash

    def __call__(self, event: Event, *data: Any) -> Any:
        """Deliver one event and return the handler's answer, None when there is no handler."""
        if self.handler is None:
            return None
        buffers = [bytearray(each) if isinstance(each, bytes) else each for each in data]
        arguments = tuple(
            memoryview(each) if isinstance(each, bytearray) else each for each in buffers
        )
        try:
            return self.handler(int(event), arguments)
        except Exception as error:  # noqa: BLE001 - whatever the program did wrong
            self._on_crash(error)
            return None
        finally:
            for buffer in buffers:
                if isinstance(buffer, bytearray):
                    buffer[:] = bytes([_SCRIBBLE]) * len(buffer)

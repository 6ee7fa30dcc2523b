"""Stand-in for MicroPython's `micropython` module: what it does to speed, CPython does without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")


def const(value: _T) -> _T:
    """Return the value; MicroPython's compiler folds it."""
    return value


def native(function: _T) -> _T:
    """Return the function; MicroPython compiles it to machine code."""
    return function


def viper(function: _T) -> _T:
    """Return the function; MicroPython compiles it to machine code on machine words."""
    return function


def schedule(function: Callable[[Any], None], argument: object) -> None:
    """Call at once: the simulator's interrupts come between bytecodes already."""
    function(argument)


def heap_lock() -> None:
    """Do nothing: CPython cannot lock its heap; tests under a real MicroPython do."""


def heap_unlock() -> int:
    """Return 0: no lock is held."""
    return 0


def alloc_emergency_exception_buf(size: int) -> None:
    """Do nothing: CPython always has room for an exception."""
    del size


def opt_level(level: int = 0) -> int:
    """Return 0: there are no levels here."""
    del level
    return 0

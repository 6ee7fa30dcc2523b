"""The board's battery: read now and then, unknown where it cannot be, gone when the link is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from bleak.exc import BleakCharacteristicNotFoundError

from lullaflow.link import battery
from lullaflow.link.battery import BATTERY_LEVEL_UUID, watch_battery


class Board:
    """Answers with these levels, one after the other; an exception is raised."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.asked = asyncio.Event()

    async def read_gatt_char(self, uuid: str) -> bytearray:
        assert uuid == BATTERY_LEVEL_UUID
        self.asked.set()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return bytearray(answer)


class ForgetfulBoard(Board):
    """Swallows a cancellation that comes with its answer, as asyncio.wait_for before 3.12."""

    async def read_gatt_char(self, uuid: str) -> bytearray:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return bytearray(b"\x10")
        raise AssertionError


async def levels(board: Any) -> list[int]:
    noted: list[int] = []
    await watch_battery(board, noted.append)
    return noted


async def test_levels_are_noted_and_nonsense_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(battery, "EVERY_S", 0.0)
    gone = BleakCharacteristicNotFoundError(BATTERY_LEVEL_UUID)
    assert await levels(Board(b"\x57", b"", b"\xff", b"\x56", gone)) == [87, 86]


async def test_a_board_that_does_not_tell_is_no_trouble() -> None:
    assert await levels(Board(BleakCharacteristicNotFoundError(BATTERY_LEVEL_UUID))) == []


async def test_a_cancellation_is_not_lost_in_an_answer() -> None:
    board = ForgetfulBoard()
    task = asyncio.create_task(levels(board))
    await board.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 20)

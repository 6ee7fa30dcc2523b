"""`lullaflow calibrate`, as a person goes through it."""

from __future__ import annotations

import re
from pathlib import Path

from .board_at_hand import board_at_hand


async def test_a_scale_that_was_never_calibrated_weighs_right_within_half_a_gram(
    tmp_path: Path,
) -> None:
    async with board_at_hand(tmp_path, "--scenario", "double") as board:
        await board.order("cell left 23 1.31")
        await board.order("cell right -9 0.87")
        await board.order("mass left 12")
        await board.order("mass right 31")
        async with board.command("calibrate") as terminal:
            await terminal.read_until("left: put the empty bottle")
            await terminal.type("")
            await terminal.read_until("left: add the weight")
            await board.order("mass left 162")
            await terminal.type("heavy")
            await terminal.read_until("'heavy' is no mass from 20 to 400 g")
            await terminal.type("150 g")
            left = await terminal.read_until("left: shows")
            await terminal.read_until("right: put the empty bottle")
            await terminal.type("")
            await terminal.read_until("just press Enter for 150")
            await board.order("mass right 181")
            await terminal.type("")
            right = await terminal.read_until("right: shows")
            code, out, said = await terminal.end()
        assert (code, out) == (0, "")
        assert said.splitlines()[-1].startswith("The pump keeps this until the next calibration")
    for line, before_g in ((left, 150 * 1.31), (right, 150 * 0.87)):
        told = re.search(r"shows ([\d.]+) g for 150 g, ([+-][\d.]+) g off \(before: ([\d.]+)", line)
        assert told is not None
        after_g, error_g, shown_before_g = map(float, told.groups())
        assert abs(after_g - 150.0) < 0.5
        assert abs(after_g - 150.0 - error_g) < 0.006
        assert abs(shown_before_g - before_g) < 0.5


async def test_what_cannot_be_right_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async with board_at_hand(tmp_path) as board:
        await board.order("mass left 10")
        code, out, said = await board.run("calibrate", "--side", "right")
        assert (code, out) == (2, "")
        assert "This board has no right scale" in said

        async with board.command("calibrate", "--grams", "200") as terminal:
            await terminal.read_until("left: put the empty bottle")
            await terminal.type("")
            await terminal.read_until("just press Enter for 200")
            await terminal.type("")  # and nothing was put on
            code, _, said = await terminal.end()
        assert code == 2
        assert "g for 200 g, which is too far off to be right; it stays as it was" in said


async def test_a_scale_that_shakes_and_a_person_who_left_are_told_in_a_sentence(
    tmp_path: Path,
) -> None:
    async with board_at_hand(tmp_path) as board:
        await board.order("cell left 0 60")  # every grain of noise is grams
        await board.order("mass left 0")
        async with board.command("calibrate") as terminal:
            await terminal.read_until("left: put the empty bottle")
            await terminal.type("")
            code, _, said = await terminal.end()
        assert code == 2
        assert "The left scale does not come to rest" in said

        async with board.command("calibrate") as terminal:
            await terminal.read_until("left: put the empty bottle")
            await terminal.hang_up()
            code, _, said = await terminal.end()
        assert code == 2
        assert said.splitlines()[-1].startswith("Nobody answered, so this ends here")

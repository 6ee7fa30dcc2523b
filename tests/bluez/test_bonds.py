"""Bonds that one side has forgotten: one clear sentence, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lullaflow_protocol import wire

from .conftest import Bench
from .follower import Follower, following
from .forgetting import forget_and_meet_again

pytestmark = [
    pytest.mark.bluez,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(1800),
]


def age_s(said: dict[str, Any]) -> float:
    """Return how long the board ran when it took a frame."""
    return wire.decode_frame(bytes.fromhex(said["frame"])).t_ms / 1000


def told(follower: Follower, code: str) -> list[str]:
    """Return what was told of a kind of trouble."""
    return [said["log"] for said in follower.said if said.get("about", {}).get("code") == code]


async def test_a_board_that_forgot_the_bond_is_paired_anew(bench: Bench, tmp_path: Path) -> None:
    async with following(bench.machine) as follower:
        await forget_and_meet_again(bench, follower, tmp_path)
    (sentence,) = told(follower, "bond_forgotten")
    assert sentence == (
        "The pump does not know this computer any more, so they are paired anew. "
        "If that fails, switch the pump's board off and on."
    )
    assert sum(said.get("log") == "paired" for said in follower.said) == 2


async def test_a_stranger_is_told_to_switch_the_board_on_anew_and_then_pairs(
    bench: Bench, tmp_path: Path
) -> None:
    async with (
        bench.pump(tmp_path, "Closed", "--stay", "--speed", "40") as pump,
        following(bench.machine) as follower,
    ):
        follower.start()
        await follower.wait_for(lambda said: "frame" in said and age_s(said) > 125)
        place = len(follower.said)
        await bench.machine.run("bluetoothctl remove $(bluetoothctl devices | cut -d' ' -f2)")
        await follower.wait_for(
            lambda said: said.get("about", {}).get("code") == "pairing_closed", place
        )
        assert "Paired: yes" not in await bench.machine.run(
            "for each in $(bluetoothctl devices | cut -d' ' -f2); do bluetoothctl info $each; done"
        )
        await pump.tell("reboot")
        await follower.wait_for(lambda said: "frame" in said, place)
    (sentence,) = told(follower, "pairing_closed")
    assert sentence == (
        "The pump does not let this computer pair. "
        "Switch the pump's board off and on; it pairs for two minutes after that."
    )

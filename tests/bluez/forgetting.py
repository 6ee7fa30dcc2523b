"""A board that loses its bonds while the host keeps its own."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Bench
from .follower import Follower


async def forget_and_meet_again(bench: Bench, follower: Follower, folder: Path) -> None:
    """Pair with a board, erase its bonds, switch it on anew and wait until frames come again.

    Args:
        bench: the guest.
        follower: not started yet.
        folder: for the board's files.
    """
    flash = folder / "flash.json"
    async with bench.pump(folder, "Forgetful", "--stay"):
        follower.start()
        await follower.frames(2)
    kept = json.loads(flash.read_text())
    flash.write_text(json.dumps({k: v for k, v in kept.items() if not k.startswith("bonds")}))
    place = len(follower.said)
    async with bench.pump(folder, "Forgetful", "--stay"):
        await follower.wait_for(lambda said: "frame" in said, place)

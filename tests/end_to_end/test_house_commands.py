"""Every wish of the house, through broker, daemon, radio and board, and what comes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lullaflow.daemon.firmware import firmware_at_hand

from .house import House, house
from .mqtt_house import Listener, listening


class Ears:
    """What the house has heard of the daemon.

    Args:
        home: whom to ask.
        listener: hears everything.
    """

    def __init__(self, home: House, listener: Listener) -> None:
        self._home = home
        self._listener = listener
        self._asked = 0

    async def newest(self, topic: str, **wanted: Any) -> dict[str, Any]:
        """Wait until the newest message on a topic says this."""

        def said() -> dict[str, Any]:
            return dict(json.loads(self._listener.last().get(f"lullaflow/pump/{topic}", b"{}")))

        await self._listener.until(lambda: wanted.items() <= said().items())
        return said()

    async def ask(self, command: str, payload: str = "") -> dict[str, Any]:
        """Send a command and return what became of it."""
        await self._home.command(command, payload)
        self._asked += 1

        def answers() -> list[bytes]:
            return [p for t, p, _ in self._listener.heard if t == "lullaflow/pump/command_result"]

        await self._listener.until(lambda: len(answers()) >= self._asked)
        answer = dict(json.loads(answers()[self._asked - 1]))
        assert answer["command"] == command
        return answer


async def test_every_command_is_obeyed(tmp_path: Path) -> None:
    async with (
        house(tmp_path, "none", speed=20, settings="[cues]\nsound = true") as home,
        listening(home.broker_port) as listener,
    ):
        ears = Ears(home, listener)
        state = await ears.newest("state", link_up=True, battery_percent=87)
        assert state["firmware"] == firmware_at_hand()
        assert -127 <= state["signal_dbm"] <= 20

        for name, payload, value in (
            # Cues first: in some seconds of ours let-down is slow.
            *(("cues", "OFF", False), ("quiet", "ON", True), ("volume", "35", 35)),
            *(("music", "own", "own"), ("learning", "OFF", False), ("scene", "photo", "photo")),
        ):
            assert (await ears.ask(f"set_{name}", payload))["accepted"], name
            await ears.newest("settings", **{name: value})
        assert not (await ears.ask("set_volume", "loud"))["accepted"]

        # Slow, and yet nothing comes by itself: the cues are off.
        await home.event("let_down_slow")
        assert "cue_started" not in home.types()
        assert (await ears.ask("start_cue", "music"))["accepted"]
        assert (await home.event("cue_started"))["step"] == 0
        assert (await ears.ask("stop_cues"))["accepted"]
        assert (await home.event("cue_ended"))["reason"] == "stopped"
        assert (await ears.ask("start_cue", "photo"))["accepted"]
        await home.event("cue_started", lambda event: event["cue"] == "photo")
        assert (await ears.ask("snooze"))["accepted"]
        await home.event("cue_ended", lambda event: event["reason"] == "not_now")
        assert (await ears.newest("state", snoozed=True))["cues"] == []

        assert (await ears.ask("identify", "1"))["accepted"]
        tared = await ears.ask("tare", "left")
        assert tared["accepted"] or "not at rest" in tared["reason"]
        assert (await ears.ask("end_session"))["accepted"]
        assert (await home.event("session_ended"))["reason"] == "asked"
        assert (await ears.ask("start_cue", "music"))["reason"] == "Nobody is pumping now."
        assert not (await ears.ask("sing"))["accepted"]

"""The end-to-end scenarios on the native path: whole daemon, real BlueZ, events over MQTT."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from end_to_end.test_main_job import in_order, replayed, sampled_frames
from lullaflow_protocol import wire

from .conftest import Bench
from .guest_house import guest_house

pytestmark = [
    pytest.mark.bluez,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(1800),
]


FRAMES_A_SECOND = 2

SPEED = 20
"""Device seconds per second while the daemon only follows. As long as it comes up or comes back,
device time keeps to the wall's: the board remembers two and a half minutes, and on a busy machine
an emulated computer takes tens of seconds for what takes a real one two."""


def stored_frames(folder: Path) -> list[str]:
    """Return every frame that the daemon stored, in hexadecimal, in order.

    A recording begins with what went just before it, which the recording before may have too.
    """
    with closing(sqlite3.connect(folder / "lullaflow.db")) as db:
        rows = db.execute("SELECT raw FROM frames ORDER BY recording, position")
        return list(dict.fromkeys(raw.hex() for (raw,) in rows))


def boot_of(frame: str) -> int:
    return wire.decode_frame(bytes.fromhex(frame)).boot_id


async def test_slow_let_down_brings_music_then_the_photo(bench: Bench, tmp_path: Path) -> None:
    async with guest_house(bench, tmp_path, "slow", speed=SPEED) as (home, daemon):
        ended = await home.event("session_ended")
        assert in_order(
            home.types(),
            *("session_started", "let_down_slow", "cue_started", "cue_started"),
            *("let_down", "cue_ended", "session_ended"),
        )
        kinds = [event["kind"] for event in home.events if event["type"] == "cue_started"]
        assert kinds[:2] == ["music", "photo"]
        slow = await home.event("let_down_slow")
        assert slow["elapsed_s"] == pytest.approx(120, abs=1)
        assert ended["time_to_let_down_s"] > 120
        await daemon.stop()


async def test_calm_session_with_a_radio_cut_loses_no_frame_and_replay_gives_the_very_events(
    bench: Bench, tmp_path: Path
) -> None:
    async with guest_house(bench, tmp_path, "calm", speed=1) as (home, daemon):
        started = await home.event("session_started")
        await home.tell_pump("cut 10")
        restored = await home.event("link_restored")
        await home.tell_pump(f"speed {SPEED}")
        assert restored["frames_recovered"] >= 20  # ten seconds of two frames a second
        assert restored["frames_lost"] == 0
        found = await home.event("let_down")
        ended = await home.event("session_ended")
        assert "cue_started" not in home.types()
        await home.tell_pump("stop")
        await home.pump.wait()
        await daemon.stop()
        published = [e for e in home.events if e["session"] == ended["session"]]
        onset_s = home.truth()["let_downs"][0]["onset_s"]
        assert 0 <= found["detected_s"] + started["recording_s"] - onset_s <= 10
        sampled, stored = sampled_frames(tmp_path), stored_frames(tmp_path)
        assert stored == sampled[: len(stored)]
        assert len(stored) > ended["duration_s"] * FRAMES_A_SECOND
        lines = await replayed(tmp_path, ended["session"])
    ids = {event["id"] for event in published}
    again = [json.loads(line) for line in lines]
    assert [event for event in again if event["id"] in ids] == published
    assert {event["type"] for event in published} >= {"link_lost", "link_restored", "let_down"}


async def test_a_reboot_and_a_daemon_that_died_lose_nothing_and_the_bond_holds(
    bench: Bench, tmp_path: Path
) -> None:
    async with guest_house(bench, tmp_path, "calm", speed=1) as (home, daemon):

        def is_second(event: dict[str, Any]) -> bool:
            return bool(event["session"] != cut_short["session"])

        await home.event("session_started")
        await home.tell_pump("reboot")
        cut_short = await home.event("session_ended")
        assert cut_short["reason"] == "recording_ended"
        await home.event("session_started", is_second)
        await daemon.kill()
        await daemon.start()
        lost = await home.event("link_lost", is_second)
        await home.event("link_restored", lambda e: home.events.index(e) > home.events.index(lost))
        await home.tell_pump(f"speed {SPEED}")
        ended = await home.event("session_ended", is_second)
        await home.tell_pump("stop")
        await home.pump.wait()
        await daemon.stop()
    log = (tmp_path / "daemon.log").read_text()
    assert log.count('"paired"') == 1
    sampled, stored = sampled_frames(tmp_path), stored_frames(tmp_path)
    assert [boot for boot, _ in groupby(sampled, boot_of)] == [1, 2]
    assert [boot for boot, _ in groupby(stored, boot_of)] == [1, 2]
    for boot, lasted in ((1, cut_short), (2, ended)):
        encoded, kept = ([f for f in each if boot_of(f) == boot] for each in (sampled, stored))
        assert kept == encoded[: len(kept)]
        assert len(kept) > lasted["duration_s"] * FRAMES_A_SECOND

"""The main job, whole: a pump connects, let-down is slow, music plays, the photo appears.

Firmware, radio bytes, daemon and broker are the real ones, each side in a process of its own.
"""

from __future__ import annotations

import asyncio
import csv
import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from .house import MOSQUITTO, embedded_broker, house, mosquitto_broker, outside

# Only the session with the most events is tried with both: to a broker all are alike.
BROKERS = [
    pytest.param(embedded_broker, id="embedded"),
    pytest.param(
        mosquitto_broker,
        id="mosquitto",
        marks=[
            pytest.mark.mosquitto,
            pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
        ],
    ),
]


def in_order(types: list[str], *expected: str) -> bool:
    """Tell whether `expected` occurs in `types` in this order, others between them allowed."""
    rest = iter(types)
    return all(kind in rest for kind in expected)


async def replayed(folder: Path, session: str) -> list[str]:
    """Export a session, replay the file, and return the lines that replay prints."""
    exported = folder / "session.csv"
    for arguments in (
        ["export", session, "--config", str(folder / "lullaflow.toml"), "--out", str(exported)],
        ["replay", str(exported), "--events", "-"],
    ):
        run = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "lullaflow", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=outside(),
        )
        out, err = await run.communicate()
        assert run.returncode == 0, err.decode()
    return out.decode().splitlines()


@pytest.mark.parametrize("broker", BROKERS)
async def test_slow_let_down_brings_music_then_the_photo(
    tmp_path: Path, broker: Callable[[Path], Any]
) -> None:
    async with house(tmp_path, "slow", broker=broker, speed=50) as home:
        ended = await home.event("session_ended")
        events = home.events
        assert in_order(
            home.types(),
            *("session_started", "let_down_slow", "cue_started", "cue_started"),
            *("let_down", "cue_ended", "session_ended"),
        )
        kinds = [event["kind"] for event in events if event["type"] == "cue_started"]
        assert kinds[:2] == ["music", "photo"]
        slow = await home.event("let_down_slow")
        assert slow["elapsed_s"] == pytest.approx(120, abs=1)
        assert ended["time_to_let_down_s"] > 120
        ids = [event["id"] for event in events]
        assert ids == sorted(set(ids))


async def test_calm_session_needs_no_cue_and_let_down_is_found_quickly(tmp_path: Path) -> None:
    async with house(tmp_path, "calm", speed=60) as home:
        found = await home.event("let_down")
        ended = await home.event("session_ended")
        assert "cue_started" not in home.types()
        assert "let_down_slow" not in home.types()
        started = await home.event("session_started")
        await home.pump.wait()
        onset_s = home.truth()["let_downs"][0]["onset_s"]
        # Truth counts from the board's start, events from the session's; the recording ties both.
        detected_s = found["detected_s"] + started["recording_s"]
        assert 0 <= detected_s - onset_s <= 10
        assert ended["let_downs"] >= 1


async def test_session_without_let_down_ends_politely(tmp_path: Path) -> None:
    async with house(tmp_path, "none", speed=80) as home:
        ended = await home.event("session_ended")
        assert ended["time_to_let_down_s"] is None
        assert ended["let_downs"] == 0
        assert "let_down" not in home.types()


async def test_knocks_drips_and_pauses_are_no_milk(tmp_path: Path) -> None:
    async with house(tmp_path, "knocks", speed=80) as home:
        await home.event("session_ended")
        assert "let_down" not in home.types()


async def test_two_sides_and_several_let_downs(tmp_path: Path) -> None:
    async with house(tmp_path, "double", speed=80) as home:
        ended = await home.event("session_ended")
        assert ended["let_downs"] >= 2
        assert ended["volume_left_ml"] > 10
        assert ended["volume_right_ml"] > 10
        assert any(e["side"] == "both" for e in home.events if e["type"] == "let_down")


def sampled_frames(folder: Path) -> list[str]:
    """Return every frame that the firmware encoded, in hexadecimal, in order."""
    with (folder / "sampled.csv").open(newline="") as file:
        return [row["frame"] for row in csv.DictReader(file)]


def stored_frames(folder: Path) -> list[str]:
    """Return every frame that the daemon stored, in hexadecimal, in order.

    The last moments of one recording are the first of the next.
    """
    with closing(sqlite3.connect(folder / "lullaflow.db")) as db:
        rows = db.execute("SELECT raw FROM frames ORDER BY recording, position")
        return list(dict.fromkeys(raw.hex() for (raw,) in rows))


async def test_radio_cut_loses_no_frame_and_replay_gives_the_very_events(tmp_path: Path) -> None:
    async with house(tmp_path, "calm", speed=30) as home:
        await home.event("phase_changed")
        await home.tell_pump("cut 10")
        restored = await home.event("link_restored")
        assert restored["frames_recovered"] >= 20  # ten seconds of two frames a second
        assert restored["frames_lost"] == 0
        assert restored["gap_s"] >= 10
        ended = await home.event("session_ended")
        await home.pump.wait()
        # An event's id begins with its recording; what comes after the session has another.
        recording = ended["id"].rpartition("-")[0]
        published = [e for e in home.events if e["id"].startswith(recording)]
        lines = await replayed(tmp_path, ended["session"])
    assert [json.loads(line) for line in lines] == published
    assert published[-1] == ended
    assert stored_frames(tmp_path) == sampled_frames(tmp_path)
    assert {event["type"] for event in published} >= {"link_lost", "link_restored", "let_down"}

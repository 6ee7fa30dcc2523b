"""Faults of a real BlueZ in the middle of a session: each ends in a link that has lost nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lullaflow_protocol import wire

from .conftest import Bench
from .faults import FAULTS, Session
from .follower import following
from .table import FaultTable

pytestmark = [
    pytest.mark.bluez,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(1800),
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def session(bench: Bench, tmp_path_factory) -> AsyncIterator[Session]:
    """One session for all faults; the next follows when the last is mended."""
    folder = tmp_path_factory.mktemp("pump")
    async with (
        bench.pump(folder, "Faults", "--stay", "--sessions", "9") as pump,
        following(bench.machine) as follower,
    ):
        follower.start()
        await follower.frames(5)
        yield Session(bench.machine, pump, follower)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def table(bench: Bench) -> AsyncIterator[FaultTable]:
    """What each fault cost, written down when all were tried."""
    collected = FaultTable()
    yield collected
    bluez = await bench.machine.run("bluetoothctl --version")
    kernel = await bench.machine.run("uname -r")
    collected.write(f"Tried with BlueZ {bluez.split()[-1]} on Linux {kernel}.")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_session_goes_on_after(session, table, fault):
    follower = session.follower
    place = len(follower.said)
    began = time.monotonic()
    await fault(session)
    caught_up = await follower.wait_for(lambda said: "recovered" in said, place)
    took_s = time.monotonic() - began
    await follower.frames(2)
    table.note(fault.__doc__, took_s, follower.said[caught_up])
    assert follower.said[caught_up]["lost"] == 0


async def test_every_frame_of_every_start_came_once_and_in_order(session):
    frames = [said["frame"] for said in session.follower.said if "frame" in said]
    sampled = await session.pump.stop()
    assert len(set(frames)) == len(frames)
    assert [frame for frame in sampled if frame in set(frames)] == frames
    # What a board had not sent when it was switched off is gone with it, and nothing else.
    starts = [wire.decode_frame(bytes.fromhex(frame)).boot_id for frame in sampled]
    for boot_id in set(starts):
        mine = [f for f, start in zip(sampled, starts, strict=True) if start == boot_id]
        got = [frame for frame in mine if frame in set(frames)]
        assert mine[: len(got)] == got
        assert len(mine) - len(got) < 8

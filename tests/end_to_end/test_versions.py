"""Host and board of different versions: they work together, or say which one to update."""

import asyncio
import json
import sys
from contextlib import aclosing, asynccontextmanager

import pytest
from structlog.testing import capture_logs

from lullaflow.link import (
    CommandRefusedError,
    FrameArrived,
    GapFilled,
    LinkCode,
    LinkUp,
    PumpLink,
    StatusRead,
    Timing,
    open_radio,
)
from lullaflow_protocol import wire

PATIENCE_S = 20
QUICK = Timing(backoff_s=(0.0, 0.1), person_s=0.2, fetch_patience_s=0.5)

BOARD = """
import sys
from lullaflow_protocol import wire
{change}
from lullaflow_sim.cli import main
sys.argv[1:] = ["--radio", "tcp-server:127.0.0.1:0", "--speed", "20", "--scenario", "double"]
main()
"""
"""The simulated pump in a process of its own, so that its wire can be another than the host's."""

OTHER_VERSION = "wire.VERSION = {version}"

LATER_BOARD = """
def longer(encode, tail):
    return lambda *fields: encode(*fields) + tail

def later_status(status):
    status.reset_cause = 77
    status.faults = (0, 9, 0, 0)
    return now(status) + b"later"

now = wire.encode_status
wire.encode_status = later_status
wire.encode_reply = longer(wire.encode_reply, b"++")
"""
"""A board of this version, but written later: it says more than this host knows."""


@asynccontextmanager
async def linked(folder, change):
    """A link to a changed board, and a function that returns its next item of a kind."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", BOARD.format(change=change)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            ready = json.loads(await process.stdout.readline())
        async with open_radio(ready["radio"], "", folder) as radio:
            link = PumpLink("pump", radio, timing=QUICK)
            async with aclosing(link.items()) as items:

                async def next_of(kind):
                    async with asyncio.timeout(PATIENCE_S):
                        async for item in items:
                            if isinstance(item, kind):
                                return item
                    raise AssertionError("items end only when they are closed")

                async def order(line):
                    process.stdin.write(line.encode() + b"\n")
                    await process.stdin.drain()

                yield link, next_of, order
    finally:
        process.kill()
        await process.wait()


async def told_of_the_version(folder, change):
    """Return what a person is told, once; the link never comes up."""
    with capture_logs() as said:
        async with linked(folder, change) as (_, next_of, _):
            coming = asyncio.create_task(next_of(LinkUp))
            async with asyncio.timeout(PATIENCE_S):
                while not any("code" in entry for entry in said):  # noqa: ASYNC110 - a list
                    await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)  # for a second try or two
            assert not coming.done()
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
    (told,) = [entry for entry in said if "code" in entry]
    assert told["code"] == LinkCode.WRONG_VERSION.value
    return told["event"]


async def test_a_board_of_a_later_version_asks_for_an_update_of_the_host(tmp_path):
    assert await told_of_the_version(tmp_path, OTHER_VERSION.format(version=2)) == (
        "The pump's board speaks version 2 of the protocol, lullaflow here version 1. "
        "Update lullaflow on this computer."
    )


async def test_a_host_of_a_later_version_asks_for_an_update_of_the_board(tmp_path, monkeypatch):
    monkeypatch.setattr(wire, "VERSION", 2)
    assert await told_of_the_version(tmp_path, "") == (
        "The pump's board speaks version 1 of the protocol, lullaflow here version 2. "
        "Update the board's firmware (lullaflow flash)."
    )


async def test_a_later_board_of_the_same_version_says_more_and_is_understood(tmp_path):
    async with linked(tmp_path, LATER_BOARD) as (link, next_of, order):
        status = (await next_of(StatusRead)).status
        assert (status.reset_cause, status.faults) == (77, (0, 9, 0, 0))
        await next_of(FrameArrived)
        answer = await link.command(wire.CMD_STATISTICS)
        assert wire.unpack_payload(wire.STATISTICS_PAYLOAD, answer)[3] == 1
        await order("cut 10")
        filled = await next_of(GapFilled)
        assert filled.recovered > 5
        assert filled.lost == 0


async def test_a_board_that_lacks_a_command_is_said_to_be_too_old_for_it(tmp_path):
    async with linked(tmp_path, "") as (link, next_of, _):
        await next_of(FrameArrived)
        with pytest.raises(CommandRefusedError, match="`lullaflow flash` updates it") as refused:
            await link.command(0x7F)
        assert refused.value.status == wire.UNKNOWN_COMMAND
        await next_of(FrameArrived)

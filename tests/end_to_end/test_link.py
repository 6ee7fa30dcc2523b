"""The host's link against the shipped firmware: bonds, commands, silence, small packets, a radio
that goes away."""

import asyncio
import json
from contextlib import aclosing, asynccontextmanager

import pytest
from structlog.testing import capture_logs

from lullaflow.link import (
    CommandRefusedError,
    FrameArrived,
    GapFilled,
    LinkCode,
    LinkDown,
    LinkError,
    LinkState,
    LinkUp,
    PumpLink,
    Timing,
    open_radio,
    scan,
    unpair,
)
from lullaflow.link.bumble.client import BumbleClient
from lullaflow_protocol import wire

from .counting_pump import Pump, running

PATIENCE_S = 20
QUICK = Timing(backoff_s=(0.0, 0.1), person_s=0.2, silence_s=1.0, fetch_patience_s=0.5)


@pytest.fixture
async def pump():
    pump = Pump()
    await pump.radio.offer("tcp-server:127.0.0.1:0")
    async with running(pump):
        yield pump


@asynccontextmanager
async def radio_of(pump, folder):
    async with open_radio(pump.radio.place, "", folder) as radio:
        yield radio


@asynccontextmanager
async def linked(pump, folder, **options):
    """A link, and a function that returns its next item of a kind."""
    async with radio_of(pump, folder) as radio:
        link = PumpLink("pump", radio, timing=QUICK, **options)
        async with aclosing(link.items()) as items:

            async def next_of(kind, count=1):
                async with asyncio.timeout(PATIENCE_S):
                    async for item in items:
                        if isinstance(item, kind):
                            count -= 1
                            if count == 0:
                                return item
                raise AssertionError("items end only when they are closed")

            yield link, next_of


async def until_told(said, code):
    async with asyncio.timeout(PATIENCE_S):
        while not any(entry.get("code") == code.value for entry in said):  # noqa: ASYNC110 - a list
            await asyncio.sleep(0.05)


def bonds(folder):
    return json.loads((folder / "bluetooth-bonds.json").read_text())


async def pairing_closes(pump):
    while pump.app is None or pump.app.pairing_is_open():  # noqa: ASYNC110 - device time
        await asyncio.sleep(0.05)


async def test_bond_outlives_the_host_s_process(pump, tmp_path):
    async with linked(pump, tmp_path) as (_, next_of):
        await next_of(FrameArrived)
    await pairing_closes(pump)
    async with linked(pump, tmp_path) as (_, next_of):
        await next_of(FrameArrived)


async def test_a_stranger_is_told_to_switch_the_board_on_anew_and_then_pairs(pump, tmp_path):
    await pairing_closes(pump)
    with capture_logs() as said:
        async with linked(pump, tmp_path) as (_, next_of):
            waiting = asyncio.create_task(next_of(LinkUp))
            await until_told(said, LinkCode.PAIRING_CLOSED)
            assert not any(bonds(tmp_path).values())
            pump.device.reboot()
            await waiting
            await next_of(FrameArrived)
    told = [entry["event"] for entry in said if entry.get("code") == "pairing_closed"]
    assert len(told) == 1
    assert "Switch the pump's board off and on" in told[0]


async def test_a_board_that_forgot_the_bond_is_paired_anew(pump, tmp_path):
    async with linked(pump, tmp_path) as (_, next_of):
        await next_of(FrameArrived)
        before = bonds(tmp_path)
        pump.app._peripheral._bonds.forget_all()
        pump.app._peripheral._bonds.save()
        pump.device.reboot()
        await next_of(LinkUp)
        await next_of(FrameArrived)
    assert bonds(tmp_path) != before


async def become_a_stranger(pump, folder):
    """Leave the host a bond, but with another board; return this one's address."""
    async with linked(pump, folder) as (link, next_of):
        await next_of(LinkUp)
    kept = folder / "bluetooth-bonds.json"
    assert link.address in kept.read_text()
    kept.write_text(kept.read_text().replace(link.address, "02:00:00:00:00:99"))
    pump.app._peripheral._bonds.forget_all()
    return link.address


async def test_a_stranger_s_board_is_left_alone(pump, tmp_path):
    address = await become_a_stranger(pump, tmp_path)
    before = bonds(tmp_path)
    with capture_logs() as said:
        async with linked(pump, tmp_path) as (link, next_of):
            waiting = asyncio.create_task(next_of(LinkUp))
            async with asyncio.timeout(PATIENCE_S):
                while not any("left alone" in entry["event"] for entry in said):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            await asyncio.sleep(1)  # in which it is heard ten times
            assert link.state is LinkState.SEARCHING
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    (told,) = [entry for entry in said if entry["log_level"] == "warning"]
    assert told["address"] == address
    assert told["event"].endswith("If it is yours, pair it: lullaflow pair.")
    assert bonds(tmp_path) == before


@pytest.mark.parametrize("how", ["asked for", "named by its address"])
async def test_another_board_is_paired_when_a_person_wants_it(pump, tmp_path, how):
    address = await become_a_stranger(pump, tmp_path)
    wanted = {"asked": True} if how == "asked for" else {"address": address}
    async with linked(pump, tmp_path, **wanted) as (_, next_of):
        await next_of(LinkUp)
    async with linked(pump, tmp_path) as (_, next_of):
        await next_of(FrameArrived)


async def test_a_host_that_forgot_the_bond_pairs_anew(pump, tmp_path):
    async with radio_of(pump, tmp_path) as radio:
        assert await unpair(radio) == []
    async with linked(pump, tmp_path) as (link, next_of):
        await next_of(FrameArrived)
        address = link.address
    async with radio_of(pump, tmp_path) as radio:
        assert await unpair(radio) == [address]
        assert await unpair(radio, address) == []
    async with linked(pump, tmp_path) as (_, next_of):
        await next_of(FrameArrived)


@pytest.mark.parametrize("left", ["", "not it"], ids=["empty", "damaged"])
async def test_files_that_a_power_cut_damaged_cost_the_bond_and_no_more(pump, tmp_path, left):
    for name in ("bluetooth-address", "bluetooth-bonds.json"):
        (tmp_path / name).write_text(left)
    async with linked(pump, tmp_path) as (_, next_of):
        await next_of(FrameArrived)
    assert bonds(tmp_path)
    address = (tmp_path / "bluetooth-address").read_text()
    async with linked(pump, tmp_path) as (_, next_of):
        await next_of(FrameArrived)
    assert (tmp_path / "bluetooth-address").read_text() == address


async def test_scan_shows_what_is_on_the_air(pump, tmp_path):
    async with radio_of(pump, tmp_path) as radio:
        (found,) = await scan(radio, 1.0)
    assert found.name.startswith("Lullaflow ")
    assert -100 < found.rssi_dbm < 0


async def test_only_the_pump_of_that_address_is_connected_to(pump, tmp_path):
    async with linked(pump, tmp_path, address="00:11:22:33:44:55") as (link, next_of):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(next_of(LinkUp), 1)
        with pytest.raises(LinkError) as refused:
            await link.command(wire.CMD_IDENTIFY, b"\x01")
        assert refused.value.code is LinkCode.LOST


async def test_commands_are_answered_and_refusals_carry_their_status(pump, tmp_path):
    async with linked(pump, tmp_path) as (link, next_of):
        await next_of(FrameArrived)
        assert await link.command(wire.CMD_IDENTIFY, b"\x01") == b""
        with pytest.raises(CommandRefusedError) as refused:
            await link.command(wire.CMD_TARE, b"\x40")
        assert refused.value.status == wire.BAD_VALUE
        both = await asyncio.gather(
            *(link.command(wire.CMD_STATISTICS) for _ in range(5)), return_exceptions=True
        )
        assert all(isinstance(answer, bytes) for answer in both)


async def test_a_link_without_data_is_a_dead_link(pump, tmp_path):
    async with linked(pump, tmp_path) as (link, next_of):
        first = await next_of(FrameArrived, 5)
        # The connection stays; the board only says nothing any more.
        await link.command(wire.CMD_STREAM, b"\x00")
        await next_of(LinkDown)
        filled = await next_of(GapFilled)
        assert filled.recovered > 0
        assert filled.lost == 0
        assert (await next_of(FrameArrived)).frame.seq > first.frame.seq


@pytest.mark.parametrize("mtu", [23, 64])
async def test_small_packets_carry_everything(pump, tmp_path, mtu, monkeypatch):
    monkeypatch.setattr(BumbleClient, "att_mtu", mtu)
    async with linked(pump, tmp_path) as (_, next_of):
        got = [(await next_of(FrameArrived)).frame.seq for _ in range(20)]
        pump.radio.cut()
        pump.clock.call_at(pump.clock.now_ms + 10_000, pump.radio.restore)
        await next_of(LinkDown)
        got += [(await next_of(FrameArrived)).frame.seq for _ in range(60)]
    assert got == list(range(len(got)))


async def test_a_radio_that_goes_away_is_told_of_once_and_taken_up_again(tmp_path):
    pump = Pump()
    await pump.radio.offer("tcp-server:127.0.0.1:0")
    place = pump.radio.place
    with capture_logs() as said:
        async with running(pump), linked(pump, tmp_path) as (_, next_of):
            await next_of(FrameArrived)
            pump.radio._server.close()
            pump.radio.host_controller.hci_sink.close()
            await next_of(LinkDown)
            await until_told(said, LinkCode.CONTROLLER_UNREACHABLE)
            await asyncio.sleep(0.5)
            await pump.radio.offer(place.replace("tcp-client", "tcp-server"))
            await next_of(FrameArrived)
    codes = [entry["code"] for entry in said if "code" in entry]
    assert codes.count("controller_unreachable") == 1

"""The shipped firmware, in CPython on the virtual radio, met by a plain Bumble client."""

import asyncio
import contextlib
import struct

import pytest
from bumble import hci
from bumble.core import ProtocolError
from bumble.keys import MemoryKeyStore

from lullaflow_protocol import wire

from .bumble_central import central_on
from .counting_pump import RING_FRAMES, SPEED, Pump, running
from .plain_client import PlainClient


@pytest.fixture
async def pump():
    async with running(Pump()) as pump:
        yield pump


@pytest.fixture
async def client(pump):
    async with central_on(pump.radio.host_controller) as central:
        yield PlainClient(central)


async def test_a_stranger_who_pairs_too_late_is_sent_away(pump, client):
    pump.clock.speed = 10 * SPEED
    await pump.clock.sleep_ms(125_000)
    await client.central.connect()
    gone = asyncio.create_task(client.central.gone())
    await asyncio.sleep(0)
    with contextlib.suppress(ProtocolError, asyncio.CancelledError):
        await client.central.connection.pair()
    await gone
    bonds = [name for name in ("bonds.0", "bonds.1") if pump.flash.read(name) is not None]
    assert not bonds


@pytest.mark.parametrize("address", ["C0:11:22:33:44:55", "C0:DE:AD:BE:EF:00"])
async def test_a_stranger_who_pairs_too_late_costs_no_host_its_bond(pump, client, address):
    await client.link_up()
    gone = asyncio.create_task(client.central.gone())
    await asyncio.sleep(0)
    await client.central.connection.disconnect()
    await gone
    pump.clock.speed = 10 * SPEED
    await pump.clock.sleep_ms(125_000)
    pump.clock.speed = SPEED
    # The host's own address may be heard by anybody, and so may be a stranger's.
    device, keys = client.central.device, client.central.device.keystore
    own = device.random_address
    device.keystore = MemoryKeyStore()
    device.random_address = hci.Address(address)
    await device.send_command(
        hci.HCI_LE_Set_Random_Address_Command(random_address=hci.Address(address))
    )
    await client.central.connect()
    gone = asyncio.create_task(client.central.gone())
    await asyncio.sleep(0)
    with contextlib.suppress(ProtocolError, asyncio.CancelledError):
        await client.central.connection.pair()
    await gone
    device.keystore, device.random_address = keys, own
    await device.send_command(hci.HCI_LE_Set_Random_Address_Command(random_address=own))
    await client.link_up()
    assert client.central.connection.is_encrypted
    assert (await client.status()).boot_id == pump.app.boot_id


async def press(pump, duration_ms):
    pump.board.pressed = True
    await pump.clock.sleep_ms(duration_ms)
    pump.board.pressed = False
    await pump.clock.sleep_ms(200)


async def test_a_long_press_lets_a_new_host_in_and_a_hold_forgets_it(pump, client):
    pump.clock.speed = 10 * SPEED
    await pump.clock.sleep_ms(125_000)
    pump.clock.speed = SPEED
    await press(pump, 2_500)
    await client.link_up()
    assert (await client.status()).boot_id == pump.app.boot_id
    gone = asyncio.create_task(client.central.gone())
    await asyncio.sleep(0)
    await press(pump, 10_500)
    await gone
    # The host still has its key, but the board no longer knows it.
    await client.central.connect()
    with pytest.raises(hci.HCI_Error):
        await client.central.connection.encrypt()


async def test_the_log_tells_of_faults_and_resets_after_a_reset_too(pump, client):
    pump.sensors[2].fault = wire.FAULT_STUCK
    await pump.clock.sleep_ms(2000)
    pump.sensors[2].fault = wire.FAULT_NONE
    pump.device.reboot()
    await pump.clock.sleep_ms(2000)
    await client.link_up()
    boot_id = (await client.status()).boot_id
    entries = []
    for skip in range(3):
        status, answer = await client.command(wire.CMD_LOGS, bytes([skip]))
        assert status == wire.OK
        count, *entry, _uptime_s = struct.unpack(wire.LOGS_PAYLOAD, answer)
        assert count == 3
        entries.append(tuple(entry))
    assert entries == [
        (wire.LOG_RESET, wire.RESET_POWER_ON, boot_id),
        (wire.LOG_FAULT, 0x20 | wire.FAULT_STUCK, boot_id - 1),
        (wire.LOG_RESET, wire.RESET_POWER_ON, boot_id - 1),
    ]
    assert await client.command(wire.CMD_LOGS, b"\x03") == (wire.OK, b"\x03")


async def test_frames_arrive_as_they_were_encoded(pump, client):
    await client.link_up()
    await client.stream()
    got = [await client.frame() for _ in range(20)]
    assert [each.raw for each in got] == pump.log.frames[got[0].frame.seq :][:20]
    assert not any(each.replayed for each in got)
    assert (await client.status()).boot_id == got[0].frame.boot_id


@pytest.mark.parametrize("mtu", [None, 64, 185, 247])
async def test_every_att_mtu_carries_live_and_kept_frames(pump, client, mtu):
    await client.link_up(mtu)
    assert client.central.connection.att_mtu == (mtu or 23)
    await pump.clock.sleep_ms(3000)
    await client.stream()
    status, answer = await client.command(wire.CMD_REPLAY, struct.pack("<IH", 0, 4))
    assert (status, struct.unpack("<IH", answer)) == (wire.OK, (0, 4))
    got = [await client.frame() for _ in range(12)]
    kept = [each.frame.seq for each in got if each.replayed]
    live = [each.frame.seq for each in got if not each.replayed]
    assert kept == [0, 1, 2, 3]
    assert live == list(range(live[0], live[0] + 8))
    assert all(each.raw == pump.log.frames[each.frame.seq] for each in got)
    assert client.torn == 0


async def test_after_a_cut_the_gap_is_filled_from_the_ring(pump, client):
    await client.link_up()
    await client.stream()
    before = (await client.frame()).frame.seq
    gone = asyncio.create_task(client.central.gone())
    await asyncio.sleep(0)
    pump.radio.cut()
    assert await gone == hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
    await pump.clock.sleep_ms(10_000)
    pump.radio.restore()
    client.frames = asyncio.Queue()
    await client.link_up()
    await client.stream()
    status, answer = await client.command(wire.CMD_REPLAY, struct.pack("<IH", before, RING_FRAMES))
    first, count = struct.unpack("<IH", answer)
    assert (status, first) == (wire.OK, before)
    assert count >= 20
    got = {}
    while set(range(before, first + count + 1)) - got.keys():
        each = await client.frame()
        got[each.frame.seq] = each.raw
    assert sorted(got) == list(range(before, max(got) + 1))
    assert all(raw == pump.log.frames[seq] for seq, raw in got.items())


async def test_a_reboot_begins_a_new_recording_and_keeps_bond_and_name(pump, client):
    await client.link_up()
    assert await client.command(wire.CMD_SET_NAME, b"Nightingale") == (wire.OK, b"")
    first_boot = (await client.status()).boot_id
    gone = asyncio.create_task(client.central.gone())
    await asyncio.sleep(0)
    pump.device.reboot()
    await gone
    client.name = "Nightingale"
    await client.link_up()  # by its bond: a stranger could pair as well, see the key below
    status = await client.status()
    assert status.boot_id == first_boot + 1
    assert status.oldest_seq == 0
    assert len(await client.central.device.keystore.get_all()) == 1
    assert [boot.boot_id for boot in pump.log.boots] == [first_boot, first_boot + 1]


async def test_what_a_command_may_not_say_is_answered_by_name(pump, client):
    await client.link_up()
    assert await client.command(wire.CMD_STREAM, b"") == (wire.BAD_LENGTH, b"")
    assert await client.command(wire.CMD_STREAM, b"\x07") == (wire.BAD_VALUE, b"")
    assert await client.command(0x55) == (wire.UNKNOWN_COMMAND, b"")
    status, answer = await client.command(wire.CMD_STATISTICS)
    late_ticks, _, _, boots = struct.unpack(wire.STATISTICS_PAYLOAD, answer)
    assert (status, late_ticks, boots) == (wire.OK, 0, 1)

"""The stand-in for MicroPython's `bluetooth`, tried with a program that knows that API alone."""

import asyncio
import errno

import pytest
from bumble import att, hci
from bumble.core import AdvertisingData, ProtocolError
from bumble.gatt import GATT_DEVICE_NAME_CHARACTERISTIC

from lullaflow_sim.standin import bluetooth
from lullaflow_sim.transmit import BUFFERS, TransmitQueue

from .bumble_central import Central, central_on
from .tiny_peripheral import IDENTITY, NAME, PLAIN, SECRET, SERVICE, STREAM, Bench, TinyPeripheral


@pytest.fixture
async def bench():
    bench = Bench()
    yield bench
    await bench.radio.close()


@pytest.fixture
async def board(bench):
    async with bench.boot() as board:
        yield board


@pytest.fixture
async def central(bench):
    async with central_on(bench.radio.host_controller) as central:
        yield central


async def test_advertises_its_service_and_answers_a_scan_with_its_name(board, central: Central):
    address, _ = await central.find()
    assert str(address) == IDENTITY.board_address + "/P"
    _, data = await central.find(NAME)
    (service,) = data.get(AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS)
    assert str(service).lower() == SERVICE


async def test_buffers_of_the_irq_are_overwritten_after_the_call(board, central: Central):
    await central.connect()
    _, kind, address = await board.until(1)
    assert (kind, address.hex(":")) == (1, "c0:11:22:33:44:55")
    assert bytes(board.kept_buffers[0]) == b"\xa5" * 6


async def test_the_device_name_is_readable_without_encryption(board, central: Central):
    await central.connect()
    assert (
        await central.characteristic(GATT_DEVICE_NAME_CHARACTERISTIC).read_value() == NAME.encode()
    )


async def refusal(action) -> int:
    with pytest.raises((ProtocolError, att.ATT_Error)) as refused:
        await action
    return refused.value.error_code


async def test_encrypted_characteristics_refuse_an_unencrypted_link(board, central: Central):
    await central.connect()
    secret = central.characteristic(SECRET)
    refused = att.ErrorCode.INSUFFICIENT_ENCRYPTION
    assert await refusal(secret.read_value()) == refused
    assert await refusal(secret.write_value(b"x", with_response=True)) == refused
    assert board.ble.gatts_read(board.secret) == b"hush"


async def test_what_is_neither_readable_nor_writable_stays_so(board, central: Central):
    await central.connect()
    await central.connection.pair()
    stream = central.characteristic(STREAM)
    assert await refusal(stream.read_value()) == att.ErrorCode.READ_NOT_PERMITTED
    assert (
        await refusal(stream.write_value(b"x", with_response=True))
        == att.ErrorCode.WRITE_NOT_PERMITTED
    )


async def test_pairing_gives_an_encrypted_bonded_link(board, bench, central: Central):
    await central.connect()
    await central.connection.pair()
    _, encrypted, authenticated, bonded, key_size = await board.until(28)
    assert (encrypted, authenticated, bonded, key_size) == (True, False, True, 16)
    assert {kind for kind, _ in bench.secrets} == {1, 2}
    secret = central.characteristic(SECRET)
    assert await secret.read_value() == b"hush"
    await secret.write_value(b"psst", with_response=True)
    assert await board.until(3) == (1, board.secret)
    assert board.ble.gatts_read(board.secret) == b"psst"


async def test_a_bond_is_restored_after_reconnect_and_after_a_reboot(bench, central: Central):
    async with bench.boot() as board:
        await central.connect()
        await central.connection.pair()
        await board.until(28)
        bond = dict(bench.secrets)
        await central.connection.disconnect()
        await board.until(2)
        await central.connect()
        await central.connection.encrypt()
        assert (await board.until(28))[1:4] == (True, False, True)
        ended = asyncio.create_task(central.gone())
        await asyncio.sleep(0)
    async with bench.boot() as board:
        assert await ended == hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
        await central.connect()
        await central.connection.encrypt()
        assert (await board.until(28))[1:4] == (True, False, True)
        assert await central.characteristic(SECRET).read_value() == b"hush"
    assert bench.secrets == bond


async def test_a_board_that_forgot_the_bond_refuses_to_encrypt(board, bench, central: Central):
    await central.connect()
    await central.connection.pair()
    await board.until(28)
    bench.secrets.clear()
    await central.connection.disconnect()
    await board.until(2)
    await central.connect()
    with pytest.raises(hci.HCI_Error) as refused:
        await central.connection.encrypt()
    assert refused.value.error_code == hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR


async def test_a_pairing_without_bonding_is_not_kept(board, bench):
    async with central_on(bench.radio.host_controller, bonding=False) as stranger:
        await stranger.connect()
        await stranger.connection.pair()
        assert (await board.until(28))[1:4] == (True, False, False)
    assert not bench.secrets


async def test_writes_are_cut_at_twenty_bytes_until_there_is_more_room(board, central: Central):
    await central.connect(mtu=185)
    plain = central.characteristic(PLAIN)
    await plain.write_value(bytes(range(30)), with_response=True)
    assert board.ble.gatts_read(board.plain) == bytes(range(20))
    board.ble.gatts_set_buffer(board.plain, 64, True)
    board.ble.gatts_read(board.plain)
    await plain.write_value(bytes(range(30)), with_response=True)
    await plain.write_value(b"more", with_response=True)
    assert board.ble.gatts_read(board.plain) == bytes(range(30)) + b"more"
    assert board.ble.gatts_read(board.plain) == b""


@pytest.mark.parametrize("mtu", [23, 64, 185, 247])
async def test_notifications_are_cut_to_the_mtu(board, central: Central, mtu):
    await central.connect(mtu=mtu)
    conn, agreed = (await board.until(21)) if mtu > 23 else (1, 23)
    assert agreed == mtu
    got = asyncio.Queue()
    await central.characteristic(STREAM).subscribe(got.put_nowait)
    board.ble.gatts_notify(conn, board.stream, bytes(300))
    assert len(await asyncio.wait_for(got.get(), 5)) == mtu - 3


async def test_notifications_go_out_subscribed_or_not_and_fail_when_too_fast(bench):
    pause_s = 0.01
    device = IDENTITY.new_device(bench.radio.new_host())
    ble = bluetooth.BLE(device, TransmitQueue(pause_s), lambda: 1.0, bench.crashes.append)
    await device.power_on()
    radio = asyncio.create_task(ble.serve())
    board = TinyPeripheral(ble, {})
    async with central_on(bench.radio.host_controller) as central:
        await central.connect()
        conn, _, _ = await board.until(1)
        heard = asyncio.Queue()
        central.connection.gatt_client.on_att_handle_value_notification = heard.put_nowait
        sent = BUFFERS + 1  # one on the air, the others waiting
        for number in range(sent):
            ble.gatts_notify(conn, board.stream, bytes([number]))
        with pytest.raises(OSError, match="no transmit buffer") as refused:
            ble.gatts_notify(conn, board.stream, b"one too many")
        assert refused.value.errno == errno.ENOMEM
        started = asyncio.get_running_loop().time()
        values = [(await asyncio.wait_for(heard.get(), 5)).attribute_value for _ in range(sent)]
        assert values == [bytes([n]) for n in range(sent)]
        assert asyncio.get_running_loop().time() - started >= (sent - 2) * pause_s
    radio.cancel()


async def test_an_indication_is_confirmed_or_fails_with_the_link(board, bench, central: Central):
    await central.connect()
    conn, _, _ = await board.until(1)
    got = asyncio.Queue()
    await central.connection.pair()
    await central.characteristic(SECRET).subscribe(got.put_nowait, prefer_notify=False)
    board.ble.gatts_indicate(conn, board.secret, b"yes")
    assert await asyncio.wait_for(got.get(), 5) == b"yes"
    assert await board.until(20) == (conn, board.secret, 0)
    board.ble.gatts_indicate(conn, board.secret, b"lost")
    bench.radio.cut()
    assert await board.until(20) == (conn, board.secret, 7)
    await board.until(2)
    with pytest.raises(OSError, match="no connection") as refused:
        board.ble.gatts_indicate(conn, board.secret, b"nobody")
    assert refused.value.errno == errno.ENOTCONN


async def test_a_cut_ends_both_sides_and_silences_the_air(board, bench, central: Central):
    await central.connect()
    await board.until(1)
    ended = asyncio.create_task(central.gone())
    await asyncio.sleep(0)
    bench.radio.cut()
    assert await ended == hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
    await board.until(2)
    search = asyncio.create_task(central.find())
    done, _ = await asyncio.wait([search], timeout=0.3)
    assert not done
    bench.radio.restore()
    await search


async def test_an_exception_in_the_handler_reaches_the_simulator(bench, central: Central):
    async with bench.boot() as board:
        board.ble.irq(lambda event, data: 1 / 0)
        await central.connect()
        assert isinstance(bench.crashes.pop(), ZeroDivisionError)
        bench.crashes.clear()
        board.ble.irq(None)

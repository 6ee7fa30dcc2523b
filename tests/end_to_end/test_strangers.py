"""What the shipped firmware shows to a central that has not bonded: name and battery, no more.

The stranger is plain Bumble, knows our UUIDs, and tries every attribute by its handle.
"""

import asyncio
import contextlib

import pytest
from bumble import att
from bumble.core import UUID, InvalidStateError, ProtocolError
from bumble.gatt import (
    GATT_APPEARANCE_CHARACTERISTIC,
    GATT_BATTERY_LEVEL_CHARACTERISTIC,
    GATT_CHARACTERISTIC_ATTRIBUTE_TYPE,
    GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
    GATT_DEVICE_NAME_CHARACTERISTIC,
    GATT_GENERIC_ATTRIBUTE_SERVICE,
    GATT_PRIMARY_SERVICE_ATTRIBUTE_TYPE,
)

from lullaflow_protocol import wire

from .bumble_central import central_on
from .counting_pump import Pump, running

STRUCTURE = {
    # Discovery needs these; they are the same on every board.
    GATT_PRIMARY_SERVICE_ATTRIBUTE_TYPE,
    GATT_CHARACTERISTIC_ATTRIBUTE_TYPE,
    GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
}
OPEN_TO_ALL = {
    GATT_DEVICE_NAME_CHARACTERISTIC,
    GATT_BATTERY_LEVEL_CHARACTERISTIC,
    # Mandatory in the GAP service (Core 5.4, Vol 3, Part C, 12.2); says 'unknown'.
    GATT_APPEARANCE_CHARACTERISTIC,
}
OURS = {UUID(wire.STREAM_UUID), UUID(wire.CONTROL_UUID), UUID(wire.STATUS_UUID)}
BEYOND = 8
"""Handles tried after the last that discovery shows."""

REFUSED = (ProtocolError, att.ATT_Error, InvalidStateError, TimeoutError, asyncio.CancelledError)
COMMANDS = (b"\x01\x01\x01\x01", b"\x01\x07\x02Mine", b"\x01\x02\x03\0\0\0\0\xff\0", b"\x02\0")


@pytest.fixture
async def pump():
    async with running(Pump()) as pump:
        yield pump


async def try_everything(peer):
    """Read, write and subscribe to all; return what came back and what was said by itself."""
    client = peer.connection.gatt_client
    said = []
    client.on_att_handle_value_notification = said.append
    client.on_att_handle_value_indication = said.append
    attributes = {each.handle: each.type for each in await client.discover_attributes()}
    (generic,) = peer.get_services_by_uuid(GATT_GENERIC_ATTRIBUTE_SERVICE)
    # The server's own book-keeping, the same on every board.
    own = range(generic.handle, generic.end_group_handle + 1)
    read = {}
    for handle in range(1, max(attributes) + BEYOND):
        with contextlib.suppress(*REFUSED):
            read[handle] = await client.read_value(handle)
        blob = att.ATT_Read_Blob_Request(attribute_handle=handle, value_offset=0)
        with contextlib.suppress(*REFUSED):
            answer = await client.send_request(blob)
            if answer.op_code == att.Opcode.ATT_READ_BLOB_RESPONSE:
                read.setdefault(handle, answer.part_attribute_value)
        if attributes.get(handle) in STRUCTURE or handle in own:
            continue
        for command in COMMANDS:
            with contextlib.suppress(*REFUSED):
                await client.write_value(handle, command, with_response=True)
            with contextlib.suppress(*REFUSED):
                await client.write_value(handle, command)
    for uuid in OURS | {UUID.from_16_bits(number) for number in (0x2A24, 0x2A26, 0x2A29)}:
        with contextlib.suppress(*REFUSED):
            assert not await client.read_characteristics_by_uuid(uuid, None)
    for handle, kind in attributes.items():
        if kind == GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR:
            for bits in (b"\x01\0", b"\x02\0"):
                with contextlib.suppress(*REFUSED):
                    await client.write_value(handle, bits, with_response=True)
    got = {handle: (attributes.get(handle), value) for handle, value in read.items()}
    return attributes, {h: kind for h, (kind, _) in got.items() if h not in own}, said


async def nothing_was_had(pump, attributes, read, said):
    assert set(attributes.values()) >= OURS | OPEN_TO_ALL
    assert set(read.values()) <= STRUCTURE | OPEN_TO_ALL
    await pump.clock.sleep_ms(5000)
    battery = {h for h, kind in attributes.items() if kind == GATT_BATTERY_LEVEL_CHARACTERISTIC}
    assert {message.attribute_handle for message in said} <= battery
    assert not pump.app._stream.on
    assert pump.app._settings.name.startswith("Lullaflow ")
    assert pump.app.ring.next_seq() > 5


async def test_without_encryption_there_is_nothing_but_name_and_battery(pump):
    async with central_on(pump.radio.host_controller) as central:
        peer = await central.connect()
        attributes, read, said = await try_everything(peer)
        await nothing_was_had(pump, attributes, read, said)
        assert set(read.values()) >= OPEN_TO_ALL
        assert peer.connection.handle in central.device.connections


@pytest.mark.parametrize("lingering", [False, True], ids=["sent away", "lingering"])
async def test_encryption_without_a_bond_opens_nothing(pump, lingering):
    async with central_on(pump.radio.host_controller, bonding=False) as central:
        peer = await central.connect()
        if lingering:
            # Ending a link takes a moment on the air; even if it took for ever, nothing is open.
            pump.app._peripheral.disconnect = lambda: None
            await peer.connection.pair()
            assert peer.connection.is_encrypted
            attributes, read, said = await try_everything(peer)
            await nothing_was_had(pump, attributes, read, said)
        else:
            gone = asyncio.create_task(central.gone())
            await asyncio.sleep(0)
            with contextlib.suppress(*REFUSED):
                await peer.connection.pair()
            await gone
        assert pump.flash.read("bonds.0") is None

"""The board's BTHome broadcasts, off the virtual air, read by the parser of Home Assistant."""

import asyncio
import time

import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bluetooth_sensor_state_data import BluetoothServiceInfoBleak  # what the parser is fed with
from bthome_ble import BTHomeBluetoothDeviceData
from bumble.core import UUID, AdvertisingData

from lullaflow_protocol import wire

from .bumble_central import central_on
from .counting_pump import Pump, running
from .plain_client import PlainClient

KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
BTHOME = UUID.from_16_bits(0xFCD2)
BTHOME_UUID = "0000fcd2-0000-1000-8000-00805f9b34fb"


@pytest.fixture
async def pump():
    async with running(Pump()) as pump:
        yield pump


@pytest.fixture
async def client(pump):
    async with central_on(pump.radio.host_controller) as central:
        yield PlainClient(central)


async def switch(client, payload):
    """Connect, tell the board what to broadcast, and leave."""
    await client.link_up()
    assert await client.command(wire.CMD_BTHOME, payload) == (wire.OK, b"")
    gone = asyncio.create_task(client.central.gone())
    await asyncio.sleep(0)
    await client.central.connection.disconnect()
    await gone


async def broadcasts(central, count):
    """Listen until so many different broadcasts came; return `(address, service data)` of each."""
    heard: dict[bytes, str] = {}
    enough = asyncio.Event()

    def on_advertisement(advertisement) -> None:
        for uuid, data in advertisement.data.get_all(AdvertisingData.Type.SERVICE_DATA_16_BIT_UUID):
            if uuid == BTHOME:
                heard.setdefault(data, str(advertisement.address).removesuffix("/P"))
        if len(heard) >= count:
            enough.set()

    central.device.on("advertisement", on_advertisement)
    await central.device.start_scanning(filter_duplicates=False)
    try:
        await asyncio.wait_for(enough.wait(), 20)
    finally:
        central.device.remove_listener("advertisement", on_advertisement)
        await central.device.stop_scanning()
    return [(address, data) for data, address in heard.items()]


def values(parser, address, data):
    """Let the parser read one broadcast; return its values by name."""
    advertisement = AdvertisementData(None, {}, {BTHOME_UUID: data}, [BTHOME_UUID], None, -50, ())
    info = BluetoothServiceInfoBleak(
        name="Lullaflow",
        address=address,
        rssi=-50,
        manufacturer_data={},
        service_data={BTHOME_UUID: data},
        service_uuids=[BTHOME_UUID],
        source="test",
        device=BLEDevice(address, "Lullaflow", None),
        advertisement=advertisement,
        connectable=True,
        time=time.monotonic(),
        tx_power=None,
    )
    update = parser.update(info)
    return {
        key.key: value.native_value
        for group in (update.entity_values, update.binary_entity_values)
        for key, value in group.items()
    }


async def test_home_assistants_parser_reads_what_the_board_broadcasts(pump, client):
    await pump.clock.sleep_ms(2000)
    await switch(client, b"\x01" + KEY)
    (address, first), *_ = await broadcasts(client.central, 1)
    volume = values(BTHomeBluetoothDeviceData(KEY), address, first)["volume"]
    second = first
    while values(BTHomeBluetoothDeviceData(KEY), address, second)["volume"] == volume:
        (_, second), *_ = await broadcasts(client.central, 1)

    parser = BTHomeBluetoothDeviceData(KEY)
    seen = values(parser, address, second)
    assert parser.bindkey_verified
    assert seen["battery"] == 87
    assert seen["running"] is True
    assert 0 <= seen["volume"] < 300  # the sensors count to 300 g, again and again
    # Whoever plays an older one back is not believed.
    assert values(parser, address, first) == seen

    for key in (bytes(16), None):
        stranger = BTHomeBluetoothDeviceData(key)
        assert "volume" not in values(stranger, address, second)
        assert not stranger.bindkey_verified
    assert KEY not in first + second


async def test_after_a_reset_the_counter_goes_on(pump, client):
    await switch(client, b"\x01" + KEY)
    (address, before), *_ = await broadcasts(client.central, 1)
    pump.device.reboot()
    await pump.clock.sleep_ms(1000)
    (_, after), *_ = await broadcasts(client.central, 1)
    parser = BTHomeBluetoothDeviceData(KEY)
    values(parser, address, before)
    assert values(parser, address, after)["battery"] == 87
    assert not parser.decryption_failed


async def test_a_board_that_broadcasts_is_found_and_connected_to_as_ever(pump, client):
    await switch(client, b"\x01" + KEY)
    await broadcasts(client.central, 2)
    await client.link_up()
    await client.stream()
    assert (await client.frame()).frame.seq > 0

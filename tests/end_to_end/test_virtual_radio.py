"""The virtual radio over TCP: attached to as a dongle would be, and pulled like one."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from bumble import hci
from bumble.host import Host
from bumble.transport import open_transport

from lullaflow_sim.radio import RadioError, VirtualRadio, open_radio

from .bumble_central import Central
from .tiny_peripheral import IDENTITY, NAME, Bench


@pytest.fixture
async def bench():
    bench = Bench()
    await bench.radio.offer("tcp-server:127.0.0.1:0")
    yield bench
    await bench.radio.close()


@pytest.fixture
async def board(bench):
    async with bench.boot() as board:
        yield board


@asynccontextmanager
async def attached(place):
    """A central on a controller reached over TCP."""
    async with await open_transport(place) as transport:
        central = Central(Host(transport.source, transport.sink))
        await central.device.power_on()
        yield central


async def test_a_host_attaches_over_tcp(bench, board):
    async with attached(bench.radio.place) as central:
        assert str(central.device.public_address) == IDENTITY.host_address + "/P"
        await central.connect(NAME)
        await central.connection.pair()
        assert (await board.until(28))[1:4] == (True, False, True)


async def test_a_host_that_vanishes_is_a_lost_link_for_the_board(bench, board):
    async with attached(bench.radio.place) as central:
        await central.connect(NAME)
        await board.until(1)
    await board.until(2)
    async with attached(bench.radio.place) as central:
        await central.connect(NAME)
        await board.until(1)


async def test_the_newest_host_gets_the_controller(bench, board):
    async with attached(bench.radio.place) as before:
        await before.connect(NAME)
        await board.until(1)
        async with attached(bench.radio.place) as central:
            await board.until(2)
            await central.connect(NAME)
            await board.until(1)


async def test_a_cut_reaches_a_host_over_tcp(bench, board):
    async with attached(bench.radio.place) as central:
        await central.connect(NAME)
        ended = asyncio.create_task(central.gone())
        await asyncio.sleep(0)
        bench.radio.cut()
        assert await ended == hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
        bench.radio.restore()
        await central.connect(NAME)


async def test_a_request_that_the_board_misses_ends_the_link_as_it_begins(bench, board):
    ended = asyncio.get_running_loop().create_future()
    async with attached(bench.radio.place) as central:
        central.device.once(
            "connection", lambda connection: connection.once("disconnection", ended.set_result)
        )
        address, _ = await central.find(NAME)
        bench.radio.miss(1)
        await central.device.connect(address)
        reason = await asyncio.wait_for(ended, 5)
        assert reason == hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR
        await central.connect(NAME)
        await board.until(1)


@pytest.mark.parametrize("where", ["127.0.0.1:notaport", "127.0.0.1:99999999", "nowhere.invalid:0"])
async def test_an_impossible_address_is_refused_in_words(where):
    with pytest.raises(RadioError, match="HOST:PORT of this machine"):
        await open_radio(f"tcp-server:{where}", "02:00:00:00:00:01", "02:00:00:00:00:02")


async def test_a_port_in_use_is_refused_in_words(bench):
    with pytest.raises(RadioError, match="free port"):
        await VirtualRadio("02:00:00:00:00:01", "02:00:00:00:00:02").offer(
            bench.radio.place.replace("tcp-client", "tcp-server")
        )


async def test_a_missing_dongle_is_refused_in_words(tmp_path):
    with pytest.raises(RadioError, match="plug in the dongle"):
        await open_radio(f"serial:{tmp_path / 'none'}", "02:00:00:00:00:01", "02:00:00:00:00:02")

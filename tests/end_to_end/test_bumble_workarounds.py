"""Each fault of Bumble's virtual radio, shown on plain Bumble and gone with our workaround.

When a newer Bumble mends one, its 'plain' half fails here: take the workaround out.
"""

import asyncio
import sys

import pytest
from bumble import hci, ll
from bumble.controller import Controller
from bumble.core import AdvertisingData, InvalidArgumentError
from bumble.device import AdvertisingType, Device, DeviceConfiguration, Peer
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport.common import AsyncPipeSink

from lullaflow.link.cancelling import stop_if_cancelled
from lullaflow_sim.bumble_workarounds import ACL_PACKET_BYTES, PatchedController, PatchedLink

BOARD = "02:00:00:00:00:01/P"
PHONE = "02:00:00:00:00:02/P"


class Air:
    """A board and a phone on one link."""

    def __init__(self, link, controller) -> None:
        self.link = link
        self.board_controller = controller("board", link=link, public_address=BOARD)
        self.phone_controller = controller("phone", link=link, public_address=PHONE)
        self.board = self._device(self.board_controller, "C0:00:00:00:00:01")
        self.phone = self._device(self.phone_controller, "C0:00:00:00:00:02")

    def _device(self, controller, address) -> Device:
        return Device(
            config=DeviceConfiguration(address=hci.Address(address)),
            host=Host(controller, AsyncPipeSink(controller)),
        )

    async def power_on(self) -> None:
        await self.board.power_on()
        await self.phone.power_on()

    async def advertise(self, **options) -> None:
        await self.board.start_advertising(
            own_address_type=hci.OwnAddressType.PUBLIC,
            advertising_interval_min=20,
            advertising_interval_max=20,
            **options,
        )

    async def connect(self):
        return await self.phone.connect(
            hci.Address(BOARD), own_address_type=hci.OwnAddressType.PUBLIC, timeout=5
        )


@pytest.fixture
async def plain():
    air = Air(LocalLink(), Controller)
    # Without this, plain Bumble uses the advertising that our controller does not offer.
    air.board_controller.le_features = air.phone_controller.le_features = (
        PatchedController.le_features
    )
    await air.power_on()
    return air


@pytest.fixture
async def patched():
    air = Air(PatchedLink(), PatchedController)
    await air.power_on()
    return air


async def sender_named_on_the_link(air) -> hci.Address:
    await air.advertise()
    connection = await air.connect()
    named = asyncio.get_running_loop().create_future()
    air.board_controller.on_link_acl_data = lambda sender, *_: named.set_result(sender)
    connection.send_l2cap_pdu(4, b"\x02\x17\x00")
    return await asyncio.wait_for(named, 5)


async def test_plain_link_names_the_sender_by_an_address_it_does_not_use(plain):
    assert str(await sender_named_on_the_link(plain)) == "C0:00:00:00:00:02"


async def test_our_link_names_the_sender_rightly(patched):
    assert str(await sender_named_on_the_link(patched)) == PHONE


async def test_plain_controller_keeps_connections_over_a_reset(plain):
    await plain.advertise()
    await plain.connect()
    await plain.board.host.reset()
    assert plain.board_controller.le_connections
    assert plain.phone_controller.le_connections


async def test_our_controller_resets_and_the_peer_times_out(patched):
    await patched.advertise()
    connection = await patched.connect()
    reason = asyncio.get_running_loop().create_future()
    connection.on("disconnection", reason.set_result)
    await patched.board.host.reset()
    assert await asyncio.wait_for(reason, 5) == hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
    assert not patched.board_controller.le_connections
    assert not patched.phone_controller.le_connections


async def scan_response(air) -> bytes:
    heard = asyncio.Queue()
    air.phone_controller.send_hci_packet = heard.put_nowait
    air.phone_controller.le_scan_enable = True
    air.phone_controller.le_scan_type = 1
    await air.advertise(advertising_data=b"\x02\x01\x06", scan_response_data=b"\x02\x09A")
    async with asyncio.timeout(5):
        while True:
            packet = await heard.get()
            for report in getattr(packet, "reports", ()):
                if report.event_type == (hci.HCI_LE_Advertising_Report_Event.EventType.SCAN_RSP):
                    return report.data


async def test_plain_controller_repeats_the_advertisement_as_scan_response(plain):
    assert await scan_response(plain) == b"\x02\x01\x06"


async def test_our_controller_reports_the_scan_response(patched):
    data = AdvertisingData.from_bytes(await scan_response(patched))
    assert data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME) == "A"


async def heard_without_connections(air) -> bool:
    """Advertise without taking connections; tell whether a scanner hears it."""
    heard = asyncio.Event()
    air.phone.on("advertisement", lambda _: heard.set())
    await air.phone.start_scanning(active=False)
    await air.advertise(
        advertising_data=b"\x02\x01\x06", advertising_type=AdvertisingType.UNDIRECTED
    )
    try:
        async with asyncio.timeout(0.2):
            await heard.wait()
    except TimeoutError:
        return False
    return True


async def test_plain_controller_is_not_heard_when_it_takes_no_connections(plain):
    assert not await heard_without_connections(plain)


async def test_our_controller_is_heard_when_it_takes_no_connections(patched):
    assert await heard_without_connections(patched)


async def interval_s(air) -> float:
    """Return how long the advertiser waits after an advertisement, when 20 ms are asked for."""
    await air.advertise()
    advertiser = air.board_controller.le_legacy_advertiser
    before_s = asyncio.get_running_loop().time()
    advertiser._on_timer_fired()
    return advertiser.timer_handle.when() - before_s


async def test_plain_controller_advertises_too_slowly(plain):
    assert await interval_s(plain) >= 0.032


async def test_our_controller_keeps_its_interval(patched):
    assert 0.020 <= await interval_s(patched) < 0.032


async def connect_to_one_who_just_left(air) -> Controller:
    """Let the advertisement arrive after its sender has stopped."""
    await air.advertise()
    connecting = asyncio.create_task(air.connect())
    connect_to = air.phone_controller.create_le_connection

    def advertiser_stops_first(address) -> None:
        air.board_controller.le_legacy_advertiser.stop()
        connect_to(address)

    air.phone_controller.create_le_connection = advertiser_stops_first
    connection = await connecting
    for _ in range(10):
        await asyncio.sleep(0)
    return connection


async def test_plain_link_leaves_a_refused_connection_half_open(plain):
    await connect_to_one_who_just_left(plain)
    assert plain.phone_controller.le_connections
    assert not plain.board_controller.le_connections


async def test_our_link_ends_a_refused_connection(patched):
    await connect_to_one_who_just_left(patched)
    assert not patched.phone_controller.le_connections


async def cancel_connecting(air) -> tuple[int, bool]:
    """Give up connecting to a board that comes on the air later; return the answer, and if linked.

    The answer's 0x02 is 'unknown connection identifier', as for a connection that was given up.
    """
    asked, told = (asyncio.get_running_loop().create_future() for _ in range(2))
    tell = air.phone_controller.send_hci_packet

    def note(packet) -> None:
        if air.phone_controller.pending_le_connection is not None and not asked.done():
            asked.set_result(None)
        if isinstance(packet, hci.HCI_LE_Connection_Complete_Event) and not told.done():
            told.set_result(packet.status)
        tell(packet)

    air.phone_controller.send_hci_packet = note
    connecting = asyncio.create_task(air.connect())
    await asyncio.wait_for(asked, 5)
    await air.phone.host.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
    await air.advertise()
    status = await asyncio.wait_for(told, 5)
    for _ in range(10):
        await asyncio.sleep(0)
    await asyncio.gather(connecting, return_exceptions=True)
    return status, bool(air.board_controller.le_connections)


async def test_plain_controller_connects_after_it_was_told_to_stop(plain):
    assert await cancel_connecting(plain) == (0, True)


async def test_our_controller_stops_connecting_and_says_so(patched):
    assert await cancel_connecting(patched) == (0x02, False)


async def how_connecting_is_told(controller) -> set[str]:
    """Connect as a host that knows the newer event, which then takes the older one's place."""
    air = Air(PatchedLink(), controller)
    await air.power_on()
    told = set()
    tell = air.phone_controller.send_hci_packet

    def note(packet) -> None:
        told.add(packet.name)
        tell(packet)

    air.phone_controller.send_hci_packet = note
    await air.phone.host.send_sync_command(
        hci.HCI_LE_Set_Event_Mask_Command(le_event_mask=b"\xff" * 8)
    )
    await air.advertise()
    await air.connect()
    return {name for name in told if name.endswith("CONNECTION_COMPLETE_EVENT")}


async def test_plain_controller_offers_features_whose_event_it_never_sends():
    # A kernel that is offered them waits for HCI_LE_ENHANCED_CONNECTION_COMPLETE, for ever.
    unfinished = hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    assert Controller.le_features & unfinished == unfinished
    assert await how_connecting_is_told(Controller) == {"HCI_LE_CONNECTION_COMPLETE_EVENT"}


async def test_our_controller_does_not_offer_them():
    unfinished = hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    assert not PatchedController.le_features & unfinished
    assert await how_connecting_is_told(PatchedController) == {"HCI_LE_CONNECTION_COMPLETE_EVENT"}


def send_control_to_one_who_is_gone(link) -> None:
    gone = hci.Address("02:00:00:00:00:09/P")
    link.send_ll_control_pdu(hci.Address(PHONE), gone, ll.TerminateInd(0x13))


def test_plain_link_fails_when_the_peer_has_just_gone():
    with pytest.raises(InvalidArgumentError):
        send_control_to_one_who_is_gone(LocalLink())


def test_our_link_carries_it_into_the_void():
    send_control_to_one_who_is_gone(PatchedLink())


async def ask_and_be_cancelled(air, then) -> asyncio.Task:
    """Cancel whoever asks a GATT server at the moment in which the answer comes."""
    await air.advertise()
    peer = Peer(await air.connect())

    async def ask() -> None:
        await peer.request_mtu(100)
        then()

    asking = asyncio.create_task(ask())
    answered = peer.gatt_client.on_gatt_pdu

    def answer_and_cancel(pdu) -> None:
        answered(pdu)
        asking.cancel()

    peer.gatt_client.on_gatt_pdu = answer_and_cancel
    await asyncio.wait((asking,), timeout=5)
    return asking


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python's wait_for is mended")
async def test_plain_client_forgets_a_cancellation_that_comes_with_the_answer(patched):
    assert not (await ask_and_be_cancelled(patched, lambda: None)).cancelled()


async def test_the_link_keeps_it(patched):
    assert (await ask_and_be_cancelled(patched, stop_if_cancelled)).cancelled()


def test_plain_controller_offers_the_short_packets_of_bluetooth_4_0():
    assert Controller.le_acl_data_packet_length == 27
    assert PatchedController.le_acl_data_packet_length == ACL_PACKET_BYTES


async def test_plain_link_paces_nothing(plain):
    await plain.advertise()
    connection = await plain.connect()
    heard = []
    plain.board_controller.on_link_acl_data = lambda *packet: heard.append(packet)
    for _ in range(20):
        connection.send_l2cap_pdu(4, b"\x52\x00\x00")
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(heard) == 20

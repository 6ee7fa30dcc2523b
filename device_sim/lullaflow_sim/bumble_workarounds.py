"""Faults of Bumble's virtual radio, worked round in one place.

Seen with Bumble 0.0.236; `tests/end_to_end/test_bumble_workarounds.py` shows each fault on plain
Bumble and fails once a newer Bumble no longer needs its workaround.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from bumble import hci, ll
from bumble.controller import Controller, LegacyAdvertiser
from bumble.core import PhysicalTransport
from bumble.link import LocalLink

MIN_NOTIFICATION_GAP_S: Final = 0.002
"""The virtual link paces nothing, while air does: a kernel host under emulation drops notifications
that come closer than about 2 ms (tried with BlueZ 5.66)."""

ACL_PACKET_BYTES: Final = 251
"""Bumble's controller offers the 27 bytes of Bluetooth 4.0; every chip that we mean has the data
length extension (Core 5.4, Vol 6, Part B, 4.5.10), and short packets cost five times the work."""

_UNFINISHED_FEATURES: Final = (
    hci.LeFeatureMask.LL_PRIVACY
    | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
)
"""A kernel host that sees these bits waits for the newer event about a connection, which the
virtual controller never sends."""


_TYPES = hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType
_REPORTS: Final = {
    int(_TYPES.ADV_SCAN_IND): hci.HCI_LE_Advertising_Report_Event.EventType.ADV_SCAN_IND,
    int(_TYPES.ADV_NONCONN_IND): hci.HCI_LE_Advertising_Report_Event.EventType.ADV_NONCONN_IND,
}


class PatchedAdvertiser(LegacyAdvertiser):
    """An advertiser that keeps its interval, and is heard when it takes no connections too."""

    def _on_timer_fired(self) -> None:
        # Bumble takes the interval's units of 0.625 ms for milliseconds.
        self.send_advertising_data()
        self.timer_handle = asyncio.get_running_loop().call_later(
            self.advertising_interval_min * 0.625e-3, self._on_timer_fired
        )

    def send_advertising_data(self) -> None:
        """Send one advertisement; Bumble sends connectable ones only."""
        report, link = _REPORTS.get(self.advertising_type), self.controller.link
        if report is None or not isinstance(link, PatchedLink):
            super().send_advertising_data()
            return
        for peer in link.controllers:
            if isinstance(peer, PatchedController) and peer is not self.controller:
                link.deliver(partial(peer.hear, report, self.address, self.advertising_data))


class PatchedController(Controller):
    """A virtual controller that resets wholly, scans truly and offers only what it finishes."""

    le_features = Controller.le_features & ~_UNFINISHED_FEATURES
    acl_data_packet_length = ACL_PACKET_BYTES
    le_acl_data_packet_length = ACL_PACKET_BYTES
    supported_max_tx_octets = ACL_PACKET_BYTES
    supported_max_rx_octets = ACL_PACKET_BYTES

    def __init__(self, name: str, link: LocalLink, public_address: str) -> None:
        super().__init__(name, link=link, public_address=public_address)
        self.le_legacy_advertiser = PatchedAdvertiser(self)

    def on_hci_reset_command(
        self, command: hci.HCI_Reset_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Forget connections, advertising and scanning; Bumble keeps them over a reset."""
        self.power_off()
        return super().on_hci_reset_command(command)

    def power_off(self) -> None:
        """Fall silent without a goodbye: peers notice by their supervision time-out."""
        self.le_legacy_advertiser.stop()
        self.le_scan_enable = False
        self.pending_le_connection = None
        for connection in list(self.le_connections.values()):
            for peer in self.link.controllers:
                if peer is not self and connection.self_address in peer.le_connections:
                    lose_link(peer, connection.self_address)
        self.le_connections.clear()

    def on_hci_le_create_connection_cancel_command(
        self, command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Stop connecting and say so (Core 5.4, Vol 4, Part E, 7.8.13).

        Bumble only says yes, and connects when the peer is next heard, to nobody's use.
        """
        del command
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        ended = hci.HCI_LE_Connection_Complete_Event(
            status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
            connection_handle=0,
            role=hci.Role.CENTRAL,
            peer_address_type=pending.peer_address.address_type,
            peer_address=pending.peer_address,
            connection_interval=0,
            peripheral_latency=0,
            supervision_timeout=0,
            central_clock_accuracy=0,
        )
        # The command is complete first.
        asyncio.get_running_loop().call_soon(self.send_hci_packet, ended)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Report the scan response itself; Bumble repeats the advertisement in its place."""
        events = hci.HCI_LE_Advertising_Report_Event.EventType
        self.hear(events.ADV_IND, pdu.advertiser_address, pdu.data)
        scanning, self.le_scan_enable = self.le_scan_enable, False
        super().on_advertising_pdu(pdu)
        self.le_scan_enable = scanning

    def hear(self, event_type: int, advertiser: hci.Address, data: bytes) -> None:
        """Report an advertisement while scanning, and what an active scan gets in reply to it."""
        if not self.le_scan_enable:
            return
        events = hci.HCI_LE_Advertising_Report_Event.EventType
        self._report(event_type, advertiser, data)
        if self.le_scan_type and event_type != events.ADV_NONCONN_IND:
            self._report(events.SCAN_RSP, advertiser, self._scan_response_of(advertiser))

    def _report(self, event_type: int, advertiser: hci.Address, data: bytes) -> None:
        report = hci.HCI_LE_Advertising_Report_Event.Report(
            event_type=event_type,
            address_type=advertiser.address_type,
            address=advertiser,
            data=data,
            rssi=-50,
        )
        self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))

    def _scan_response_of(self, address: hci.Address) -> bytes:
        for peer in self.link.controllers:
            advertiser = peer.le_legacy_advertiser
            if advertiser.enabled and advertiser.address == address:
                return bytes(advertiser.scan_response_data)
        return b""


def lose_link(controller: Controller, peer_address: hci.Address) -> None:
    """End one side of a connection as a supervision time-out."""
    controller.on_le_disconnected(
        controller.le_connections[peer_address], hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
    )


class PatchedLink(LocalLink):
    """A virtual link that names senders rightly and ends connections that nobody accepted."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def deliver(self, arrive: Callable[[], None]) -> None:
        """Let something arrive in the next turn of the loop."""
        asyncio.get_running_loop().call_soon(arrive)

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """Deliver one packet.

        Bumble names the sender by its random address, even where the connection uses the public.
        """
        connection = sender_controller.le_connections.get(destination_address)
        receiver = self.find_le_controller(destination_address)
        if connection is not None and receiver is not None:
            sender = connection.self_address
            self.deliver(lambda: receiver.on_link_acl_data(sender, transport, data))

    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """Deliver an advertisement or a connection request to all who are not its sender."""
        if not isinstance(packet, ll.ConnectInd):
            self._carry(sender_controller, packet)
            return
        self.carry_request(sender_controller, packet)
        asyncio.get_running_loop().call_soon(self._check_accepted, sender_controller, packet)

    def carry_request(self, sender: Controller, request: ll.ConnectInd) -> None:
        """Deliver a request to connect."""
        self._carry(sender, request)

    def _carry(self, sender: Controller, packet: ll.AdvertisingPdu) -> None:
        for controller in self.controllers:
            if controller is not sender:
                self.deliver(partial(controller.on_ll_advertising_pdu, packet))

    def _check_accepted(self, initiator: Controller, request: ll.ConnectInd) -> None:
        """End a connection that the advertiser did not take up; Bumble leaves it half open."""
        acceptor = self.find_le_controller(request.advertiser_address)
        accepted = acceptor is not None and request.initiator_address in acceptor.le_connections
        if not accepted and request.advertiser_address in initiator.le_connections:
            initiator.on_le_disconnected(
                initiator.le_connections[request.advertiser_address],
                hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR,
            )

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Deliver a control packet; into the void when the peer has just gone, as on air."""
        if (receiver := self.find_le_controller(receiver_address)) is not None:
            self.deliver(partial(receiver.on_ll_control_pdu, sender_address, packet))

"""The radio under the board: a virtual one that another process attaches to, or a real dongle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol, cast

from bumble import ll
from bumble.controller import Controller
from bumble.host import Host
from bumble.transport import open_transport
from bumble.transport.common import AsyncPipeSink, StreamPacketSource, Transport

from lullaflow_sim.bumble_workarounds import PatchedController, PatchedLink, lose_link

VIRTUAL_TRANSPORTS: Final = ("tcp-server", "vhci", "pty", "ws-server")
"""Transports on which a host expects to find a controller; all else leads to a real one."""


class RadioError(Exception):
    """The radio cannot be had; the message says what to do."""


class Radio(Protocol):
    """What the simulated board needs of a radio."""

    @property
    def place(self) -> str:
        """Where a host finds this radio, for people and for `bluetooth.controller`."""

    def new_host(self) -> Host:
        """Return a fresh HCI host on the board's controller, as after power-on."""

    def cut(self) -> None:
        """Break all links as a supervision time-out, and hear and send nothing from now on."""

    def restore(self) -> None:
        """End the cut."""

    def miss(self, count: int) -> None:
        """Let the board miss so many requests to connect, from now on."""

    async def close(self) -> None:
        """Give the transport back."""


class VirtualAir(PatchedLink):
    """A link between virtual controllers that can fall silent.

    Attributes:
        to_miss: so many requests to connect are lost on the way from now on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.to_miss = 0
        self._silent = False
        self._cuts = 0

    def carry_request(self, sender: Controller, request: ll.ConnectInd) -> None:
        """Deliver a request to connect, unless it is to be missed."""
        if self.to_miss:
            self.to_miss -= 1
        else:
            super().carry_request(sender, request)

    def deliver(self, arrive: Callable[[], None]) -> None:
        """Let something arrive in the next turn, unless the air is or then falls silent."""
        if not self._silent:
            asyncio.get_running_loop().call_soon(self._arrive, arrive, self._cuts)

    def _arrive(self, arrive: Callable[[], None], cuts_when_sent: int) -> None:
        if cuts_when_sent == self._cuts:
            arrive()

    def cut(self) -> None:
        """Lose every link and what is under way on it."""
        self._silent = True
        self._cuts += 1
        for controller in self.controllers:
            for peer_address in list(controller.le_connections):
                lose_link(controller, peer_address)

    def restore(self) -> None:
        """Carry packets again."""
        self._silent = False


class _HciClient(StreamPacketSource):
    """One HCI host attached over TCP; its leaving is the pulling of a dongle."""

    def __init__(self, controller: PatchedController) -> None:
        super().__init__()
        self._controller = controller
        self._transport: asyncio.Transport | None = None
        self.set_packet_sink(controller)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._controller.power_off()
        # The newest host wins: the one before may be a dead process whose end was not heard.
        if isinstance(before := self._controller.hci_sink, _HciClient):
            before.close()
        self._controller.set_packet_sink(self)

    def connection_lost(self, error: Exception | None) -> None:
        del error  # gone is gone
        if self._controller.hci_sink is self:
            self._controller.power_off()
            self._controller.set_packet_sink(None)

    def on_packet(self, packet: bytes) -> None:
        """Send one HCI packet to the host."""
        if self._transport is not None:
            self._transport.write(packet)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class VirtualRadio:
    """Two controllers on one virtual air: the board's own, and one for a host elsewhere.

    Args:
        board_address: public address of the board, as AA:BB:CC:DD:EE:FF.
        host_address: public address of the controller that a host gets.
    """

    def __init__(self, board_address: str, host_address: str) -> None:
        self.place = "in this process"
        self._air = VirtualAir()
        self._board = PatchedController(
            "board", link=self._air, public_address=f"{board_address}/P"
        )
        self._host_side = PatchedController(
            "host", link=self._air, public_address=f"{host_address}/P"
        )
        self._server: asyncio.Server | None = None
        self._transport: Transport | None = None

    @property
    def host_controller(self) -> PatchedController:
        """The controller that a Bumble host in this process may use directly."""
        return self._host_side

    async def offer(self, spec: str) -> None:
        """Offer the host's controller on a Bumble transport, such as 'tcp-server:127.0.0.1:0'.

        Raises:
            RadioError: when the transport cannot be opened.
        """
        kind, _, where = spec.partition(":")
        if kind != "tcp-server":
            self._transport = await _open(spec)
            self._transport.source.set_packet_sink(self._host_side)
            self._host_side.set_packet_sink(self._transport.sink)
            self.place = spec
            return
        host, _, port = where.rpartition(":")
        try:
            self._server = await asyncio.get_running_loop().create_server(
                partial(_HciClient, self._host_side), None if host == "_" else host, int(port)
            )
        except (OSError, ValueError, OverflowError) as error:
            raise RadioError(
                f"The virtual radio cannot listen on {where!r} ({error}): name HOST:PORT of this "
                "machine with a free port, or port 0 for any."
            ) from error
        host, port_taken = self._server.sockets[0].getsockname()[:2]
        self.place = f"tcp-client:{host}:{port_taken}"

    def new_host(self) -> Host:
        """Return a fresh HCI host on the board's controller, as after power-on."""
        return Host(self._board, AsyncPipeSink(self._board))

    def cut(self) -> None:
        """Break all links as a supervision time-out, and carry nothing from now on."""
        self._air.cut()

    def restore(self) -> None:
        """End the cut."""
        self._air.restore()

    def miss(self, count: int) -> None:
        """Let the board miss so many requests to connect, from now on."""
        self._air.to_miss = count

    async def close(self) -> None:
        """Stop listening and let an attached host go."""
        if self._server is not None:
            self._server.close()
        if isinstance(client := self._host_side.hci_sink, _HciClient):
            client.close()
        if self._transport is not None:
            await self._transport.close()
        self._host_side.power_off()
        self._board.power_off()


class DongleRadio:
    """A real controller: the simulated pump is a real peripheral on the air.

    Args:
        transport: the opened Bumble transport.
        spec: how it was named.
    """

    def __init__(self, transport: Transport, spec: str) -> None:
        self.place = spec
        self._transport = transport

    def new_host(self) -> Host:
        """Return a fresh HCI host on the dongle."""
        return Host(self._transport.source, self._transport.sink)

    def cut(self) -> None:
        """Refuse: nobody can silence real air.

        Raises:
            RadioError: always.
        """
        raise RadioError(
            "A real dongle cannot be cut off on command: carry it out of range, or use the "
            "virtual radio (--radio tcp-server:127.0.0.1:7300)."
        )

    def miss(self, count: int) -> None:
        """Refuse: nobody can disturb real air at a given packet.

        Raises:
            RadioError: always.
        """
        del count
        raise RadioError(
            "A real dongle hears what it hears: use the virtual radio "
            "(--radio tcp-server:127.0.0.1:7300)."
        )

    def restore(self) -> None:
        """Do nothing: real air is never cut."""

    async def close(self) -> None:
        """Give the dongle back."""
        await self._transport.close()


async def open_radio(spec: str, board_address: str, host_address: str) -> Radio:
    """Open the radio that `--radio` names.

    Args:
        spec: 'tcp-server:HOST:PORT' or another of `VIRTUAL_TRANSPORTS` for a virtual radio with
            a controller on offer there; any other Bumble transport (usb:0, serial:PATH) for a
            real one.
        board_address: the board's public address on a virtual radio.
        host_address: the public address of the controller on offer.

    Raises:
        RadioError: when it cannot be had.
    """
    if spec.partition(":")[0] in VIRTUAL_TRANSPORTS:
        radio = VirtualRadio(board_address, host_address)
        await radio.offer(spec)
        return radio
    return DongleRadio(await _open(spec), spec)


async def _open(spec: str) -> Transport:
    try:
        return await open_transport(spec)
    except Exception as error:
        raise RadioError(
            f"The radio {spec!r} cannot be opened ({error}): use tcp-server:HOST:PORT for a "
            "virtual one, or plug in the dongle and check that you may use it."
        ) from error

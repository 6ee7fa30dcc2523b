"""Stand-in for MicroPython's `bluetooth` module: the peripheral half of `BLE` on Bumble's stack.

It keeps the habits of the real one (MicroPython 1.29, extmod/modbluetooth.c and its NimBLE port)
that a program must survive: buffers handed to the IRQ are overwritten after the call, values have
20 bytes of room until told otherwise, `gatts_notify` sends whether or not anybody subscribed and
fails with ENOMEM when the air is slower than the program, advertising ends with a connection.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

from bumble import att, gatt, hci
from bumble.core import BaseBumbleError
from bumble.device import AdvertisingType, Connection, Device
from bumble.pairing import PairingDelegate

from lullaflow_sim.standin.attributes import AttributeTable
from lullaflow_sim.standin.irq import Event, Handler, Irq
from lullaflow_sim.standin.security import Security
from lullaflow_sim.standin.uuid import UUID
from lullaflow_sim.transmit import TransmitQueue

__all__ = [
    "BLE",
    "FLAG_INDICATE",
    "FLAG_NOTIFY",
    "FLAG_READ",
    "FLAG_WRITE",
    "FLAG_WRITE_NO_RESPONSE",
    "UUID",
]

FLAG_READ: Final = 0x0002
FLAG_WRITE_NO_RESPONSE: Final = 0x0004
FLAG_WRITE: Final = 0x0008
FLAG_NOTIFY: Final = 0x0010
FLAG_INDICATE: Final = 0x0020

_STATUS_NOT_CONNECTED: Final = 7  # BLE_HS_ENOTCONN, nimble/host/include/host/ble_hs.h
_STATUS_TIMEOUT: Final = 13  # BLE_HS_ETIMEOUT

_PREFERRED_MTU: Final = 256
"""NimBLE's BLE_ATT_PREFERRED_MTU_VAL."""

_ADVERTISING_BYTES: Final = 31
"""Core 5.4, Vol 6, Part B, 2.3.1: room in a legacy advertisement."""

_MIN_ADVERTISING_INTERVAL_S: Final = 0.02
"""Core 5.4, Vol 6, Part B, 4.4.2.2: no advertiser may be faster, however fast device time runs."""

_Job = Callable[[], Coroutine[Any, Any, object]]


class BLE:
    """The radio of one boot of the board.

    Args:
        device: a Bumble device that is not powered on yet.
        transmit: the way out for notifications and indications.
        speed: says the device seconds per second of the wall; advertising keeps device time.
        on_crash: told of an exception in the program's IRQ handler.
    """

    def __init__(
        self,
        device: Device,
        transmit: TransmitQueue,
        speed: Callable[[], float],
        on_crash: Callable[[Exception], None],
    ) -> None:
        self._device = device
        self._transmit = transmit
        self._speed = speed
        self._irq = Irq(on_crash)
        self._active = False
        self._settings: dict[str, Any] = {
            "gap_name": "MPY ESP32",
            "mtu": _PREFERRED_MTU,
            "bond": False,
            "mitm": False,
            "le_secure": False,
            "io": PairingDelegate.NO_OUTPUT_NO_INPUT,
            "rxbuf": 256,
            "addr_mode": 0,
        }
        self._security = Security(device, self._irq, self._settings)
        self._table = AttributeTable(self._on_remote_read, self._on_remote_write)
        self._connections: dict[int, Connection] = {}
        self._indications: dict[asyncio.Task[None], tuple[Connection, int]] = {}
        self._jobs: asyncio.Queue[_Job | None] = asyncio.Queue()
        device.on(Device.EVENT_CONNECTION, self._on_connection)

    async def serve(self) -> None:
        """Carry out what the program asked of the radio, in order, until retired."""
        while (job := await self._jobs.get()) is not None:
            await job()

    def retire(self) -> None:
        """Let `serve` end after what it does now; a command cut short would confuse Bumble."""
        while not self._jobs.empty():
            self._jobs.get_nowait()
        self._jobs.put_nowait(None)

    def active(self, active: bool | None = None, /) -> bool:
        """Switch the radio on or off; say whether it is on."""
        if active is not None:
            if self._active and not active:
                self._jobs.put_nowait(self._device.stop_advertising)
                for handle in self._connections:
                    self.gap_disconnect(handle)
            self._active = active
        return self._active

    def config(self, name: str | None = None, /, **values: Any) -> Any:
        """Read one setting by name, or set any by keyword.

        Raises:
            ValueError: for a name that MicroPython does not know.
        """
        if name == "mac":
            return (0, bytes(self._device.public_address)[::-1])
        if unknown := ({name} if name else values.keys()) - self._settings.keys():
            raise ValueError(f"unknown config param {', '.join(sorted(unknown))}")
        if name is not None:
            return self._settings[name]
        self._settings |= values
        self._device.gatt_server.max_mtu = self._settings["mtu"]
        if "gap_name" in values:
            self._rename(values["gap_name"])
        return None

    def irq(self, handler: Handler | None) -> None:
        """Set the program's handler for events of the stack."""
        self._irq.handler = handler

    def gap_advertise(
        self,
        interval_us: int | None,
        adv_data: bytes | None = None,
        *,
        resp_data: bytes | None = None,
        connectable: bool = True,
    ) -> None:
        """Advertise every `interval_us` of device time, or stop when it is None.

        Data left out stay as they were.

        Raises:
            OSError: when the radio is off, or data are longer than 31 bytes.
        """
        self._require_active()
        if interval_us is None:
            self._jobs.put_nowait(self._device.stop_advertising)
            return
        for data in (adv_data, resp_data):
            if data is not None and len(data) > _ADVERTISING_BYTES:
                raise OSError(errno.EINVAL, "advertising data are longer than 31 bytes")
        interval_ms = 1000 * max(interval_us / 1e6 / self._speed(), _MIN_ADVERTISING_INTERVAL_S)
        self._jobs.put_nowait(
            partial(
                self._device.start_advertising,
                advertising_type=AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE
                if connectable
                else AdvertisingType.UNDIRECTED_SCANNABLE,
                own_address_type=hci.OwnAddressType.PUBLIC,
                advertising_data=None if adv_data is None else bytes(adv_data),
                scan_response_data=None if resp_data is None else bytes(resp_data),
                advertising_interval_min=interval_ms,
                advertising_interval_max=interval_ms,
            )
        )

    def gap_disconnect(self, conn_handle: int, /) -> bool:
        """Ask for the end of a connection; say whether there was one."""
        connection = self._connections.get(conn_handle)
        if connection is None:
            return False
        self._jobs.put_nowait(partial(self._disconnect, connection))
        return True

    def gap_pair(self, conn_handle: int, /) -> None:
        """Ask the central to pair (a security request)."""
        self._device.request_pairing(self._connected(conn_handle))

    def gatts_register_services(
        self, services: Sequence[tuple[Any, Sequence[tuple[Any, ...]]]], /
    ) -> tuple[tuple[int, ...], ...]:
        """Serve these services; return their value handles."""
        self._require_active()
        return self._table.register(services, self._device.add_service)

    def gatts_read(self, value_handle: int, /) -> bytes:
        """Return the local value."""
        return self._table[value_handle].take()

    def gatts_write(self, value_handle: int, data: bytes, /, send_update: bool = False) -> None:
        """Set the local value, and tell those who subscribed when asked to."""
        slot = self._table[value_handle]
        slot.set_locally(bytes(data))
        if not send_update or not isinstance(slot.attribute, gatt.Characteristic):
            return
        for handle, connection in self._connections.items():
            subscription = self._device.gatt_server.read_cccd(connection, slot.attribute)[0]
            if subscription & 1:
                self.gatts_notify(handle, value_handle)
            elif subscription & 2:
                self.gatts_indicate(handle, value_handle)

    def gatts_set_buffer(self, value_handle: int, length: int, append: bool = False, /) -> None:
        """Make room for longer remote writes, and choose whether they add up."""
        slot = self._table[value_handle]
        slot.room = length
        slot.append = append

    def gatts_notify(
        self, conn_handle: int, value_handle: int, data: bytes | None = None, /
    ) -> None:
        """Send a notification, subscribed or not.

        Raises:
            OSError: ENOTCONN without the connection, ENOMEM when no buffer is free.
        """
        connection = self._connected(conn_handle)
        value = self._outgoing(connection, value_handle, data)
        pdu = bytes(att.ATT_Handle_Value_Notification(value_handle, value))
        self._transmit.put(partial(self._device.gatt_server.send_gatt_pdu, connection, pdu))

    def gatts_indicate(
        self, conn_handle: int, value_handle: int, data: bytes | None = None, /
    ) -> None:
        """Send an indication; the IRQ hears of its confirmation or failure.

        Raises:
            OSError: ENOTCONN without the connection, ENOMEM when no buffer is free.
        """
        connection = self._connected(conn_handle)
        value = self._outgoing(connection, value_handle, data)
        self._transmit.put(partial(self._start_indication, connection, value_handle, value))

    def _outgoing(self, connection: Connection, value_handle: int, data: bytes | None) -> bytes:
        value = self._table[value_handle].value if data is None else bytes(data)
        return value[: connection.att_mtu - 3]

    def _start_indication(self, connection: Connection, value_handle: int, value: bytes) -> None:
        task = asyncio.create_task(
            self._indicate(connection, value_handle, value), name=f"indicate {value_handle}"
        )
        self._indications[task] = (connection, value_handle)
        task.add_done_callback(lambda done: self._indications.pop(done, None))

    async def _indicate(self, connection: Connection, value_handle: int, value: bytes) -> None:
        status = 0
        try:
            await self._device.gatt_server.indicate_subscriber(
                connection, self._table[value_handle].attribute, value, force=True
            )
        except TimeoutError:
            status = _STATUS_TIMEOUT
        self._irq(Event.GATTS_INDICATE_DONE, connection.handle, value_handle, status)

    async def _disconnect(self, connection: Connection) -> None:
        if connection.handle in self._connections:
            try:
                await connection.disconnect()
            except BaseBumbleError:
                return  # it went by itself meanwhile, which the program hears of as well

    def _rename(self, name: str | bytes) -> None:
        encoded = name.encode() if isinstance(name, str) else bytes(name)
        for attribute in self._device.gatt_server.attributes:
            if attribute.type == gatt.GATT_DEVICE_NAME_CHARACTERISTIC:
                attribute.value = encoded

    def _require_active(self) -> None:
        if not self._active:
            raise OSError(errno.ENODEV, "the radio is off: call active(True) first")

    def _connected(self, conn_handle: int) -> Connection:
        self._require_active()
        if (connection := self._connections.get(conn_handle)) is None:
            raise OSError(errno.ENOTCONN, f"no connection has the handle {conn_handle}")
        return connection

    def _on_connection(self, connection: Connection) -> None:
        handle = connection.handle
        self._connections[handle] = connection
        self._security.watch(connection)
        connection.on(
            connection.EVENT_CONNECTION_ATT_MTU_UPDATE,
            lambda: self._irq(Event.MTU_EXCHANGED, handle, connection.att_mtu),
        )
        connection.on(
            connection.EVENT_CONNECTION_PARAMETERS_UPDATE,
            lambda: self._on_parameters(connection),
        )
        connection.on(connection.EVENT_DISCONNECTION, lambda _: self._on_disconnection(connection))
        self._irq(Event.CENTRAL_CONNECT, handle, *_peer(connection))

    def _on_disconnection(self, connection: Connection) -> None:
        self._connections.pop(connection.handle)
        self._transmit.flush()
        for task, (asked, value_handle) in list(self._indications.items()):
            if asked is connection:
                task.cancel()
                self._irq(
                    Event.GATTS_INDICATE_DONE, asked.handle, value_handle, _STATUS_NOT_CONNECTED
                )
        self._irq(Event.CENTRAL_DISCONNECT, connection.handle, *_peer(connection))

    def _on_parameters(self, connection: Connection) -> None:
        parameters = connection.parameters
        self._irq(
            Event.CONNECTION_UPDATE,
            connection.handle,
            round(parameters.connection_interval / 1.25),
            parameters.peripheral_latency,
            round(parameters.supervision_timeout / 10),
            0,
        )

    def _on_remote_read(self, connection: Connection, value_handle: int) -> int:
        return int(self._irq(Event.GATTS_READ_REQUEST, connection.handle, value_handle) or 0)

    def _on_remote_write(self, connection: Connection, value_handle: int) -> None:
        self._irq(Event.GATTS_WRITE, connection.handle, value_handle)


def _peer(connection: Connection) -> tuple[int, bytes]:
    address = connection.peer_address
    return (1 if address.is_random else 0, bytes(address)[::-1])

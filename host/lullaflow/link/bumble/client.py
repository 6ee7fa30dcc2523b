"""bleak's client on Bumble."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, Final, cast

from bleak.assigned_numbers import CharacteristicPropertyName, gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError, BleakGATTProtocolError
from bumble import att, hci
from bumble.core import UUID, BaseBumbleError, ProtocolError
from bumble.device import Connection, Device, Peer
from bumble.gatt_client import CharacteristicProxy, ServiceProxy

from lullaflow.link.bumble.controller import BumbleController

_STEP_TIMEOUT_S: Final = 20.0
"""For one step of connecting; supervision ends a dead link sooner."""

_OUR_FAULTS: Final = (BaseBumbleError, asyncio.InvalidStateError, OSError, TimeoutError)


@contextmanager
def _breaks_as_errors() -> Iterator[None]:
    """Tell a broken link from our own end: Bumble cancels whoever waits for its answer."""
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise ConnectionResetError("the link broke") from error


class BumbleClient(BaseBleakClient):
    """Client backend; make one for a controller with `on`."""

    controller: BumbleController
    att_mtu: ClassVar[int] = 247
    """What is asked for; fits a frame of both sides and one data packet of 251 bytes."""

    @classmethod
    def on(cls, controller: BumbleController) -> type[BumbleClient]:
        """Return the backend class for a controller, as bleak's `backend=` wants it."""
        return type("BumbleClientOnController", (cls,), {"controller": controller})

    def __init__(self, address_or_ble_device: BLEDevice | str, **kwargs: Any) -> None:
        super().__init__(
            address_or_ble_device,
            disconnected_callback=kwargs["disconnected_callback"],
            timeout=kwargs["timeout"],
        )
        self._target = (
            cast(hci.Address, address_or_ble_device.details)
            if isinstance(address_or_ble_device, BLEDevice)
            else hci.Address(address_or_ble_device)
        )
        self._name = (
            address_or_ble_device.name if isinstance(address_or_ble_device, BLEDevice) else None
        )
        self._peer: Peer | None = None
        self._subscribers: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """The device's name."""
        return self._name or self.address

    @property
    def mtu_size(self) -> int:
        """The negotiated ATT MTU in bytes."""
        return int(self._connection.att_mtu)

    @property
    def is_connected(self) -> bool:
        """Whether there is a link."""
        return self._peer is not None and self.controller.is_open

    async def connect(self, pair: bool, **_: Any) -> None:
        """Connect, agree on the MTU and discover everything.

        Raises:
            BleakError: no link came about, or it broke at once.
        """
        device = self.controller.device
        if device is None or not self.controller.is_open:
            raise BleakError("the controller is closed")
        try:
            with _breaks_as_errors():
                async with asyncio.timeout(self._timeout):
                    await self._connect(device, pair)
        except _OUR_FAULTS as error:
            await self.disconnect()
            raise BleakError(f"connecting failed: {error or type(error).__name__}") from error

    async def _connect(self, device: Device, pair: bool) -> None:
        connection = await device.connect(self._target)
        self._peer = Peer(connection)
        connection.on(connection.EVENT_DISCONNECTION, self._on_disconnection)
        await self._peer.request_mtu(self.att_mtu)
        if pair:
            await self.pair()
        self.services = await self._discover()

    async def disconnect(self) -> None:
        """End the link, when there is one."""
        peer = self._peer
        if peer is None or not self.controller.is_open:
            self._peer = None
            return
        try:
            with _breaks_as_errors():
                async with asyncio.timeout(_STEP_TIMEOUT_S):
                    await peer.connection.disconnect()
        except _OUR_FAULTS:
            pass  # it went by itself meanwhile
        self._peer = None

    async def pair(self, *_: Any, **__: Any) -> None:
        """Encrypt the link with the bond there is, or make one.

        A bond that the other side has forgotten is forgotten here too, and made anew.

        Raises:
            BleakError: the device lets nobody pair now.
        """
        connection = self._connection
        device = self.controller.device
        store = None if device is None else device.keystore
        bonded = store is not None and await store.get(str(connection.peer_address)) is not None
        try:
            with _breaks_as_errors():
                async with asyncio.timeout(_STEP_TIMEOUT_S):
                    if not bonded or not await self._encrypt(connection):
                        await connection.pair()
        except _OUR_FAULTS as error:
            raise BleakError("pairing was refused") from error

    async def _encrypt(self, connection: Connection) -> bool:
        """Encrypt by the bond; say whether the other side still has it. A broken link raises."""
        try:
            await connection.encrypt()
        except hci.HCI_Error as error:
            if error.error_code != hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR:
                raise
            await self.unpair()
            return False
        return True

    async def unpair(self) -> None:
        """Forget the bond."""
        device = self.controller.device
        if device is not None and device.keystore is not None:
            address = self._peer.connection.peer_address if self._peer else self._target
            with suppress(KeyError):  # there was none
                await device.keystore.delete(str(address))

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **_: Any) -> bytearray:
        """Read a characteristic."""
        return await self._read(characteristic.obj)

    async def read_gatt_descriptor(self, descriptor: BleakGATTDescriptor, **_: Any) -> bytearray:
        """Read a descriptor."""
        return await self._read(descriptor.obj)

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: Any, response: bool
    ) -> None:
        """Write a characteristic."""
        await self._write(characteristic.obj, data, response)

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: Any) -> None:
        """Write a descriptor."""
        await self._write(descriptor.obj, data, True)

    async def start_notify(
        self,
        characteristic: BleakGATTCharacteristic,
        callback: Callable[[bytearray], None],
        **_: Any,
    ) -> None:
        """Subscribe, to notifications rather than indications."""

        def subscriber(value: bytes) -> None:
            callback(bytearray(value))

        self._subscribers[characteristic.handle] = subscriber
        await self._try(self._open_peer.subscribe(characteristic.obj, subscriber))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe."""
        subscriber = self._subscribers.pop(characteristic.handle, None)
        await self._try(self._open_peer.unsubscribe(characteristic.obj, subscriber))

    @property
    def _open_peer(self) -> Peer:
        if self._peer is None:
            raise BleakError("Not connected")
        return self._peer

    @property
    def _connection(self) -> Connection:
        return self._open_peer.connection

    async def _read(self, attribute: Any) -> bytearray:
        return bytearray(await self._try(self._open_peer.read_value(attribute)))

    async def _write(self, attribute: Any, data: Any, response: bool) -> None:
        await self._try(self._open_peer.write_value(attribute, bytes(data), response))

    async def _try(self, request: Any) -> Any:
        """Await a request to the server; what goes wrong comes as bleak's own errors."""
        try:
            with _breaks_as_errors():
                async with asyncio.timeout(_STEP_TIMEOUT_S):
                    return await request
        except ProtocolError as error:
            if error.error_namespace == "att" and error.error_code is not None:
                raise BleakGATTProtocolError(error.error_code) from error
            raise BleakError(str(error)) from error
        except (att.ATT_Error, *_OUR_FAULTS) as error:
            raise BleakError(str(error) or type(error).__name__) from error

    def _on_disconnection(self, _reason: int) -> None:
        self._peer = None
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def _discover(self) -> BleakGATTServiceCollection:
        peer = self._open_peer
        await peer.discover_services()
        found = BleakGATTServiceCollection()
        for service in peer.services:
            await peer.discover_characteristics(service=service)
            ours = BleakGATTService(service, service.handle, _uuid(service.uuid))
            found.add_service(ours)
            for characteristic in service.characteristics:
                await self._add(found, ours, service, characteristic)
        return found

    async def _add(
        self,
        found: BleakGATTServiceCollection,
        service: BleakGATTService,
        _proxy: ServiceProxy,
        characteristic: CharacteristicProxy[bytes],
    ) -> None:
        ours = BleakGATTCharacteristic(
            characteristic,
            characteristic.handle,
            _uuid(characteristic.uuid),
            _properties(int(characteristic.properties)),
            lambda: self.mtu_size - 3,
            service,
        )
        found.add_characteristic(ours)
        for descriptor in await self._open_peer.discover_descriptors(characteristic):
            found.add_descriptor(
                BleakGATTDescriptor(descriptor, descriptor.handle, _uuid(descriptor.type), ours)
            )


def _uuid(uuid: UUID) -> str:
    full = uuid.to_bytes(force_128=True)[::-1].hex()
    return f"{full[:8]}-{full[8:12]}-{full[12:16]}-{full[16:20]}-{full[20:]}"


def _properties(bits: int) -> list[CharacteristicPropertyName]:
    return list(gatt_char_props_to_strs(bits))

"""BlueZ on the system's D-Bus: its objects, and calls to them.

Interfaces and errors after BlueZ's doc/org.bluez.*.rst.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from bleak.backends.bluezdbus.utils import get_dbus_authenticator
from bleak.exc import BleakDBusError
from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.unpack import unpack_variants

BLUEZ: Final = "org.bluez"
ADAPTER: Final = "org.bluez.Adapter1"
DEVICE: Final = "org.bluez.Device1"
CHARACTERISTIC: Final = "org.bluez.GattCharacteristic1"
_BUS: Final = "org.freedesktop.DBus"
_BUS_PATH: Final = "/org/freedesktop/DBus"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
_OBJECT_MANAGER: Final = "org.freedesktop.DBus.ObjectManager"

_NO_DEVICE: Final = "dev_00_00_00_00_00_00"

Properties = dict[str, Any]


def is_refusal(error: BleakDBusError) -> bool:
    """Tell whether a call was not allowed."""
    return error.dbus_error.endswith(("AccessDenied", "NotPermitted", "NotAuthorized"))


class BlueZ:
    """BlueZ's objects.

    Args:
        bus: connected to the system's bus.
    """

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus

    async def call(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        body: Sequence[Any] = (),
        destination: str = BLUEZ,
    ) -> list[Any]:
        """Call a method and return what it answers.

        Raises:
            BleakDBusError: the answer is an error.
        """
        reply = await self.bus.call(
            Message(
                destination=destination,
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=list(body),
            )
        )
        if reply is None or reply.message_type is MessageType.ERROR:
            name = "" if reply is None else (reply.error_name or "")
            raise BleakDBusError(name, [] if reply is None else reply.body)
        return list(reply.body)

    async def is_running(self) -> bool:
        """Tell whether bluetoothd is on the bus; ask this first, lest a call wait to start it."""
        (running,) = await self.call(
            _BUS_PATH, _BUS, "NameHasOwner", "s", [BLUEZ], destination=_BUS
        )
        return bool(running)

    async def adapters(self, wanted: str = "") -> dict[str, Properties]:
        """Return the adapters' properties, by object path.

        Args:
            wanted: only the one of this address, or of this name (`hci1`), when given.
        """
        return {
            path: adapter
            for path, adapter in await self._objects(ADAPTER)
            if wanted.upper() in ("", path.rpartition("/")[2].upper(), adapter["Address"].upper())
        }

    async def devices(self) -> dict[str, Properties]:
        """Return the properties of the devices that BlueZ knows, by object path."""
        return dict(await self._objects(DEVICE))

    async def followed_devices(self) -> set[str]:
        """Return the object paths of devices that some program, ours or not, is notified by.

        BlueZ ends notifications with the program, but not the link.
        """
        return {
            path.partition("/service")[0]
            for path, characteristic in await self._objects(CHARACTERISTIC)
            if characteristic.get("Notifying") or characteristic.get("NotifyAcquired")
        }

    async def remove_device(self, path: str) -> None:
        """Forget a device, its bond included; a link to it ends."""
        await self.call(path.rpartition("/")[0], ADAPTER, "RemoveDevice", "o", [path])

    async def disconnect_device(self, path: str) -> None:
        """End the link to a device, whoever made it."""
        await self.call(path, DEVICE, "Disconnect")

    async def watch_drops(self, path: str, on_drop: Callable[[], None]) -> None:
        """Call back whenever a link to a device ends, as long as the bus is connected."""

        def note(message: Message) -> None:
            if message.member == "PropertiesChanged" and message.path == path:
                interface, changed, _ = message.body
                if (
                    interface == DEVICE
                    and "Connected" in changed
                    and not changed["Connected"].value
                ):
                    on_drop()

        self.bus.add_message_handler(note)
        rule = f"type='signal',interface='{_PROPERTIES}',path='{path}'"
        await self.call(_BUS_PATH, _BUS, "AddMatch", "s", [rule], destination=_BUS)

    async def may_use_devices(self, adapter: str) -> bool:
        """Tell whether the bus lets us speak to devices, as containers' confinement may not.

        Args:
            adapter: object path.
        """
        try:
            await self.disconnect_device(f"{adapter}/{_NO_DEVICE}")
        except BleakDBusError as error:
            return not is_refusal(error)
        return True

    async def _objects(self, interface: str) -> Iterator[tuple[str, Properties]]:
        (found,) = await self.call("/", _OBJECT_MANAGER, "GetManagedObjects")
        return (
            (path, unpack_variants(interfaces[interface]))
            for path, interfaces in found.items()
            if interface in interfaces
        )


@asynccontextmanager
async def bluez() -> AsyncIterator[BlueZ]:
    """A connection of its own to the system's bus.

    Raises:
        OSError: the bus cannot be reached.
        EOFError: it hung up.
    """
    # bleak's authenticator knows about user namespaces of containers.
    bus = MessageBus(bus_type=BusType.SYSTEM, auth=get_dbus_authenticator())
    try:
        await bus.connect()
        yield BlueZ(bus)
    finally:
        bus.disconnect()

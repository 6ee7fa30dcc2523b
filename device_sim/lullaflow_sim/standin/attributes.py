"""The attribute table behind `gatts_*`: MicroPython's flags and buffers on Bumble's server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from bumble import att, core, gatt
from bumble.device import Connection

DEFAULT_BUFFER_BYTES: Final = 20
"""MP_BLUETOOTH_DEFAULT_ATTR_LEN: longer writes are cut until `gatts_set_buffer` says otherwise."""

_PROPERTIES: Final = 0xFF
_READ: Final = 0x0002
_WRITABLE: Final = 0x0004 | 0x0008
_PERMISSIONS: Final = {
    0x0200: att.Attribute.Permissions.READ_REQUIRES_ENCRYPTION,
    0x0400: att.Attribute.Permissions.READ_REQUIRES_AUTHENTICATION,
    0x0800: att.Attribute.Permissions.READ_REQUIRES_AUTHORIZATION,
    0x1000: att.Attribute.Permissions.WRITE_REQUIRES_ENCRYPTION,
    0x2000: att.Attribute.Permissions.WRITE_REQUIRES_AUTHENTICATION,
    0x4000: att.Attribute.Permissions.WRITE_REQUIRES_AUTHORIZATION,
}
"""MicroPython's `_FLAG_*_ENCRYPTED` and its like, which programs define for themselves."""


class Slot:
    """One characteristic's or descriptor's value, as `gatts_read` and `gatts_write` see it.

    Args:
        attribute: what Bumble serves.
    """

    def __init__(self, attribute: att.Attribute[bytes]) -> None:
        self.attribute = attribute
        self.value = b""
        self.room = DEFAULT_BUFFER_BYTES
        self.append = False

    def set_locally(self, value: bytes) -> None:
        """Store the program's value; a longer one makes more room, as in MicroPython."""
        self.value = value
        self.room = max(self.room, len(value))

    def set_remotely(self, value: bytes) -> None:
        """Store what a central wrote, cut to the room there is."""
        self.value = ((self.value if self.append else b"") + value)[: self.room]

    def take(self) -> bytes:
        """Return the value for the program; appended writes are handed out once."""
        value = self.value
        if self.append:
            self.value = b""
        return value


class AttributeTable:
    """Builds services from MicroPython's tuples and answers remote reads and writes.

    Args:
        on_read: asked before a remote read; returns an ATT error code, 0 for none.
        on_write: told after a remote write.
    """

    def __init__(
        self,
        on_read: Callable[[Connection, int], int],
        on_write: Callable[[Connection, int], None],
    ) -> None:
        self._on_read = on_read
        self._on_write = on_write
        self._slots: dict[int, Slot] = {}

    def __getitem__(self, handle: int) -> Slot:
        """Return the slot of a value handle.

        Raises:
            OSError: when there is none.
        """
        try:
            return self._slots[handle]
        except KeyError:
            raise OSError(22, f"no attribute has the handle {handle}") from None

    def register(
        self,
        services: Sequence[tuple[Any, Sequence[tuple[Any, ...]]]],
        add_service: Callable[[gatt.Service], None],
    ) -> tuple[tuple[int, ...], ...]:
        """Serve `((uuid, ((uuid, flags[, descriptors]), …)), …)`; return the value handles."""
        handles = []
        for service_uuid, definitions in services:
            characteristics = []
            attributes: list[tuple[att.Attribute[bytes], int]] = []
            for uuid, flags, *rest in definitions:
                descriptors = [
                    (gatt.Descriptor(_bumble_uuid(each), _permissions(low)), low)
                    for each, low in (rest[0] if rest else ())
                ]
                characteristic: gatt.Characteristic[bytes] = gatt.Characteristic(
                    _bumble_uuid(uuid),
                    gatt.Characteristic.Properties(flags & _PROPERTIES),
                    _permissions(flags),
                    descriptors=[descriptor for descriptor, _ in descriptors],
                )
                characteristics.append(characteristic)
                attributes += [(characteristic, flags), *descriptors]
            add_service(gatt.Service(_bumble_uuid(service_uuid), characteristics))
            for attribute, flags in attributes:
                slot = self._slots[attribute.handle] = Slot(attribute)
                attribute.value = self._value(slot, flags)
            handles.append(tuple(attribute.handle for attribute, _ in attributes))
        return tuple(handles)

    def _value(self, slot: Slot, flags: int) -> att.AttributeValue[bytes]:
        def read(connection: Connection) -> bytes:
            # Bumble checks encryption but not whether an attribute may be read or written at all.
            if not flags & _READ:
                raise att.ATT_Error(att.ErrorCode.READ_NOT_PERMITTED)
            if refusal := self._on_read(connection, slot.attribute.handle):
                raise att.ATT_Error(att.ErrorCode(refusal))
            return slot.value

        def write(connection: Connection, value: bytes) -> None:
            if not flags & _WRITABLE:
                raise att.ATT_Error(att.ErrorCode.WRITE_NOT_PERMITTED)
            slot.set_remotely(value)
            self._on_write(connection, slot.attribute.handle)

        return att.AttributeValue(read, write)


def _permissions(flags: int) -> att.Attribute.Permissions:
    permissions = att.Attribute.Permissions(0)
    if flags & _READ:
        permissions |= att.Attribute.Permissions.READABLE
    if flags & _WRITABLE:
        permissions |= att.Attribute.Permissions.WRITEABLE
    for flag, permission in _PERMISSIONS.items():
        if flags & flag:
            permissions |= permission
    return permissions


def _bumble_uuid(uuid: Any) -> core.UUID:
    return core.UUID.from_bytes(bytes(uuid))

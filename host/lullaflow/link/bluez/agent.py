"""The agent that BlueZ asks while a pump is being paired; bleak brings none.

BlueZ pairs only with an agent present (org.bluez.Agent1). Ours has neither input nor output, is
there only while we pair, and answers for that one device.
"""

# No postponed annotations here: dbus-fast reads a method's D-Bus signature from them.
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from bleak.exc import BleakError
from dbus_fast import DBusError
from dbus_fast.annotations import DBusObjectPath, DBusStr, DBusUInt16, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method

from lullaflow.link.bluez.bus import BLUEZ, bluez

_PATH: Final = "/org/lullaflow/agent"
_MANAGER: Final = "org.bluez.AgentManager1"
_REJECTED: Final = "org.bluez.Error.Rejected"


class PairingAgent(ServiceInterface):
    """Says yes to one device's pairing without a code, and no to everything else.

    Args:
        device: object path of the device that is being paired.
    """

    def __init__(self, device: str) -> None:
        super().__init__("org.bluez.Agent1")
        self._device = device

    @dbus_method()
    def RequestAuthorization(self, device: DBusObjectPath) -> None:  # noqa: N802 - BlueZ's name
        """Allow pairing without a code, for our device."""
        self._only_ours(device)

    @dbus_method()
    def AuthorizeService(self, device: DBusObjectPath, uuid: DBusStr) -> None:  # noqa: N802
        """Allow the use of a service, for our device."""
        del uuid
        self._only_ours(device)

    @dbus_method()
    def RequestConfirmation(self, device: DBusObjectPath, passkey: DBusUInt32) -> None:  # noqa: N802
        """Refuse: a board without a display cannot have shown this number."""
        raise _rejected(device, passkey)

    @dbus_method()
    def RequestPasskey(self, device: DBusObjectPath) -> DBusUInt32:  # noqa: N802
        """Refuse: nobody is there to type a number."""
        raise _rejected(device)

    @dbus_method()
    def RequestPinCode(self, device: DBusObjectPath) -> DBusStr:  # noqa: N802
        """Refuse: nobody is there to type a code."""
        raise _rejected(device)

    @dbus_method()
    def DisplayPasskey(  # noqa: N802
        self, device: DBusObjectPath, passkey: DBusUInt32, entered: DBusUInt16
    ) -> None:
        """Do nothing: a board without keys needs no number shown."""

    @dbus_method()
    def DisplayPinCode(self, device: DBusObjectPath, code: DBusStr) -> None:  # noqa: N802
        """Do nothing: a board without keys needs no code shown."""

    @dbus_method()
    def Cancel(self) -> None:  # noqa: N802
        """Do nothing: no question is ever left open."""

    @dbus_method()
    def Release(self) -> None:  # noqa: N802
        """Do nothing: there is nothing to give back."""

    def _only_ours(self, device: str) -> None:
        if device != self._device:
            raise _rejected(device)


def _rejected(*asked: object) -> DBusError:
    return DBusError(_REJECTED, f"lullaflow pairs without codes, and its own pump only: {asked}")


@asynccontextmanager
async def pairing_agent(device: str) -> AsyncIterator[None]:
    """Answer BlueZ's questions about pairing one device while the block runs.

    Args:
        device: its object path.

    Raises:
        BleakError: BlueZ takes no agent.
    """
    async with bluez() as service:
        service.bus.export(_PATH, PairingAgent(device))
        await service.call(
            "/org/bluez", _MANAGER, "RegisterAgent", "os", [_PATH, "NoInputNoOutput"], BLUEZ
        )
        try:
            # Pairing is asked for on bleak's connection, which has no agent: the default is asked.
            await service.call("/org/bluez", _MANAGER, "RequestDefaultAgent", "o", [_PATH])
            yield
        finally:
            with suppress(BleakError, OSError, EOFError):
                await service.call("/org/bluez", _MANAGER, "UnregisterAgent", "o", [_PATH])

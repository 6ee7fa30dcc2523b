"""One HCI controller, opened for this process."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bumble.core import BaseBumbleError
from bumble.device import Device, DeviceConfiguration
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport import open_transport
from bumble.transport.common import Transport, TransportInitError, TransportSpecError

from lullaflow.link.bumble.kept import bond_store, own_address
from lullaflow.link.errors import LinkCode, LinkError

_NAME: Final = "lullaflow"


class BumbleController:
    """A Bluetooth host of our own on a controller.

    Args:
        spec: a Bumble transport: `tcp-client:127.0.0.1:7300`, `usb:0`, `serial:/dev/ttyUSB0`, …
        state_folder: where bonds and our own address are kept.

    Attributes:
        device: Bumble's device, powered on while open.
    """

    def __init__(self, spec: str, state_folder: Path) -> None:
        self.spec = spec
        self._state_folder = state_folder
        self._transport: Transport | None = None
        self.device: Device | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether the controller can be used."""
        transport = self._transport
        return transport is not None and not transport.source.terminated.done()

    async def open(self) -> None:
        """Open the transport and power the controller on.

        Raises:
            LinkError: it cannot be reached, or does not answer.
        """
        try:
            self._transport = await open_transport(self.spec)
        except (OSError, TransportInitError, TransportSpecError, BaseBumbleError, ValueError) as e:
            raise self.unreachable() from e
        self._state_folder.mkdir(parents=True, exist_ok=True)
        device = Device.from_config_with_hci(
            DeviceConfiguration(name=_NAME, address=own_address(self._state_folder)),
            self._transport.source,
            self._transport.sink,
        )
        device.keystore = await bond_store(_NAME, self._state_folder)
        device.pairing_config_factory = lambda _: PairingConfig(
            sc=True,
            mitm=False,
            bonding=True,
            delegate=PairingDelegate(PairingDelegate.NO_OUTPUT_NO_INPUT),
            # We connect with our random address, so bonds must go by that.
            identity_address_type=PairingConfig.AddressType.RANDOM,
        )
        try:
            await device.power_on()
        except (OSError, BaseBumbleError, TimeoutError) as error:
            await self.close()
            raise self.unreachable() from error
        self.device = device

    async def close(self) -> None:
        """Let go of the controller."""
        device, self.device = self.device, None
        transport, self._transport = self._transport, None
        if transport is None:
            return
        if device is not None and not transport.source.terminated.done():
            for connection in list(device.connections.values()):
                await connection.disconnect()
        await transport.close()

    async def bonds(self) -> dict[str, bytes]:
        """Return the long-term key of each bond, by the device's address."""
        if self.device is None or self.device.keystore is None:
            return {}
        return {
            address: keys.ltk.value
            for address, keys in await self.device.keystore.get_all()
            if keys.ltk is not None
        }

    async def forget(self, address: str) -> bool:
        """Forget the bond with a device; False when there is none.

        Args:
            address: as AA:BB:CC:DD:EE:FF.
        """
        known = await self.bonds()
        # Bumble marks public addresses with /P.
        mine = [each for each in known if each.partition("/")[0].upper() == address.upper()]
        for each in mine:
            assert self.device is not None  # noqa: S101 - it has bonds
            assert self.device.keystore is not None  # noqa: S101 - it has bonds
            await self.device.keystore.delete(each)
        return bool(mine)

    def unreachable(self) -> LinkError:
        """Return the sentence for a controller that does not answer."""
        return LinkError(
            LinkCode.CONTROLLER_UNREACHABLE,
            f"The Bluetooth controller {self.spec} does not answer.",
            "Start it (a simulated pump, say) or plug it in, or correct bluetooth.controller.",
        )

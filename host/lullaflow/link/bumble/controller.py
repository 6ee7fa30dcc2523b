"""One HCI controller, opened for this process."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from bumble import hci
from bumble.core import BaseBumbleError
from bumble.device import Device, DeviceConfiguration
from bumble.keys import JsonKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport import open_transport
from bumble.transport.common import Transport, TransportInitError, TransportSpecError

from lullaflow.link.errors import LinkCode, LinkError

_NAME: Final = "lullaflow"
_BONDS_FILE: Final = "bluetooth-bonds.json"
_ADDRESS_FILE: Final = "bluetooth-address"
_STATIC_ADDRESS_BITS: Final = 0xC0
"""The two top bits of a random static address are set (Core 5.4, Vol 6, Part B, 1.3.2.1)."""


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
            DeviceConfiguration(name=_NAME, address=self._own_address()),
            self._transport.source,
            self._transport.sink,
        )
        device.keystore = JsonKeyStore(_NAME, str(self._state_folder / _BONDS_FILE))
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

    def _own_address(self) -> hci.Address:
        """Return our address: random, but always the same, for bonds go by it."""
        kept = self._state_folder / _ADDRESS_FILE
        if not kept.exists():
            octets = bytearray(secrets.token_bytes(6))
            octets[0] |= _STATIC_ADDRESS_BITS
            kept.write_text(":".join(f"{octet:02X}" for octet in octets))
        return hci.Address(kept.read_text().strip(), hci.AddressType.RANDOM_DEVICE)

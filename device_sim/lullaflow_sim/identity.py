"""Who a simulated board is on the air: the same name always gives the same addresses and keys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from bumble import hci
from bumble.device import Device, DeviceConfiguration
from bumble.host import Host

_LOCAL_UNICAST: Final = 0x02
"""IEEE 802: locally administered, so no maker's address is taken."""


@dataclass(frozen=True)
class Identity:
    """Addresses and keys of one simulated board.

    Attributes:
        name: what it is derived from.
    """

    name: str

    @property
    def unique_id(self) -> bytes:
        """What `machine.unique_id()` would say: six bytes."""
        return bytes([_LOCAL_UNICAST]) + self._derive("board", 5)

    @property
    def board_address(self) -> str:
        """The board's public address."""
        return _text(self.unique_id)

    @property
    def host_address(self) -> str:
        """The public address of the virtual controller on offer to a host."""
        return _text(bytes([_LOCAL_UNICAST]) + self._derive("host", 5))

    def new_device(self, host: Host) -> Device:
        """Return a Bumble device on this HCI host, not powered on yet."""
        return Device(
            config=DeviceConfiguration(
                name="MPY ESP32",
                address=hci.Address(self._derive("random", 5) + b"\xc0"),
                irk=self._derive("irk", 16),
            ),
            host=host,
        )

    def _derive(self, purpose: str, length: int) -> bytes:
        return hashlib.sha256(f"{self.name} {purpose}".encode()).digest()[:length]


def _text(address: bytes) -> str:
    return address.hex(":").upper()

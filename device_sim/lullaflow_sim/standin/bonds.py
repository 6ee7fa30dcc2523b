"""Bumble's key store on the firmware's own secret store (IRQ 29 and 30).

A bond is two secrets, as in MicroPython's NimBLE port (extmod/nimble/modbluetooth_nimble.c,
`ble_secret_store_*`): ours and the peer's, both under the peer's address of seven bytes. The
values are opaque to the firmware; ours hold the address too, because a lookup by index returns
the value alone.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from bumble import hci
from bumble.keys import KeyStore, PairingKeys

SECRET_OURS: Final = 1
SECRET_PEERS: Final = 2

_VALUE: Final = struct.Struct("<7sB16s16s")  # address, flags, long-term key, identity key
_AUTHENTICATED: Final = 1
_HAS_IRK: Final = 2


class SecretKeyStore(KeyStore):
    """Bonds that live where the firmware keeps them.

    Args:
        get_secret: IRQ 29: `(secret type, index, key or None) -> value or None`.
        set_secret: IRQ 30: `(secret type, key, value or None) -> stored`.
        bonding: whether the pairing under way was agreed to last; Bumble stores all of them.
    """

    def __init__(
        self,
        get_secret: Callable[[int, int, bytes | None], bytes | None],
        set_secret: Callable[[int, bytes, bytes | None], bool],
        bonding: Callable[[], bool],
    ) -> None:
        self._get_secret = get_secret
        self._set_secret = set_secret
        self._bonding = bonding

    def forget(self, peer: hci.Address) -> None:
        """Delete the bond with a peer, when there is one."""
        key = _secret_key(peer)
        if self._get_secret(SECRET_PEERS, 0, key) is not None:
            self._set_secret(SECRET_OURS, key, None)
            self._set_secret(SECRET_PEERS, key, None)

    async def delete(self, name: str) -> None:
        """Delete the bond with the peer of this address."""
        self.forget(hci.Address(name))

    async def update(self, name: str, keys: PairingKeys) -> None:
        """Hand a new bond to the firmware; one of legacy pairing (no `ltk`) is never kept."""
        if not self._bonding() or keys.ltk is None:
            return
        key = _secret_key(hci.Address(name))
        flags = _AUTHENTICATED if keys.ltk.authenticated else 0
        irk = b""
        if keys.irk is not None:
            flags |= _HAS_IRK
            irk = keys.irk.value
        value = _VALUE.pack(key, flags, keys.ltk.value, irk)
        for kind in (SECRET_PEERS, SECRET_OURS):
            self._write(kind, key, value)

    def _write(self, kind: int, key: bytes, value: bytes) -> None:
        """Hand over one secret; to NimBLE, a program that refuses it has a full store."""
        while not self._set_secret(kind, key, value):
            # ble_store_write and ble_store_util_status_rr: the oldest goes, and once more.
            oldest = self._get_secret(SECRET_PEERS, 0, None)
            if oldest is None:
                return
            self.forget(_address(_VALUE.unpack(oldest)[0]))

    async def get(self, name: str) -> PairingKeys | None:
        """Ask the firmware for the bond with the peer of this address."""
        value = self._get_secret(SECRET_OURS, 0, _secret_key(hci.Address(name)))
        return None if value is None else _keys(value)

    async def get_all(self) -> list[tuple[str, PairingKeys]]:
        """Ask the firmware for every bond."""
        bonds = []
        index = 0
        while (value := self._get_secret(SECRET_PEERS, index, None)) is not None:
            index += 1
            bonds.append((str(_address(_VALUE.unpack(value)[0])), _keys(value)))
        return bonds


def _secret_key(peer: hci.Address) -> bytes:
    return bytes([1 if peer.is_random else 0]) + bytes(peer)


def _address(key: bytes) -> hci.Address:
    return hci.Address(key[1:], hci.AddressType(key[0]))


def _keys(value: bytes) -> PairingKeys:
    key, flags, ltk, irk = _VALUE.unpack(value)
    authenticated = bool(flags & _AUTHENTICATED)
    return PairingKeys(
        address_type=hci.AddressType(key[0]),
        ltk=PairingKeys.Key(ltk, authenticated),
        irk=PairingKeys.Key(irk, authenticated) if flags & _HAS_IRK else None,
    )

"""Pairing, bonds and encryption, as the program hears of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bumble.device import Connection, Device
from bumble.pairing import PairingConfig, PairingDelegate

from lullaflow_sim.standin.bonds import SecretKeyStore
from lullaflow_sim.standin.irq import Event, Irq

_KEY_BYTES: Final = 16
"""Of a Secure Connections key; the encryption event before its second version leaves it out."""


class Security:
    """Runs Bumble's security manager by the program's settings and secrets.

    Args:
        device: a Bumble device that is not powered on yet.
        irq: the way to the program.
        settings: `BLE.config`'s values; read anew for each pairing.
    """

    def __init__(self, device: Device, irq: Irq, settings: Mapping[str, Any]) -> None:
        self._device = device
        self._irq = irq
        self._settings = settings
        self._bonds = SecretKeyStore(self._get_secret, self._set_secret, self._bonding_agreed)
        device.keystore = self._bonds
        device.pairing_config_factory = self._pairing_config

    def watch(self, connection: Connection) -> None:
        """Tell the program of this connection's encryption from now on."""

        def restored() -> None:
            # While a pairing runs, the news waits for its keys, as in NimBLE.
            if connection.handle not in self._device.smp_manager.sessions:
                self._tell(connection, bonded=True)

        connection.on(connection.EVENT_CONNECTION_ENCRYPTION_CHANGE, restored)
        connection.on(
            connection.EVENT_PAIRING,
            lambda _keys: self._tell(connection, bonded=self._bonding_agreed()),
        )
        connection.on(
            connection.EVENT_PAIRING_FAILURE,
            lambda _reason: self._tell(connection, bonded=False),
        )
        # A peer that pairs again has lost its keys; the NimBLE port drops ours and goes on
        # (BLE_GAP_EVENT_REPEAT_PAIRING).
        connection.on(
            connection.EVENT_PAIRING_START, lambda: self._bonds.forget(connection.peer_address)
        )

    def _tell(self, connection: Connection, *, bonded: bool) -> None:
        self._irq(
            Event.ENCRYPTION_UPDATE,
            connection.handle,
            bool(connection.encryption),
            bool(self._settings["mitm"]) and bool(connection.encryption),
            bonded,
            connection.encryption_key_size or _KEY_BYTES,
        )

    def _get_secret(self, kind: int, index: int, key: bytes | None) -> bytes | None:
        value = self._irq(Event.GET_SECRET, kind, index, key)
        return None if value is None else bytes(value)

    def _set_secret(self, kind: int, key: bytes, value: bytes | None) -> bool:
        return bool(self._irq(Event.SET_SECRET, kind, key, value))

    def _bonding_agreed(self) -> bool:
        return any(session.bonding for session in self._device.smp_manager.sessions.values())

    def _pairing_config(self, connection: Connection) -> PairingConfig:
        del connection  # one setting for all
        return PairingConfig(
            sc=self._settings["le_secure"],
            mitm=self._settings["mitm"],
            bonding=self._settings["bond"],
            delegate=PairingDelegate(PairingDelegate.IoCapability(self._settings["io"])),
        )

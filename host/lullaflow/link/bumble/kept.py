"""What our own Bluetooth host keeps on disk: its address and its bonds."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Final

import structlog
from bumble import hci
from bumble.keys import JsonKeyStore

_BONDS_FILE: Final = "bluetooth-bonds.json"
_ADDRESS_FILE: Final = "bluetooth-address"
_ADDRESS: Final = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}")
_STATIC_ADDRESS_BITS: Final = 0xC0
"""The two top bits of a random static address are set (Core 5.4, Vol 6, Part B, 1.3.2.1)."""

_log = structlog.stdlib.get_logger(__name__)


def own_address(folder: Path) -> hci.Address:
    """Return our address: random, but always the same, for bonds go by it."""
    kept = folder / _ADDRESS_FILE
    text = kept.read_text("utf-8", errors="replace").strip() if kept.exists() else ""
    if not _ADDRESS.fullmatch(text):
        octets = bytearray(secrets.token_bytes(6))
        octets[0] |= _STATIC_ADDRESS_BITS
        text = ":".join(f"{octet:02X}" for octet in octets)
        begun = kept.with_name(f"{kept.name}.part")
        begun.write_text(text, "utf-8")
        begun.replace(kept)
    return hci.Address(text, hci.AddressType.RANDOM_DEVICE)


async def bond_store(name: str, folder: Path) -> JsonKeyStore:
    """Return the store of our bonds; a file that cannot be read is put aside.

    Args:
        name: under which they are kept.
        folder: where.
    """
    kept = folder / _BONDS_FILE
    store = JsonKeyStore(name, str(kept))
    try:
        await store.get_all()
    except (ValueError, LookupError, TypeError, AttributeError):
        kept.replace(kept.with_name(f"{kept.name}.damaged"))
        _log.warning("the file of bonds was damaged: pumps have to be paired anew", path=str(kept))
    return store

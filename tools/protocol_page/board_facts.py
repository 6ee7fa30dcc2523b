"""What the shipped firmware says of itself: its services and what it advertises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from lullaflow_sim import standin

standin.install()

from lullaflow_firmware import advertising, app, bonds, commands, gatt, peripheral  # noqa: E402

__all__ = ["advertising", "app", "bonds", "characteristics", "commands", "peripheral"]

_PROPERTIES: Final = {0x02: "read", 0x08: "write", 0x10: "notify", 0x20: "indicate"}
_ENCRYPTED: Final = 0x0200 | 0x1000
"""The flags by which MicroPython's program lets the stack refuse a plain link."""


@dataclass
class _Registrar:
    """Takes the services that the firmware registers."""

    services: Any = ()
    values: dict[int, bytes] = field(default_factory=dict)

    def gatts_register_services(self, services: Any) -> tuple[tuple[int, ...], ...]:
        self.services = services
        handles = iter(range(100))
        return tuple(tuple(next(handles) for _ in chars) for _, chars in services)

    def gatts_set_buffer(self, handle: int, size: int) -> None:
        """Take note of nothing: buffers are the board's own affair."""

    def gatts_write(self, handle: int, value: bytes) -> None:
        self.values[handle] = value


def characteristics() -> Iterator[tuple[str, str, str, bool]]:
    """Yield UUIDs of service and characteristic, its properties, and whether it is a secret."""
    registrar = _Registrar()
    gatt.Handles(registrar, app.VERSION, "companion")
    for service, chars in registrar.services:
        for uuid, flags in chars:
            properties = [name for bit, name in _PROPERTIES.items() if flags & bit]
            yield _text(service), _text(uuid), ", ".join(properties), bool(flags & _ENCRYPTED)


def _text(uuid: Any) -> str:
    big_endian = bytes(uuid)[::-1].hex()
    if len(big_endian) == 4:
        return f"0x{big_endian.upper()}"
    parts = (0, 8, 12, 16, 20, 32)
    return "-".join(big_endian[a:b] for a, b in pairwise(parts))

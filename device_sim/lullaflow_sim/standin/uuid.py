"""MicroPython's `bluetooth.UUID`."""

from __future__ import annotations

from bumble import core


class UUID:
    """A 16, 32 or 128 bit UUID; `bytes()` of it is little endian, as on the wire.

    Args:
        value: an integer of 16 bits, the hyphenated text of 128 bits, or the bytes.
    """

    def __init__(self, value: int | str | bytes, /) -> None:
        if isinstance(value, int):
            self._bytes = value.to_bytes(2, "little")
        elif isinstance(value, str):
            self._bytes = core.UUID(value).to_bytes()
        else:
            self._bytes = bytes(value)
        if len(self._bytes) not in (2, 4, 16):
            raise ValueError("a UUID has 2, 4 or 16 bytes")

    def __bytes__(self) -> bytes:
        return self._bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UUID) and self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)

    def __repr__(self) -> str:
        return f"UUID({core.UUID.from_bytes(self._bytes)})"

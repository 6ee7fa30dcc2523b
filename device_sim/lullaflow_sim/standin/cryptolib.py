"""Stand-in for MicroPython's `cryptolib` module: the one cipher that the firmware uses."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_ECB: Final = 1
"""MODE_ECB; ports leave its name out."""


class aes:  # noqa: N801 - MicroPython's name
    """AES in ECB mode.

    Args:
        key: 16 bytes.
        mode: 1, for ECB.
    """

    def __init__(self, key: bytes, mode: int, /) -> None:
        if mode != _ECB:
            raise ValueError("mode")
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - a building block, as on the board

    def encrypt(self, data: bytes, /) -> bytes:
        """Return the data, whole blocks of 16 bytes, encrypted."""
        return self._cipher.encryptor().update(data)

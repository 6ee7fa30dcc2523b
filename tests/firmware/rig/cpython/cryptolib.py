"""MicroPython's block cipher, where the rig runs on CPython."""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


class aes:  # noqa: N801
    def __init__(self, key, mode):
        assert mode == 1  # ECB
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())

    def encrypt(self, data):
        return self._cipher.encryptor().update(data)

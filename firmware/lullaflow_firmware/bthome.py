"""BTHome v2 (https://bthome.io/format, /encryption): what a smart home may see without a host.

Always encrypted, and off until somebody gives a bind key: what a body does is nobody else's
business. The counter within the nonce never repeats, whenever the power goes.
"""

import struct

from cryptolib import aes

from lullaflow_protocol import wire

from .records import Record

_VERSION = 1
_RECORD = "<BI16s"  # on, counter up to which all may have been used, key

_SERVICE = b"\xd2\xfc"  # 0xFCD2
_ENCRYPTED_V2 = 0x41
_SERVICE_DATA = 0x16
_FLAGS = b"\x02\x01\x06"
_ECB = 1
_MIC_SIZE = 4

# Objects, in rising order of their numbers, as the format asks.
_PACKET_ID = 0x00
_BATTERY_PERCENT = 0x01
_RUNNING = 0x27
_VOLUME_ML = 0x48

# Home Assistant takes a counter below 100 for a board with a new battery, and believes it whatever
# it was before (bthome-ble, parser.py): the first packets of all could be played back for ever.
_FIRST_COUNTER = 100
# Flash is written once for so many packets, nearly six hours at one in 5 s.
_COUNTERS_A_WRITE = 4096
_LAST_COUNTER = 0xFFFFFFFF


class Bthome:
    """Makes the advertisements.

    Args:
        storage: the flash.
        mac: the board's address, six bytes, as it is written.
    """

    def __init__(self, storage, mac):
        self._record = Record(storage, "bthome", _VERSION)
        self._mac = mac
        self._key = None
        self._counter = _FIRST_COUNTER
        self._reserved = 0  # counters below it may be used without writing to flash
        payload = self._record.load()
        if payload is not None and len(payload) == struct.calcsize(_RECORD):
            on, self._counter, key = struct.unpack(_RECORD, payload)
            self._key = key if on else None
            self._reserved = self._counter

    @property
    def on(self):
        """Whether there is a key to broadcast with."""
        return self._key is not None

    def set_key(self, key):
        """Broadcast with this bind key of 16 bytes from now on, and after every start; None stops.

        Raises:
            OSError: the flash refuses; all is as it was.
        """
        self._save(key, self._counter)
        self._key = key
        self._reserved = self._counter

    def advertisement(self, battery_percent, running, volume_ml):
        """Return advertising data of 25 bytes; None when a packet could repeat a counter."""
        if not self._count():
            return None
        counter = struct.pack("<I", self._counter)
        objects = struct.pack(
            "<BBBBBBBH",
            *(_PACKET_ID, self._counter & 0xFF),
            *(_BATTERY_PERCENT, battery_percent),
            *(_RUNNING, running),
            *(_VOLUME_ML, min(volume_ml, 0xFFFF)),
        )
        nonce = self._mac + _SERVICE + bytes((_ENCRYPTED_V2,)) + counter
        sealed, mic = ccm(self._key, nonce, objects)
        data = _SERVICE + bytes((_ENCRYPTED_V2,)) + sealed + counter + mic
        return _FLAGS + bytes((len(data) + 1, _SERVICE_DATA)) + data

    def _count(self):
        if self._counter + 1 >= self._reserved:
            reserved = self._counter + _COUNTERS_A_WRITE
            if reserved > _LAST_COUNTER:
                return False
            try:
                self._save(self._key, reserved)
            except OSError:
                return False
            self._reserved = reserved
        self._counter += 1
        return True

    def _save(self, key, counter):
        self._record.save(
            struct.pack(_RECORD, key is not None, counter, key or bytes(wire.BIND_KEY_SIZE))
        )


def ccm(key, nonce, message):
    """Seal with AES-CCM (RFC 3610), which MicroPython does not have, on the plain block cipher.

    Args:
        key: 16 bytes.
        nonce: 13 bytes, so that two bytes are left for the length.
        message: at most 65,535 bytes; there is no associated data.

    Returns:
        `(ciphertext, mic)`, the latter of 4 bytes.
    """
    encrypt = aes(key, _ECB).encrypt
    mac = encrypt(
        bytes((((_MIC_SIZE - 2) // 2 << 3) | 1,)) + nonce + struct.pack(">H", len(message))
    )
    sealed = b""
    for at in range(0, len(message), 16):
        block = message[at : at + 16]
        mac = encrypt(_xor(mac, block + bytes(16 - len(block))))
        stream = encrypt(b"\x01" + nonce + struct.pack(">H", at // 16 + 1))
        sealed += _xor(block, stream)
    return sealed, _xor(mac, encrypt(b"\x01" + nonce + b"\x00\x00"))[:_MIC_SIZE]


def _xor(a, b):
    return bytes(a[i] ^ b[i] for i in range(len(a)))

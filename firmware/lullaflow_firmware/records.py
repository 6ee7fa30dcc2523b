"""Records on flash that survive a power cut at any moment: afterwards, the old or the new one."""

import struct

from lullaflow_protocol.wire import crc16

_HEADER = "<2sBIH"  # magic, layout version, generation, payload size
_HEADER_SIZE = struct.calcsize(_HEADER)
_MAGIC = b"LF"


class Record:
    """One record in two slots, written in turns.

    Args:
        storage: the flash.
        name: of the record; the slots are `name.0` and `name.1`.
        version: of the payload's layout; others are not read.
    """

    def __init__(self, storage, name, version):
        self._storage = storage
        self._name = name
        self._version = version
        self._generation = 0
        self._slot = 1

    def load(self):
        """Return the newest whole payload, or None when there is none."""
        newest = None
        for slot in (0, 1):
            found = self._read(slot)
            # Generations do not wrap: flash wears out after about 100,000 writes.
            if found is not None and (newest is None or found[0] > self._generation):
                self._generation, newest = found
                self._slot = slot
        return newest

    def save(self, payload):
        """Write a payload over the older slot.

        Raises:
            OSError: the flash refuses; the record is as it was.
        """
        slot = 1 - self._slot
        head = struct.pack(_HEADER, _MAGIC, self._version, self._generation + 1, len(payload))
        body = head + payload
        self._storage.write(self._file(slot), body + struct.pack("<H", crc16(body, len(body))))
        self._generation += 1
        self._slot = slot

    def _file(self, slot):
        return "%s.%d" % (self._name, slot)

    def _read(self, slot):
        data = self._storage.read(self._file(slot))
        if data is None or len(data) < _HEADER_SIZE + 2:
            return None
        magic, version, generation, size = struct.unpack_from(_HEADER, data, 0)
        end = _HEADER_SIZE + size
        if magic != _MAGIC or version != self._version or len(data) != end + 2:
            return None
        if crc16(data, end) != data[end] | (data[end + 1] << 8):
            return None
        return generation, bytes(data[_HEADER_SIZE:end])

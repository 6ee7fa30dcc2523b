"""What the board remembers: its name, tare and calibration, and how often it booted."""

import struct

from lullaflow_protocol import wire

from .records import Record

_LAYOUT = "<HHHHHB"  # boots, left zero, left scale, right zero, right scale, size of the name
_LAYOUT_SIZE = struct.calcsize(_LAYOUT)
_VERSION = 1

ZERO_RAW = -wire.WEIGHT_OFFSET_G * wire.WEIGHT_STEPS_PER_G  # the raw value that means 0 g
SCALE_ONE = 4096  # 12 bits of fraction: 15 + 13 bits stay within a board's small integers


class Settings:
    """The settings of one board.

    Attributes:
        name: what it is called on the air.
        boots: starts so far, this one included, modulo 2**16.
        zeros: raw value that the empty scale shows, left and right.
        scales: raw steps per true step, left and right, in units of 1 / SCALE_ONE.
    """

    def __init__(self, storage, default_name):
        self._record = Record(storage, "settings", _VERSION)
        self.name = default_name
        self.boots = 0
        self.zeros = [ZERO_RAW, ZERO_RAW]
        self.scales = [SCALE_ONE, SCALE_ONE]
        self._load()

    def save(self):
        """Write all settings.

        Raises:
            OSError: the flash refuses; the old settings are still there.
        """
        name = self.name.encode()
        fields = (self.zeros[0], self.scales[0], self.zeros[1], self.scales[1])
        self._record.save(struct.pack(_LAYOUT, self.boots & 0xFFFF, *fields, len(name)) + name)

    def _load(self):
        payload = self._record.load()
        if payload is None or len(payload) < _LAYOUT_SIZE:
            return
        fields = struct.unpack_from(_LAYOUT, payload, 0)
        self.boots = fields[0]
        self.zeros = [fields[1], fields[3]]
        self.scales = [fields[2], fields[4]]
        name = payload[_LAYOUT_SIZE : _LAYOUT_SIZE + fields[5]]
        try:
            # A longer one does not fit the advertisement, and the board could not start.
            if 0 < len(name) <= wire.MAX_NAME_SIZE:
                self.name = name.decode()
        except UnicodeError:
            pass

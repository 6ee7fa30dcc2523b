"""The log of the last resets and faults, kept on flash."""

import struct

from lullaflow_protocol import wire

from .records import Record

ENTRIES = 16
_ENTRY = "<BBHI"  # kind, detail, boot id, uptime (s)
_ENTRY_SIZE = struct.calcsize(_ENTRY)
_VERSION = 1
# A loose plug may fail many times a minute; flash wears out, and one line tells the same.
_AGAIN_AFTER_S = 600


class Log:
    """A ring of entries, newest last.

    Args:
        storage: the flash.
        boot_id: of this start.
    """

    def __init__(self, storage, boot_id):
        self._record = Record(storage, "log", _VERSION)
        self._boot_id = boot_id
        payload = self._record.load() or b""
        self._entries = [
            payload[at : at + _ENTRY_SIZE]
            for at in range(0, len(payload) - _ENTRY_SIZE + 1, _ENTRY_SIZE)
        ]
        self._faults = bytearray(4)
        self._told = {}  # detail of a fault: uptime (s) at which it was kept

    def reset(self, cause):
        """Keep why this start happened, one of wire.RESET_."""
        self._add(wire.LOG_RESET, cause, 0)

    def faults(self, faults, uptime_s):
        """Keep which channels have begun to fail.

        Args:
            faults: one of wire.FAULT_ per channel.
            uptime_s: of this moment.
        """
        for channel in range(4):
            fault = faults[channel]
            if fault == self._faults[channel]:
                continue
            self._faults[channel] = fault
            if fault == wire.FAULT_NONE:
                continue
            detail = (channel << 4) | fault
            told_s = self._told.get(detail)
            if told_s is None or uptime_s - told_s >= _AGAIN_AFTER_S:
                self._told[detail] = uptime_s
                self._add(wire.LOG_FAULT, detail, uptime_s)

    def reply(self, skip):
        """Return the payload that answers CMD_LOGS: the count, and the newest entry but `skip`."""
        count = len(self._entries)
        if skip >= count:
            return struct.pack("<B", count)
        fields = struct.unpack(_ENTRY, self._entries[count - 1 - skip])
        return struct.pack(wire.LOGS_PAYLOAD, count, *fields)

    def _add(self, kind, detail, uptime_s):
        entry = struct.pack(_ENTRY, kind, detail, self._boot_id, uptime_s)
        self._entries = self._entries[-(ENTRIES - 1) :]
        self._entries.append(entry)
        try:
            self._record.save(b"".join(self._entries))
        except OSError:
            # A flash that refuses costs the log, never the session.
            pass

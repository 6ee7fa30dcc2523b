"""The Bluetooth peripheral: one central at a time, an encrypted link, and what the stack reports.

The interrupt handler only records and wakes; tasks do the work.
"""

import struct

from lullaflow_protocol import wire

from . import advertising
from .flag import Flag
from .gatt import Handles

_CENTRAL_CONNECT = 1
_CENTRAL_DISCONNECT = 2
_GATTS_WRITE = 3
_GATTS_READ_REQUEST = 4
_GATTS_INDICATE_DONE = 20
_MTU_EXCHANGED = 21
_ENCRYPTION_UPDATE = 28
_GET_SECRET = 29
_SET_SECRET = 30

_READ_ALLOWED = 0
_INSUFFICIENT_AUTHENTICATION = 0x05  # Core 6.0, vol 3, part F, 3.4.1.1

_NO_INPUT_NO_OUTPUT = 3
MAX_QUEUED_COMMANDS = 4  # a host waits for each reply; more are refused rather than kept


class Peripheral:
    """Our GATT server and its one link.

    Args:
        ble: MicroPython's `bluetooth.BLE` or what stands for it.
        bonds: where the stack's secrets are kept.
        settings: for the name.
        firmware_version: `(major, minor, patch)`.
        pairing_is_open: tells whether a new host may bond now.

    Attributes:
        connection: handle of the link, None without one.
        links: how many there were, this one included.
        secure: whether the link is encrypted for a host that has bonded.
        att_mtu: as negotiated.
        indicating: whether a reply is on its way, not yet confirmed.
        changed: set when anything above changes, or a command came.
    """

    def __init__(self, ble, bonds, settings, firmware_version, pairing_is_open):
        self._ble = ble
        self._bonds = bonds
        self._settings = settings
        self._pairing_is_open = pairing_is_open
        self._commands = []
        self.indicating = False
        self._intruder = False
        self._admitted = False
        self.connection = None
        self.links = 0
        self.secure = False
        self.att_mtu = wire.MIN_ATT_MTU
        self.changed = Flag()
        ble.active(True)
        ble.config(
            gap_name=settings.name,
            mtu=wire.MAX_ATT_MTU,
            bond=True,
            le_secure=True,
            mitm=False,
            io=_NO_INPUT_NO_OUTPUT,
        )
        ble.irq(self._on_event)
        self._handles = Handles(ble, firmware_version, "companion")

    @property
    def mac(self):
        """The board's address, six bytes as it is written."""
        return bytes(self._ble.config("mac")[1])

    def advertise(self, fast, data=None):
        """Advertise, fast or slowly; the stack itself stops with a connection.

        Args:
            fast: which interval.
            data: what to say instead of who we are.

        Returns:
            whether the stack does; it is busy while a link comes up or ends.
        """
        try:
            self._ble.gap_advertise(
                advertising.FAST_US if fast else advertising.SLOW_US,
                data or advertising.advertisement(),
                resp_data=advertising.scan_response(self._settings.name),
            )
        except OSError:
            return False
        return True

    def rename(self):
        """Take over the name from the settings."""
        self._ble.config(gap_name=self._settings.name)

    def next_command(self):
        """Return the next command's bytes, or None."""
        return self._commands.pop(0) if self._commands else None

    def send_stream(self, part):
        """Send one notification of the stream; tell whether the stack took it."""
        return self._notify(self._handles.stream, part)

    def set_status(self, status, tell):
        """Set the status characteristic, and notify the host when `tell` is set.

        Returns:
            False when the host was to be notified and there was no room for it, or no host.
        """
        self._ble.gatts_write(self._handles.status, status)
        return not tell or self._notify(self._handles.status, status)

    def set_battery(self, percent):
        """Set the battery level, 0 to 100."""
        self._ble.gatts_write(self._handles.battery, struct.pack("<B", percent), True)

    def reply(self, data):
        """Indicate a reply; tell whether the stack took it (one may be on its way at a time)."""
        if self.connection is None or not self.secure:
            return True  # nobody to tell any more
        if self.indicating:
            return False
        # Before the call: the stack may report the confirmation from within it.
        self.indicating = True
        try:
            self._ble.gatts_indicate(self.connection, self._handles.control, data)
        except OSError:
            self.indicating = False
            return False
        return True

    def disconnect(self):
        """End the link."""
        if self.connection is not None:
            self._ble.gap_disconnect(self.connection)

    def _notify(self, handle, data):
        if self.connection is None or not self.secure:
            return False
        try:
            self._ble.gatts_notify(self.connection, handle, data)
        except OSError:
            # ENOMEM: the air is slower than we are. ENOTCONN: the event is on its way.
            return False
        return True

    def _on_event(self, event, data):
        if event == _GET_SECRET:
            kind, index, key = data
            return self._bonds.get(kind, index, None if key is None else bytes(key))
        if event == _SET_SECRET:
            return self._on_secret(*data)
        if event == _GATTS_READ_REQUEST:
            return self._on_read(*data)
        if event == _CENTRAL_CONNECT:
            self._on_connect(data[0])
        elif data[0] == self.connection:  # not a second central, which is on its way out
            self._on_our_link(event, data)
        return None

    def _on_our_link(self, event, data):
        if event == _GATTS_WRITE:
            self._on_write(data[1])
        elif event == _CENTRAL_DISCONNECT:
            self._on_link(None)
        elif event == _MTU_EXCHANGED:
            self.att_mtu = data[1]
        elif event == _ENCRYPTION_UPDATE:
            self._on_encryption(bool(data[1]), bool(data[3]))
        elif event == _GATTS_INDICATE_DONE:
            self.indicating = False
            self.changed.set()

    def _on_connect(self, connection):
        if self.connection is None:
            self.links += 1
            self._on_link(connection)
        else:
            # Advertising was begun anew in the very moment in which the first one connected.
            self._ble.gap_disconnect(connection)

    def _on_link(self, connection):
        self.connection = connection
        self.secure = False
        self.att_mtu = wire.MIN_ATT_MTU
        self.indicating = False
        self._intruder = False
        self._admitted = False
        self._commands.clear()
        self._bonds.settle()
        self.changed.set()

    def _on_encryption(self, encrypted, bonded):
        if encrypted and not bonded:
            # Paired only for now: no secret was asked to be kept, so the two minutes did not count.
            self._intruder = True
            self.disconnect()
        self.secure = encrypted and not self._intruder
        self.changed.set()

    def _on_read(self, connection, handle):
        # The stack itself refuses a plain link; one that is encrypted without a bond it lets pass.
        ours = self.secure and connection == self.connection
        if ours or handle == self._handles.battery:
            return _READ_ALLOWED
        return _INSUFFICIENT_AUTHENTICATION

    def _on_secret(self, kind, key, value):
        key = bytes(key)
        if value is None:
            return self._bonds.set(kind, key, None)
        if not self._admitted and not self._pairing_is_open():
            # A new host outside the two minutes: the stack has paired, so the link must end here.
            self._intruder = True
            self.secure = False
            self.disconnect()
            # It is told that all is well: else it would take its store for full, delete the
            # oldest host to make room and try again, until none is left (ble_store_write).
            return True
        self._admitted = True  # with all of its secrets, even when the time is over meanwhile
        self._bonds.set(kind, key, bytes(value))
        self.changed.set()
        return True

    def _on_write(self, handle):
        if handle != self._handles.control or not self.secure:
            return
        data = self._ble.gatts_read(handle)
        if len(self._commands) < MAX_QUEUED_COMMANDS:
            self._commands.append(bytes(data))
        self.changed.set()

"""Our services, as the `bluetooth` module registers them."""

import bluetooth

from lullaflow_protocol import wire

_READ = 0x0002
_WRITE = 0x0008
_NOTIFY = 0x0010
_INDICATE = 0x0020
# Left to the program by MicroPython; the values are NimBLE's (host/ble_gatt.h).
_READ_ENCRYPTED = 0x0200
_WRITE_ENCRYPTED = 0x1000

_DEVICE_INFORMATION = 0x180A
_MODEL = 0x2A24
_FIRMWARE_REVISION = 0x2A26
_MANUFACTURER = 0x2A29
_BATTERY = 0x180F
_BATTERY_LEVEL = 0x2A19


class Handles:
    """The value handles of what the program writes, reads and sends."""

    def __init__(self, ble, firmware_version, model):
        uuid = bluetooth.UUID
        secret = _READ_ENCRYPTED | _WRITE_ENCRYPTED
        ours = (
            uuid(wire.SERVICE_UUID),
            (
                (uuid(wire.STREAM_UUID), _NOTIFY | _READ_ENCRYPTED),
                (uuid(wire.CONTROL_UUID), _WRITE | _INDICATE | secret),
                (uuid(wire.STATUS_UUID), _READ | _NOTIFY | _READ_ENCRYPTED),
            ),
        )
        information = (
            uuid(_DEVICE_INFORMATION),
            (
                (uuid(_MANUFACTURER), _READ | _READ_ENCRYPTED),
                (uuid(_MODEL), _READ | _READ_ENCRYPTED),
                (uuid(_FIRMWARE_REVISION), _READ | _READ_ENCRYPTED),
            ),
        )
        battery = (uuid(_BATTERY), ((uuid(_BATTERY_LEVEL), _READ | _NOTIFY),))
        (
            (self.stream, self.control, self.status),
            (manufacturer, model_number, revision),
            (self.battery,),
        ) = ble.gatts_register_services((ours, information, battery))
        ble.gatts_set_buffer(self.control, wire.MAX_CONTROL_SIZE + 1)  # so that too long shows
        ble.gatts_write(manufacturer, b"lullaflow")
        ble.gatts_write(model_number, model.encode())
        ble.gatts_write(revision, ("%d.%d.%d" % firmware_version).encode())

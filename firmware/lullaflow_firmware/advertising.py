"""What the board says of itself on the air: that it is one of ours, and its name."""

import binascii

from lullaflow_protocol import wire

_FLAGS = b"\x02\x01\x06"  # general discoverable, no classic Bluetooth
_ALL_128_BIT_SERVICES = 0x07
_COMPLETE_NAME = 0x09

# Fast for 30 s so that a host that listens connects at once, then slowly for the battery's sake.
# Intervals after Bluetooth Accessory Design Guidelines, "Advertising Interval".
FAST_US = 30_000
SLOW_US = 1_022_500
FAST_FOR_MS = 30_000


def advertisement():
    """Return the advertising data: the service comes first, since scanners filter by it."""
    uuid = bytes(reversed(binascii.unhexlify(wire.SERVICE_UUID.replace("-", ""))))
    return _FLAGS + bytes((len(uuid) + 1, _ALL_128_BIT_SERVICES)) + uuid


def scan_response(name):
    """Return the scan response: the name."""
    encoded = name.encode()
    return bytes((len(encoded) + 1, _COMPLETE_NAME)) + encoded

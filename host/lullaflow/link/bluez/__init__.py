"""The system's Bluetooth service on Linux: bleak's native backend, and what it leaves to others."""

from lullaflow.link.bluez.stack import BlueZStack

__all__ = ["BlueZStack"]

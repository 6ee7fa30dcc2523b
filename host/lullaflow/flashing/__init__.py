"""Flashing: a compiled firmware onto a board by USB, so that a working one is never lost."""

from lullaflow.flashing.errors import FlashError
from lullaflow.flashing.package import Package, load_packages
from lullaflow.flashing.ports import find_port
from lullaflow.flashing.steps import Flashed, Progress, flash

__all__ = ["FlashError", "Flashed", "Package", "Progress", "find_port", "flash", "load_packages"]

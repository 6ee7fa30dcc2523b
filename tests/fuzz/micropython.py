"""Runs a script on a real MicroPython, as small as the smaller board."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ("protocols", "firmware", "tests/firmware/rig")
MICROPYTHON = shutil.which("micropython", path=f"{Path(sys.executable).parent}:{os.defpath}")

HEAP = "320K"
"""An ESP32-C3 has some 160 KB free with its Bluetooth stack up; words are twice as long here."""


def run_on_board(*arguments: str) -> str:
    """Return what the script printed.

    Raises:
        AssertionError: it failed; the message is what it said.
    """
    path = ":".join([*(str(ROOT / source) for source in SOURCES), ".frozen"])
    ran = subprocess.run(
        [str(MICROPYTHON), "-X", f"heapsize={HEAP}", *arguments],
        check=False,
        env={**os.environ, "MICROPYPATH": path},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout

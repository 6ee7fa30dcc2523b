"""What was needed for a moment goes back to the machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lullaflow.daemon.memory import give_large_blocks_back

SCRIPT = """
import threading
import psutil
from lullaflow.cues.players.photos import drawn_jpeg
from lullaflow.daemon.memory import give_large_blocks_back

assert give_large_blocks_back()
resident = psutil.Process().memory_info
before = resident().rss
thread = threading.Thread(target=drawn_jpeg)
thread.start()
thread.join()
print((resident().rss - before) / 1e6)
"""


@pytest.mark.skipif(not give_large_blocks_back(), reason="this C library has no such setting")
def test_a_picture_drawn_in_a_thread_leaves_no_memory_behind() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 15.0  # the JPEG, and modules; without the setting 34

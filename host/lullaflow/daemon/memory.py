"""Memory that was needed for a moment goes back to the machine."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

LARGE_BYTES: Final = 1 << 20
"""Pictures being made ready take tens of MB for a second; nothing else of ours comes near."""

_M_MMAP_THRESHOLD: Final = -3
"""glibc's malloc.h."""


def give_large_blocks_back() -> bool:
    """Have large blocks returned to the system as soon as they are free; False where it cannot be.

    glibc raises its limit for such blocks with every one that is freed, up to 32 MB, and keeps
    smaller ones for ever in the heap of the thread that asked for them: our drawn picture alone
    would hold 30 MB while the daemon runs. Setting the limit once keeps it where it is.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries may have none
    return mallopt is not None and bool(mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES))

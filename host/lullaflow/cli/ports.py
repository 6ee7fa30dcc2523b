"""A port for what starts in a moment."""

from __future__ import annotations

import random
import socket
from contextlib import suppress


def free_port() -> int:
    """Return a TCP port on loopback that nobody uses now.

    It is none of those that systems hand out by themselves (from 32,768 on): some program's next
    connection would have it before the one that it is meant for has started.
    """
    # Not the common generator: whoever has seeded that alike would get the same ports.
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(10_000, 32_768)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port

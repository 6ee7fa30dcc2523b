"""Wire frames of a small, exact session, for tests of what comes behind the link."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lullaflow_protocol import wire

FRAME_S = wire.FRAME_MS / 1000
FLAGS = wire.HAS_LEFT_VACUUM | wire.HAS_LEFT_WEIGHT


def frame(boot_id: int, seq: int, vacuum: list[float], weight: list[float]) -> bytes:
    """Encode one frame; its device time follows from its number."""
    buffer = bytearray(wire.MAX_FRAME_SIZE)
    t_ms = seq * wire.FRAME_MS
    channels = ([wire.vacuum_raw(v) for v in vacuum], [wire.weight_raw(w) for w in weight], (), ())
    size = wire.encode_frame_into(
        *(buffer, FLAGS, boot_id, seq & 0xFFFF, seq >> 16, t_ms & 0xFFFF, t_ms >> 16, channels),
        *(wire.VACUUM_PER_FRAME, wire.WEIGHT_PER_FRAME),
    )
    return bytes(buffer[:size])


def frames(
    *phases: tuple[float, bool],
    boot_id: int = 7,
    first_seq: int = 0,
    milk_g: float = 0.0,
    flow_g_s: float = 0.0,
) -> Iterator[bytes]:
    """Yield frames for phases of (seconds, whether the pump runs), 80 cycles a minute.

    There is no milk but what is in the bottle, and what flows on and on.
    """
    seq = first_seq
    for seconds, running in phases:
        for _ in range(round(seconds / FRAME_S)):
            milk_g += flow_g_s * FRAME_S
            times = [seq * FRAME_S + i * 0.02 for i in range(wire.VACUUM_PER_FRAME)]
            suction = [
                60.0 * (1 - math.cos(2 * math.pi * t * 80 / 60)) if running else 0.0 for t in times
            ]
            yield frame(boot_id, seq, suction, [40.0 + milk_g] * wire.WEIGHT_PER_FRAME)
            seq += 1

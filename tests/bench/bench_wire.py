"""What the wire costs: bytes on air, and the board's work per sample under a real MicroPython."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from lullaflow_protocol import wire

ROOT = Path(__file__).resolve().parents[2]
GOAL = 1.25
ATT_HEADER = wire.ATT_NOTIFY_OVERHEAD
SIDES = 2
FRAMES_PER_S = 1000 / wire.FRAME_MS
SAMPLE_PERIOD_US = 1000 * wire.VACUUM_PERIOD_MS

# Value and quality bit of each sample, nothing else.
INFORMATION_BYTES_PER_S = (
    SIDES * (12 * 1000 / wire.VACUUM_PERIOD_MS + 16 * 1000 / wire.WEIGHT_PERIOD_MS) / 8
)

ON_BOARD = """
import time
from rig import Rig
rig = Rig()
rig.app._sampler.start()
tick, clock = rig.app._sampler.tick, rig.clock
begin = time.ticks_us()
for _ in range(5000):
    clock.now_ms += 20
    tick(None)
print(time.ticks_diff(time.ticks_us(), begin) / 5000)
"""


def bytes_per_s(att_mtu: int) -> float:
    """Return the bytes that notifications carry in a second, ATT header included."""
    frame = bytes(wire.MAX_FRAME_SIZE)
    out = bytearray(wire.MAX_ATT_MTU)
    total = 0
    index = 0
    while size := wire.fragment_into(out, frame, len(frame), index, att_mtu, False):
        total += size + ATT_HEADER
        index += 1
    return total * FRAMES_PER_S


def tick_us() -> float | None:
    """Return the time of one sampling tick of four channels, framing shared out over the ticks."""
    micropython = shutil.which("micropython", path=f"{Path(sys.executable).parent}:{os.defpath}")
    if micropython is None:
        return None
    sources = ("protocols", "firmware", "tests/firmware/rig")
    path = ":".join([*(str(ROOT / source) for source in sources), ".frozen"])
    ran = subprocess.run(
        [micropython, "-X", "heapsize=320K", "-c", ON_BOARD],
        env={**os.environ, "MICROPYPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ran.stdout)


def main() -> None:
    """Print the table."""
    print("Bytes on air, both sides")
    print(f"  {'samples alone':<16}{INFORMATION_BYTES_PER_S:8.0f} bytes/s")
    for att_mtu in (247, 185, 64, 23):
        rate = bytes_per_s(att_mtu)
        ratio = rate / INFORMATION_BYTES_PER_S
        note = f"(goal: under {GOAL})" if att_mtu == 247 else ""
        print(f"  {f'ATT MTU {att_mtu}':<16}{rate:8.0f} bytes/s  ratio {ratio:5.2f} {note}")
    cost = tick_us()
    if cost is None:
        print("Sampling: no MicroPython on this machine")
        return
    print("Sampling and framing under MicroPython (this machine's processor)")
    print(
        f"  {cost:.0f} us a tick of four channels; ratio to the 20 ms it has: "
        f"{cost / SAMPLE_PERIOD_US:.4f}"
    )


if __name__ == "__main__":
    main()

"""How fast the whole virtual stack is: firmware, HCI, L2CAP, ATT, SMP and a Bumble client.

A pump sends two frames a second; what is above that is room for catching up and for speed.
"""

import asyncio
import logging
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from end_to_end.bumble_central import central_on
from end_to_end.counting_pump import RING_FRAMES, Pump, running
from end_to_end.plain_client import PlainClient
from lullaflow_protocol import wire

LIVE_FRAMES_PER_S = 1000 / wire.FRAME_MS
GAP_FRAMES = 120
SPEED = 50


async def fetch(client: PlainClient, first: int, count: int) -> float:
    """Fetch kept frames; return the seconds that it took."""
    began = time.perf_counter()
    status, _ = await client.command(wire.CMD_REPLAY, struct.pack("<IH", first, count))
    assert status == wire.OK
    got = 0
    while got < count:
        got += (await client.frame()).replayed
    return time.perf_counter() - began


async def throughput(att_mtu: int) -> float:
    """Return frames per second at full tilt, nothing pacing the air."""
    pump = Pump(200, min_gap_s=0.0)
    async with running(pump), central_on(pump.radio.host_controller) as central:
        client = PlainClient(central)
        await client.link_up(att_mtu if att_mtu > wire.MIN_ATT_MTU else None)
        await pump.clock.sleep_ms(RING_FRAMES * wire.FRAME_MS)
        pump.clock.speed = 1.0
        newest = (await client.status()).newest_seq
        count = RING_FRAMES - 20
        return count / await fetch(client, newest - count, count)


async def catching_up() -> tuple[float, float]:
    """Return seconds from hearing the board again to a link, and on to a filled gap of 60 s."""
    pump = Pump(SPEED)
    async with running(pump), central_on(pump.radio.host_controller) as central:
        client = PlainClient(central)
        await client.link_up()
        gone = asyncio.create_task(client.central.gone())
        await asyncio.sleep(0)
        pump.radio.cut()
        await gone
        await pump.clock.sleep_ms(GAP_FRAMES * wire.FRAME_MS)
        pump.clock.speed = 1.0
        pump.radio.restore()
        began = time.perf_counter()
        await client.link_up()
        linked = time.perf_counter() - began
        newest = (await client.status()).newest_seq
        return linked, linked + await fetch(client, newest - GAP_FRAMES, GAP_FRAMES)


async def main() -> None:
    """Print the table."""
    logging.disable(logging.WARNING)
    print("Radio: the shipped firmware and a Bumble client over the virtual link")
    for att_mtu in (23, 64, 185, 247):
        rate = await throughput(att_mtu)
        print(
            f"  ATT MTU {att_mtu:3}: {rate:6.0f} frames/s, {rate / LIVE_FRAMES_PER_S:5.0f} x live"
        )
    linked, filled = await catching_up()
    print(
        f"  after a cut of 60 s: linked again in {linked:.2f} s, gap filled {filled:.2f} s after "
        f"the board was heard ({filled / 60:.4f} of the gap)"
    )


if __name__ == "__main__":
    asyncio.run(main())

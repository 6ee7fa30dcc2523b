"""CPU and memory of the daemon with 1, 5 and 20 pumps, beside a loop that only forwards bytes.

Both get the same frames at a pump's own pace (two a second each, both breasts) at the point where
Bluetooth hands them over, so the radio's cost, equal for both, is left out. The frames are made
beforehand, and half a minute of them comes at once before anything is measured, so that detection
looks back as far as it ever does. The daemon is the whole one as `lullaflow run` starts it, radio
excepted: store, detection, outbox, discovery, players, and the page, at which nobody looks. Both
are measured over the same seconds, once either has started, so that whatever else the machine does
befalls both. Goals: under 3 times the loop's CPU, under 150 MB.
"""

import asyncio
import importlib
import json
import logging
import math
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from lullaflow_protocol import wire

READY = "ready"
WARM_FRAMES = 60
SETTLE_S = 4.0
"""For connecting, and for the warm frames."""
START_S = 90.0
"""Longest start that the frames last for."""
FOR_S = 20.0
FRAME_S = wire.FRAME_MS / 1000
MILK_FROM_S = 15.0
MILK_G_S = 0.3
GOLDEN = 0.618034
"""Multiples of it lie apart, modulo 1: boards are not in step."""


def board_frames() -> list[bytes]:
    """Return the frames of a board that pumps both breasts, milk after a quarter of a minute."""
    return [_frame(seq) for seq in range(WARM_FRAMES + int((START_S + FOR_S) / FRAME_S))]


def _frame(seq: int) -> bytes:
    def suction(at_s: float) -> int:
        return wire.vacuum_raw(60.0 * (1 - math.cos(2 * math.pi * at_s * 80 / 60)))

    def weight(at_s: float) -> int:
        return wire.weight_raw(40.0 + MILK_G_S * max(0.0, at_s - MILK_FROM_S))

    buffer = bytearray(wire.MAX_FRAME_SIZE)
    begin_s, t_ms = seq * FRAME_S, seq * wire.FRAME_MS
    vacuum = [suction(begin_s + i * 0.02) for i in range(wire.VACUUM_PER_FRAME)]
    grams = [weight(begin_s + i * 0.1) for i in range(wire.WEIGHT_PER_FRAME)]
    size = wire.encode_frame_into(
        *(buffer, wire.ALL_CHANNELS, 7, seq & 0xFFFF, seq >> 16, t_ms & 0xFFFF, t_ms >> 16),
        *((vacuum, grams, vacuum, grams), wire.VACUUM_PER_FRAME, wire.WEIGHT_PER_FRAME),
    )
    return bytes(buffer[:size])


async def at_pace(frames: Sequence[bytes], number: int) -> AsyncIterator[bytes]:
    """Yield a board's frames, two a second after the first; the boards are not in step."""
    for raw in frames[:WARM_FRAMES]:
        yield raw
    await asyncio.sleep(FRAME_S * (number * GOLDEN % 1))
    clock = asyncio.get_running_loop().time
    due = clock()
    for raw in frames[WARM_FRAMES:]:
        yield raw
        due += FRAME_S
        await asyncio.sleep(max(0.0, due - clock()))


async def forward(pumps: int, port: int, frames: Sequence[bytes]) -> None:
    """Forward bytes to the broker, and nothing else."""
    import aiomqtt

    importlib.import_module("bleak")
    # With twenty pumps it warns of twenty messages under way at once, over and over.
    logging.getLogger("mqtt").setLevel(logging.ERROR)
    async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:

        async def carry(number: int) -> None:
            async for raw in at_pace(frames, number):
                await client.publish(f"raw/{number}", raw, qos=1)

        async with asyncio.TaskGroup() as group:
            for number in range(pumps):
                group.create_task(carry(number))


async def serve(
    pumps: int, port: int, frames: Sequence[bytes], folder: Path, page_port: int
) -> None:
    """Run the daemon, from the link's items on."""
    from lullaflow.config import Config
    from lullaflow.daemon import service
    from lullaflow.link.items import FrameArrived, LinkItem, LinkUp
    from lullaflow.logs import set_up_logs

    class PacedLink:
        firmware, signal_dbm, battery_percent = "0.1.0", -60, 87

        def __init__(self, slug: str, _: object, *, address: str) -> None:
            self._name, self._address = slug, address

        def resume_after(self, boot_id: int, seq: int | None) -> None:
            """Nothing is stored yet."""

        async def items(self) -> AsyncIterator[LinkItem]:
            yield LinkUp(self._address, self._name)
            async for raw in at_pace(frames, int(self._name.removeprefix("pump"))):
                yield FrameArrived(raw, wire.decode_frame(raw), replayed=False)
            await asyncio.Event().wait()

    @asynccontextmanager
    async def no_radio(*_: object) -> AsyncIterator[None]:
        yield

    service.PumpLink = PacedLink  # type: ignore[misc,assignment]
    service.open_radio = no_radio  # type: ignore[assignment]
    set_up_logs("error")
    config = {
        "pumps": {f"pump{n}": {"address": f"C0:00:00:00:00:{n:02X}"} for n in range(pumps)},
        "mqtt": {"port": port, "protocol": "5"},
        "store": {"path": str(folder / "load.db")},
        "web": {"port": page_port},
    }
    await service.run_daemon(Config.model_validate(config))


async def measure(kind: str, pumps: int, port: int, page_port: int) -> None:
    """Print CPU (share of one core) and memory (MB) of this process while it works."""
    frames = board_frames()
    with tempfile.TemporaryDirectory(prefix="lullaflow-bench-") as folder:
        work = (
            forward(pumps, port, frames)
            if kind == "forward"
            else serve(pumps, port, frames, Path(folder), page_port)
        )
        task = asyncio.create_task(work)
        if kind == "serve":
            await until_started()
        await asyncio.sleep(SETTLE_S)
        print(READY, flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        began_s, cpu_s = time.monotonic(), time.process_time()
        await asyncio.sleep(FOR_S)
        if task.done():
            task.result()
        share = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
        memory = psutil.Process().memory_info().rss / 1e6
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    print(json.dumps({"share": share, "memory": memory}))


async def until_started() -> None:
    """Return when our own picture has been drawn: the last and longest work of a start."""
    from lullaflow.cues.players.photos import drawn_jpeg

    async with asyncio.timeout(START_S):
        while not drawn_jpeg.cache_info().currsize:  # noqa: ASYNC110 -- nobody tells of it
            await asyncio.sleep(0.1)


class Child:
    """A fresh process that starts, waits to be told, and measures itself."""

    def __init__(self, kind: str, pumps: int, port: int, page_port: int = 0) -> None:
        self._orders = (kind, *map(str, (pumps, port, page_port)))
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Return when it is ready."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, __file__, *self._orders),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert (await self._process.stdout.readline()).decode().strip() == READY

    async def measure(self) -> dict[str, float]:
        """Return its share of a core, and its memory in MB."""
        assert self._process is not None
        out, _ = await self._process.communicate(b"\n")
        return dict(json.loads(out))


async def main() -> None:
    """Measure everything and print a table."""
    # Not for the processes that are measured: it takes memory of its own.
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from end_to_end.brokers import MOSQUITTO, BrokerProcess, EmbeddedBroker, Mosquitto
    from lullaflow.cli.ports import free_port

    broker_kind: type[BrokerProcess] = Mosquitto if MOSQUITTO else EmbeddedBroker
    with tempfile.TemporaryDirectory(prefix="lullaflow-bench-") as folder:
        broker = broker_kind(Path(folder))
        await broker.start()
        try:
            print("Daemon beside a loop that only forwards bytes (CPU in % of one core)")
            print("  pumps   loop CPU   daemon CPU   ratio (goal < 3)   daemon MB (goal < 150)")
            for pumps in (1, 5, 20):
                pair = (
                    Child("forward", pumps, broker.port),
                    Child("serve", pumps, broker.port, free_port()),
                )
                await asyncio.gather(*(child.start() for child in pair))
                loop, daemon = await asyncio.gather(*(child.measure() for child in pair))
                print(
                    f"  {pumps:5d}   {100 * loop['share']:7.1f}%   {100 * daemon['share']:9.1f}%"
                    f"   {daemon['share'] / loop['share']:16.1f}   {daemon['memory']:22.0f}"
                )
        finally:
            await broker.kill()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(measure(sys.argv[1], *map(int, sys.argv[2:])))
    else:
        asyncio.run(main())

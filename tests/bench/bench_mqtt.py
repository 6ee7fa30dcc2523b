"""From a frame's arrival to the MQTT message in a subscriber's hands, beside the bare round trip.

Both in the same run, over the same broker on loopback, to the same subscriber, which is a process
of its own; the bare message is of the same size, from a client that does nothing else. Goal: under
twice the bare message at p50. The frame goes the daemon's own way: it is decoded, goes through the
core, its view to the publisher, and itself to the disk.
"""

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import aiomqtt

from end_to_end.brokers import MOSQUITTO, BrokerProcess, EmbeddedBroker, Mosquitto
from lullaflow.config import MqttSettings
from lullaflow.daemon.runner import PumpRunner
from lullaflow.link.items import FrameArrived, LinkItem
from lullaflow.publish import Publisher
from lullaflow.publish import figures as figures_module
from lullaflow.session.inputs import CoreSettings
from lullaflow.session.view import View
from lullaflow.store import open_store
from lullaflow_protocol import wire
from lullaflow_protocol.events import Event
from unit.pumping import frames

VERSION = aiomqtt.ProtocolVersion.V311
BARE, STATE = "bench", "lullaflow/pump/state"
ROUNDS = 400
SPACING_S = 0.01
QUIET_FRAMES = 30
"""Before the session, when nothing changes."""


class ScriptedLink:
    """The radio's edge: frames are put in here."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[LinkItem] = asyncio.Queue()

    def resume_after(self, boot_id: int, seq: int) -> None:
        """Nothing is stored yet."""

    async def items(self) -> AsyncIterator[LinkItem]:
        """Yield what is put in."""
        while True:
            yield await self.queue.get()


class Followers:
    """The publisher, as the daemon tells it."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def on_event(self, event: Event) -> None:
        """Pass on."""
        self._publisher.on_event(event)

    def on_view(self, pump: str, view: View) -> None:
        """Pass on."""
        self._publisher.on_view(pump, view)


async def no_command(pump: str, command: str, payload: str) -> str:
    """Refuse, which nobody asks for here."""
    return f"{pump} {command} {payload}"


async def subscribe(port: int) -> None:
    """Write topic and moment of each message to standard output: a subscriber's own process."""
    async with aiomqtt.Client("127.0.0.1", port, protocol=VERSION) as client:
        await client.subscribe([(BARE, 1), (STATE, 1)])
        print("ready", flush=True)
        async for message in client.messages:
            print(message.topic, time.perf_counter(), flush=True)


class Subscriber:
    """Somebody else in the house, who says when a message came, by the machine's one clock."""

    def __init__(self) -> None:
        self._heard: dict[str, asyncio.Queue[float]] = {
            BARE: asyncio.Queue(),
            STATE: asyncio.Queue(),
        }

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[None]:
        """Listen while the block runs."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, __file__, "subscribe", str(port)), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        await process.stdout.readline()
        collector = asyncio.create_task(self._collect(process.stdout))
        try:
            yield
        finally:
            collector.cancel()
            process.kill()
            await process.wait()

    async def _collect(self, lines: asyncio.StreamReader) -> None:
        async for line in lines:
            topic, moment = line.decode().split()
            self._heard[topic].put_nowait(float(moment))

    async def next(self, topic: str, since_s: float) -> float:
        """Return how long after `since_s` the next message came, s; none from before counts."""
        while (moment := await self._heard[topic].get()) < since_s:
            pass
        return moment - since_s


async def measure(port: int, folder: Path) -> tuple[list[float], list[float]]:
    """Return times of a bare message, and from a frame's arrival to its state, both s.

    In turns, so that whatever else the machine does befalls both.
    """
    figures_module.STATE_EVERY_S = 0.0  # type: ignore[misc] # each frame is to be heard of
    link = ScriptedLink()
    subscriber = Subscriber()
    bare: list[float] = []
    daemon: list[float] = []
    settings = MqttSettings(port=port, protocol="3.1.1", discovery="off")
    async with (
        open_store(folder / "bench.db") as store,
        aiomqtt.Client("127.0.0.1", port, protocol=VERSION) as talker,
        subscriber.listening(port),
    ):
        publisher = Publisher(settings, store, {"pump": "Pump"}, no_command)
        runner = PumpRunner(
            "pump", link, store, CoreSettings(), lambda: datetime.now(UTC), Followers(publisher)
        )
        tasks = [asyncio.create_task(job) for job in (publisher.run(), runner.run())]
        for number, raw in enumerate(frames((5.0, False), (ROUNDS / 2 + 20.0, True))):
            await asyncio.sleep(SPACING_S)
            began_s = time.perf_counter()
            link.queue.put_nowait(FrameArrived(raw, wire.decode_frame(raw), replayed=False))
            if number < QUIET_FRAMES:
                continue
            daemon.append(await subscriber.next(STATE, began_s))
            await asyncio.sleep(SPACING_S)
            began_s = time.perf_counter()
            await talker.publish(BARE, b"x" * 700, qos=1)
            bare.append(await subscriber.next(BARE, began_s))
            if len(daemon) >= ROUNDS:
                break
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return bare, daemon


def quantiles(times: list[float]) -> tuple[float, float]:
    """Return p50 and p99 in ms."""
    cuts = statistics.quantiles([1000 * each for each in times], n=100)
    return cuts[49], cuts[98]


async def main() -> None:
    """Measure and print."""
    kind: type[BrokerProcess] = Mosquitto if MOSQUITTO else EmbeddedBroker
    folder = Path(tempfile.mkdtemp(prefix="lullaflow-bench-"))
    broker: Any = kind(folder)
    await broker.start()
    try:
        round_trip, daemon = (quantiles(times) for times in await measure(broker.port, folder))
    finally:
        await broker.kill()
        shutil.rmtree(folder)
    print(f"MQTT latency over {kind.__name__}, {ROUNDS} messages each, ms")
    print(f"  bare round trip, QoS 1          p50 {round_trip[0]:6.2f}   p99 {round_trip[1]:6.2f}")
    print(f"  frame arrival to subscriber     p50 {daemon[0]:6.2f}   p99 {daemon[1]:6.2f}")
    print(f"  ratio at p50                    {daemon[0] / round_trip[0]:.2f} (goal: under 2)")


if __name__ == "__main__":
    asyncio.run(subscribe(int(sys.argv[2])) if sys.argv[1:] else main())

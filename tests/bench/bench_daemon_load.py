"""CPU and memory of the daemon with 1, 5 and 20 pumps, beside a loop that only forwards bytes.

Both get the same frames at a pump's own pace (two a second each) at the point where Bluetooth hands
them over, so the radio's cost, equal for both, is left out. The daemon stores each frame, detects,
and publishes; its page is loaded, nobody looks at it. Goals: under 3 times the loop's CPU, under
150 MB.
"""

import asyncio
import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import psutil

from end_to_end.brokers import MOSQUITTO, BrokerProcess, EmbeddedBroker, Mosquitto
from unit.pumping import frames

FOR_S = 24.0
FRAME_S = 0.5


async def at_pace(number: int) -> AsyncIterator[bytes]:
    """Yield a pumping board's frames, two a second; the boards begin one after the other."""
    await asyncio.sleep(FRAME_S * (number % 10) / 10)
    clock = asyncio.get_running_loop().time
    due = clock()
    for raw in frames((FOR_S + 60.0, True)):
        yield raw
        due += FRAME_S
        await asyncio.sleep(max(0.0, due - clock()))


async def forward(pumps: int, port: int) -> None:
    """Forward bytes to the broker, and nothing else."""
    import aiomqtt

    importlib.import_module("bleak")
    async with aiomqtt.Client("127.0.0.1", port) as client:

        async def carry(number: int) -> None:
            async for raw in at_pace(number):
                await client.publish(f"raw/{number}", raw, qos=1)

        async with asyncio.TaskGroup() as group:
            for number in range(pumps):
                group.create_task(carry(number))


async def serve(pumps: int, port: int, folder: Path) -> None:
    """Run what the daemon runs, from the link's items on."""
    importlib.import_module("lullaflow.daemon.service")
    importlib.import_module("lullaflow.web")
    from lullaflow.config import MqttSettings
    from lullaflow.daemon.runner import PumpRunner
    from lullaflow.link.items import FrameArrived, LinkItem
    from lullaflow.publish import Publisher
    from lullaflow.session.inputs import CoreSettings
    from lullaflow.store import open_store
    from lullaflow_protocol import wire

    class PacedLink:
        def __init__(self, number: int) -> None:
            self._number = number

        def resume_after(self, boot_id: int, seq: int) -> None:
            """Nothing is stored yet."""

        async def items(self) -> AsyncIterator[LinkItem]:
            async for raw in at_pace(self._number):
                yield FrameArrived(raw, wire.decode_frame(raw), replayed=False)
            await asyncio.Event().wait()

    async def no_command(pump: str, command: str, payload: str) -> str:
        return f"{pump} {command} {payload}"

    names = {f"pump{number}": f"Pump {number}" for number in range(pumps)}
    async with open_store(folder / "load.db") as store:
        publisher = Publisher(MqttSettings(port=port), store, names, no_command)
        async with asyncio.TaskGroup() as group:
            group.create_task(publisher.run())
            for number, slug in enumerate(names):
                runner = PumpRunner(
                    slug,
                    PacedLink(number),
                    store,
                    CoreSettings(),
                    lambda: datetime.now(UTC),
                    publisher,
                )
                group.create_task(runner.run())


async def measure(kind: str, pumps: int, port: int) -> None:
    """Print CPU (share of one core) and memory (MB) of this process while it works."""
    with tempfile.TemporaryDirectory(prefix="lullaflow-bench-") as folder:
        work = forward(pumps, port) if kind == "forward" else serve(pumps, port, Path(folder))
        task = asyncio.create_task(work)
        await asyncio.sleep(4.0)  # for imports and connecting
        began_s, cpu_s = time.monotonic(), time.process_time()
        await asyncio.sleep(FOR_S - 4.0)
        if task.done():
            task.result()
        share = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
        memory = psutil.Process().memory_info().rss / 1e6
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    print(json.dumps({"share": share, "memory": memory}))


def child(kind: str, pumps: int, port: int) -> dict[str, float]:
    """Measure in a fresh process."""
    done = subprocess.run(
        [sys.executable, __file__, kind, str(pumps), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        text=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


async def main() -> None:
    """Measure everything and print a table."""
    broker_kind: type[BrokerProcess] = Mosquitto if MOSQUITTO else EmbeddedBroker
    with tempfile.TemporaryDirectory(prefix="lullaflow-bench-") as folder:
        broker = broker_kind(Path(folder))
        await broker.start()
        try:
            print("Daemon beside a loop that only forwards bytes (CPU in % of one core)")
            print("  pumps   loop CPU   daemon CPU   ratio (goal < 3)   daemon MB (goal < 150)")
            for pumps in (1, 5, 20):
                loop = await asyncio.to_thread(child, "forward", pumps, broker.port)
                daemon = await asyncio.to_thread(child, "serve", pumps, broker.port)
                print(
                    f"  {pumps:5d}   {100 * loop['share']:7.1f}%   {100 * daemon['share']:9.1f}%"
                    f"   {daemon['share'] / loop['share']:16.1f}   {daemon['memory']:22.0f}"
                )
        finally:
            await broker.kill()


if __name__ == "__main__":
    if len(sys.argv) == 4:
        asyncio.run(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    else:
        asyncio.run(main())

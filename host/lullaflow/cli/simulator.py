"""The simulated pump, run by the demo as a process of its own, met over (virtual) radio only."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from lullaflow.cli.shared import CommandError

# The simulator starts in about a second; a slow board computer gets much more.
READY_WITHIN_S = 30.0
STOP_WITHIN_S = 5.0

log = structlog.get_logger(__name__)


class Simulator:
    """A running `lullaflow-sim`.

    Attributes:
        radio: where its radio can be reached, as `bluetooth.controller` names it.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.radio = ""
        self._complaint: str | None = None

    async def wait(self) -> None:
        """Return when its sessions are over.

        Raises:
            CommandError: when it ended for any other reason.
        """
        code = await self._process.wait()
        if code != 0:
            why = self._complaint or _ending(code)
            raise CommandError(f"The simulated pump has stopped: {why}")

    async def follow(self, stream: asyncio.StreamReader, *, complaints: bool = False) -> None:
        """Pass what it says on a stream on to the log, and keep its last complaint."""
        async for line in stream:
            text = line.decode(errors="replace").rstrip()
            if complaints and text:
                self._complaint = text
            log.debug("simulator", said=text)


def _ending(code: int) -> str:
    if code < 0:
        return f"somebody ended it ({signal.Signals(-code).name})."
    return f"it ended with code {code}."


@asynccontextmanager
async def simulator(arguments: Sequence[str]) -> AsyncIterator[Simulator]:
    """Run `lullaflow-sim` while the block runs; the block begins when its radio can be reached.

    The simulator chooses its radio's port itself: by the time it has started, another program might
    have taken one that was free before.

    Raises:
        CommandError: when it does not start.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lullaflow_sim", "--radio", "tcp-server:127.0.0.1:0", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us; we end it when the daemon has let go of it
    )
    running = Simulator(process)
    try:
        async with asyncio.TaskGroup() as followers:
            out, err = process.stdout, process.stderr
            if out is None or err is None:
                raise CommandError("The simulated pump's output cannot be read.")
            followers.create_task(running.follow(err, complaints=True), name="simulator.stderr")
            try:
                async with asyncio.timeout(READY_WITHIN_S):
                    ready = await out.readline()
            except TimeoutError:
                raise CommandError("The simulated pump did not start in time.") from None
            if not ready:
                await running.wait()
                raise CommandError("The simulated pump ended at once.")
            try:
                running.radio = json.loads(ready)["radio"]
            except (ValueError, KeyError, TypeError):
                raise CommandError("The simulated pump does not say where its radio is.") from None
            followers.create_task(running.follow(out), name="simulator.stdout")
            try:
                yield running
            finally:
                await _stop(process)
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()

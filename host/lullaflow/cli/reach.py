"""Reaching one pump from a command, without the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lullaflow.cli.shared import CommandError, console
from lullaflow.config import Config
from lullaflow_protocol import wire

if TYPE_CHECKING:
    from lullaflow.link import PumpLink

# For finding, connecting and pairing; a slow adapter needs 15 s for connecting alone.
CONNECT_WITHIN_S: Final = 45.0
# Live frames come twice a second, after those that the board had kept: 300 of them take 5 s.
FRAME_WITHIN_S: Final = 15.0

PumpArgument = Annotated[
    str | None, typer.Argument(help="The pump's slug from the settings, when there are several.")
]
PumpOption = Annotated[
    str | None,
    typer.Option("--pump", help="The pump's slug from the settings, when there are several."),
]


class ReachedPump:
    """A pump that is connected.

    Args:
        link: keeps it so.

    Attributes:
        name: of its board, as it was heard.
        address: of its board.
        status: of its board, the newest.
    """

    def __init__(self, link: PumpLink) -> None:
        self.name = ""
        self.address = ""
        self._link = link
        self._up = asyncio.Event()
        self._frames: asyncio.Queue[wire.Frame] = asyncio.Queue()
        self._newest: wire.Status | None = None

    @property
    def status(self) -> wire.Status:
        """The board's newest status."""
        assert self._newest is not None, "asked for before the pump was up"  # noqa: S101
        return self._newest

    async def ask(self, opcode: int, payload: bytes = b"") -> bytes:
        """Ask the board for something and return the payload of its reply.

        Raises:
            LinkError: no answer, or refused (`CommandRefusedError`).
        """
        return await self._link.command(opcode, payload)

    async def read(self, uuid: str) -> bytes | None:
        """Read a characteristic; None where there is none that can be read."""
        return await self._link.read(uuid)

    async def next_frames(self, count: int) -> Sequence[wire.Frame]:
        """Wait for the next live frames.

        Raises:
            CommandError: they do not come.
        """
        while not self._frames.empty():
            self._frames.get_nowait()
        try:
            async with asyncio.timeout(FRAME_WITHIN_S):
                return [await self._frames.get() for _ in range(count)]
        except TimeoutError:
            raise CommandError(
                "The pump sends nothing any more. Bring its board near and try again."
            ) from None

    async def follow(self) -> None:
        """Take what the link tells, until cancelled."""
        from lullaflow.link import FrameArrived, LinkUp, StatusRead

        async with aclosing(self._link.items()) as items:
            async for item in items:
                match item:
                    case LinkUp(address, name):
                        self.address, self.name = address, name
                    case StatusRead(status):
                        self._newest = status
                        if self.address:  # else it came early, while subscribing
                            self._up.set()
                    case FrameArrived(_, frame, replayed) if not replayed:
                        self._frames.put_nowait(frame)

    async def is_up(self) -> None:
        """Wait until it is connected and has told its status."""
        await self._up.wait()


def chosen_slug(config: Config, asked: str | None) -> str:
    """Return the pump that is meant.

    Args:
        config: the settings.
        asked: its slug; None where there is only one.

    Raises:
        CommandError: there is no such pump, or no one was named of several.
    """
    if asked is None and len(config.pumps) == 1:
        return next(iter(config.pumps))
    if asked not in config.pumps:
        raise CommandError(f"Name one of the pumps in the settings: {', '.join(config.pumps)}.")
    return asked


@asynccontextmanager
async def reached(
    config: Config, asked: str | None, *, to_pair: bool = False
) -> AsyncIterator[ReachedPump]:
    """Connect to a pump while the block runs.

    Args:
        config: the settings.
        asked: the pump's slug, None when there is only one.
        to_pair: whether to pair with it is what is asked.

    Raises:
        CommandError: it cannot be reached, or refused something within the block.
    """
    from lullaflow.link import LinkError, PumpLink, open_radio

    slug = chosen_slug(config, asked)
    bluetooth = config.bluetooth
    try:
        async with open_radio(
            bluetooth.controller, bluetooth.adapter, config.store.path.parent
        ) as radio:
            address = config.pumps[slug].address
            pump = ReachedPump(PumpLink(slug, radio, address=address, asked=to_pair))
            async with asyncio.TaskGroup() as group:
                follower = group.create_task(pump.follow(), name="reach.follow")
                await _wait_for(pump)
                try:
                    yield pump
                finally:
                    follower.cancel()
    except* LinkError as errors:
        raise CommandError(str(errors.exceptions[0])) from None


async def _wait_for(pump: ReachedPump) -> None:
    try:
        with console.status("looking for the pump"):
            async with asyncio.timeout(CONNECT_WITHIN_S):
                await pump.is_up()
    except TimeoutError:
        raise CommandError(
            "The pump could not be reached. Switch its board on, bring it near, and stop the "
            "daemon while you use this command: the board talks to one at a time."
        ) from None

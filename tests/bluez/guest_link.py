"""Runs in the guest: one pump's link on the system's BlueZ, told as JSON lines."""

import asyncio
import json
import sys
from pathlib import Path

import structlog

from lullaflow.link import FrameArrived, GapFilled, LinkDown, LinkUp, PumpLink, open_radio


def say(**said: object) -> None:
    """Print one line; the reader may be gone."""
    print(json.dumps(said), flush=True)


def say_log(logger: object, method: str, entry: dict[str, object]) -> str:
    """Make log lines part of the story."""
    del logger
    say(log=entry.pop("event"), level=method, about={k: str(v) for k, v in entry.items()})
    raise structlog.DropEvent


async def main(adapter: str, boot_id: str = "", seq: str = "") -> None:
    """Follow the pump until killed, after a frame that is stored already if one is named."""
    structlog.configure(processors=[say_log])
    async with open_radio("", adapter, Path("/var/tmp")) as radio:
        link = PumpLink("pump", radio)
        if boot_id:
            link.resume_after(int(boot_id), int(seq))
        async for item in link.items():
            match item:
                case FrameArrived():
                    say(frame=item.raw.hex(), boot=item.frame.boot_id, seq=item.frame.seq)
                case GapFilled(recovered, lost):
                    say(recovered=recovered, lost=lost)
                case LinkUp(address):
                    say(up=address)
                case LinkDown():
                    say(down=True)


asyncio.run(main(*sys.argv[1:]))

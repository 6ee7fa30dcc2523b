"""The page and the players in a process of their own, with a core that is told what to show.

Reads one JSON object a line: `{"pump": ..., "view": {...}}`. Prints one for each command that a
hand gives on the page, and `{"ready": true}` once the page answers.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

from lullaflow.config import WebSettings
from lullaflow.cues.players import Players
from lullaflow.cues.policy import RunningCue
from lullaflow.logs import set_up_logs
from lullaflow.session.view import View
from lullaflow.web import Page


class SilentSpeaker:
    """A loudspeaker that asks for sound as a real one does, and keeps it to itself."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    def start(self, stream: Generator[bytes, int, None]) -> None:
        threading.Thread(target=self._pull, args=(stream,), daemon=True).start()

    def close(self) -> None:
        self._closed.set()

    def _pull(self, stream: Generator[bytes, int, None]) -> None:
        while not self._closed.wait(0.1):
            stream.send(4410)


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def view_of(fields: dict[str, Any]) -> View:
    cues = tuple(RunningCue(kind, kind, 1) for kind in fields.pop("cues", ()))
    return View(cues=cues, **fields)


async def ask(pump: str, command: str) -> str:
    say(pump=pump, command=command)
    return "The pump has not been connected yet." if pump == "deaf" else ""


async def follow_orders(page: Page, players: Players) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        order = json.loads(line)
        view = view_of(order["view"])
        players.on_view(order["pump"], view)
        page.on_view(order["pump"], view)


async def main(port: int, photos: Path | None, names: dict[str, str]) -> None:
    set_up_logs()
    players = Players(None, photos, 0.5, opener=SilentSpeaker)
    page = Page(WebSettings(port=port), names, players.music, ask, lambda: True)
    page.bind()
    players.on_photo.append(page.on_photo)
    async with asyncio.TaskGroup() as group:
        group.create_task(players.run())
        serving = group.create_task(page.run())
        say(ready=True)
        await follow_orders(page, players)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        sys.exit()


if __name__ == "__main__":
    asyncio.run(
        main(int(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2] else None, json.loads(sys.argv[3]))
    )

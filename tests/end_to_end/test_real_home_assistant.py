"""A real Home Assistant beside a running daemon: finds everything, obeys, complains of nothing.

Skipped by name where Home Assistant is not installed. `LULLAFLOW_HOME_ASSISTANT_PYTHON` names an
interpreter that has it; docs/mqtt.md says how to make one.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lullaflow.cli.ports import free_port
from unit.test_home_assistant import PACKAGE, dashboard_entities, home_assistant

from .house import MOSQUITTO, house, mosquitto_broker

SCRIPT = Path(__file__).with_name("home_assistant_run.py")


def see(key: str, state: str | None = None) -> dict[str, Any]:
    """Wait until an entity has a state; None takes any that tells something."""
    return {"key": key, "state": state}


def do(service: str, key: str, state: str | None = None, **data: Any) -> dict[str, Any]:
    step = {"service": service, "key": key, "data": data}
    return step if state is None else {**step, "state": state}


BLUEPRINT_INPUTS = {
    "slow_let_down": {
        "extra": [{"action": "switch.turn_on", "target": {"entity_id": "entity:quiet"}}]
    },
    "warm_pad": {"pad": "entity:learning"},
}
"""The third one wants a phone that is known to Home Assistant's app."""

STEPS = (
    see("link", "on"),
    # Born anew, it must be told everything once more.
    {"reload": True},
    see("battery_percent", "87"),
    see("phase", "stimulation"),
    see("session", "on"),
    see("firmware", "off"),
    see("identify", "unknown"),
    see("start_music", "unknown"),
    {"blueprints": BLUEPRINT_INPUTS},
    do("number.set_value", "volume", "30", value=30),
    do("select.select_option", "scene", "Photo only", option="Photo only"),
    do("switch.turn_off", "learning", "off"),
    see("slow", "on"),
    # By the blueprint's automation.
    see("quiet", "on"),
    see("photo"),
    do("button.press", "start_music"),
    do("button.press", "identify"),
    do("button.press", "end_session"),
    see("session", "off"),
    see("last_duration_s"),
    see("event"),
)
NAMES_ARE_OURS_SINCE = (2025, 10)
"""From here on Home Assistant heeds `default_entity_id`, by which the dashboard finds entities."""


@dataclass
class Assistant:
    """A Home Assistant that is at home before the pump is: starting it may take a while."""

    folder: Path
    process: asyncio.subprocess.Process | None = None

    @asynccontextmanager
    async def broker(self, log: Path) -> AsyncIterator[int]:
        """Its broker, while the block runs."""
        python = home_assistant()
        assert python is not None
        async with mosquitto_broker(log) as port:
            self.process = await asyncio.create_subprocess_exec(
                python,
                str(SCRIPT),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                await self._until_ready(port)
                yield port
            finally:
                if self.process.returncode is None:
                    self.process.kill()
                await self.process.communicate()

    async def _until_ready(self, broker_port: int) -> None:
        self.folder.mkdir()
        (self.folder / "configuration.yaml").touch()
        shutil.copytree(PACKAGE / "blueprints", self.folder / "blueprints")
        orders = {
            "folder": str(self.folder),
            "web_port": free_port(),
            "broker_port": broker_port,
            "steps": STEPS,
        }
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(orders).encode())
        self.process.stdin.close()
        if await self.process.stdout.readline() != b"ready\n":
            _, err = await self.process.communicate()
            pytest.fail(err.decode())


@pytest.mark.timeout(300)
@pytest.mark.skipif(home_assistant() is None, reason="Home Assistant is not installed")
@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
async def test_everything_appears_and_obeys_and_nothing_is_complained_of(tmp_path: Path) -> None:
    at_home = Assistant(tmp_path / "assistant")
    async with house(
        tmp_path,
        "none",
        speed=8,
        broker=at_home.broker,
        settings="[cues]\nsound = true",
        mqtt='photo = true\nlanguage = "en"',
    ):
        assistant = at_home.process
        assert assistant is not None
        out, err = await assistant.communicate()
    assert assistant.returncode == 0, err.decode()
    seen = json.loads(out.decode().splitlines()[-1])
    (tmp_path / "seen.json").write_text(json.dumps(seen, indent=1))
    assert [name for name, _, _ in seen["devices"]] == ["pump"]
    entities = seen["entities"]
    assert len(entities) >= 38, sorted(entities)
    for entity, about in entities.items():
        # What needs the board is unavailable only once the board is gone.
        assert about["disabled"] or about["state"] not in (None, "unavailable"), entity
    assert {"let_down", "let_down_slow", "cue_started", "session_ended"} <= set(seen["triggers"])
    assert any(about["words"] for about in entities.values())
    year, month, *_ = seen["version"].split(".")
    if (int(year), int(month)) >= NAMES_ARE_OURS_SINCE:
        assert dashboard_entities() <= set(entities)
    assert seen["automations"] == {"slow_let_down": ["on", True], "warm_pad": ["on", False]}
    assert seen["complaints"] == []

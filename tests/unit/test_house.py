"""What the daemon tells the house, and what the house may ask of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lullaflow.config import Config, WebSettings
from lullaflow.daemon.firmware import firmware_at_hand
from lullaflow.daemon.house import House, page_url
from lullaflow.daemon.knobs import Knobs
from lullaflow.publish import Publisher
from lullaflow.session.inputs import RecordingInfo
from lullaflow.session.view import View
from lullaflow.store import Store, open_store

from .test_knobs import Speaker


@dataclass
class Link:
    battery_percent: int | None = 87
    signal_dbm: int | None = -60
    firmware: str | None = "0.1.0"


async def pass_on(pump: str, command: str, payload: str) -> str:
    return f"{pump} {command} {payload}"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "l.db") as opened:
        yield opened


async def test_knobs_are_turned_here_and_everything_else_is_passed_on(store: Store) -> None:
    speaker = Speaker()
    knobs = Knobs(Config(), speaker, {"own": None})
    house = House(Config(), store, {"pump": Link()}, knobs, pass_on)
    assert await house.on_command("pump", "set_quiet", " on ") == ""
    assert speaker.muted
    assert await house.on_command("pump", "set_quiet", "perhaps") == "set_quiet takes ON or OFF."
    assert await house.on_command("pump", "tare", "left") == "pump tare left"


async def test_what_the_broker_kept_of_a_session_that_is_over_is_corrected_at_the_start(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, View]] = []
    monkeypatch.setattr(Publisher, "on_view", lambda _, pump, view: told.append((pump, view)))
    knobs = Knobs(Config(), Speaker(), {"own": None})
    house = House(Config(), store, {"pump": Link()}, knobs, pass_on)
    await house.recall(store)
    assert told == [("pump", View(link_up=False))]
    # With something to resume, the pump's runner tells.
    await store.begin_recording(1, RecordingInfo("pump", datetime(2026, 5, 4, tzinfo=UTC)))
    await house.recall(store)
    assert len(told) == 1


def test_the_firmware_at_hand_names_its_version() -> None:
    assert [int(part) for part in firmware_at_hand().split(".")] >= [0, 1, 0]


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", ""), ("0.0.0.0", ""), ("192.168.1.9", "http://192.168.1.9:8120")],
)
def test_only_an_address_that_others_can_open_is_told(host: str, url: str) -> None:
    assert page_url(WebSettings(host=host)) == url

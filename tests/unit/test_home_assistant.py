"""What Home Assistant itself says of our messages and blueprints, and what we know without it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from lullaflow.config import MqttSettings
from lullaflow.publish.discovery import Knob, Offer, config_messages
from lullaflow.publish.discovery.entities import TRIGGERS
from lullaflow.publish.state import pump_state
from lullaflow.session.view import View
from lullaflow_protocol.topics import Topics

PACKAGE = Path(__file__).parents[2] / "integrations" / "home_assistant"
BLUEPRINTS = sorted((PACKAGE / "blueprints" / "automation" / "lullaflow").glob("*.yaml"))
OFFER = Offer(
    cues={"music": "music", "photo": "photo"},
    knobs=(
        Knob("volume", "number"),
        *(Knob(name, "switch") for name in ("quiet", "cues", "learning")),
        Knob("music", "select", ("all", "own", 'Grand\'mère "1"/')),
        Knob("scene", "select", ("all", "music", "photo")),
    ),
    battery=True,
    signal=True,
    firmware="0.1.0",
)
SETTINGS = MqttSettings(language="en", photo=True)


class Loader(yaml.SafeLoader):
    """Reads `!input` as Home Assistant does."""


Loader.add_constructor("!input", lambda loader, node: Input(loader.construct_scalar(node)))


class Input(str):
    """A blueprint's input, by name."""

    __slots__ = ()


def read(path: Path) -> dict[str, Any]:
    return dict(yaml.load(path.read_text("utf-8"), Loader))


def walk(node: Any) -> Any:
    yield node
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from walk(child)


def home_assistant() -> str | None:
    """Return an interpreter that has Home Assistant."""
    if named := os.environ.get("LULLAFLOW_HOME_ASSISTANT_PYTHON"):
        return named
    return sys.executable if importlib.util.find_spec("homeassistant") else None


@pytest.mark.skipif(home_assistant() is None, reason="Home Assistant is not installed")
@pytest.mark.parametrize("form", ["device", "entities"])
def test_home_assistant_itself_has_nothing_against_us(form: str) -> None:
    python = home_assistant()
    assert python is not None
    settings = SETTINGS.model_copy(update={"discovery": form})
    messages = config_messages(settings, Topics(), {"pump": "Pump"}, OFFER)
    state = pump_state(View(session="s", faults={"left weight": "silent"}))
    now = datetime.now(UTC)
    event, old, other = (
        json.dumps({"type": kind, "id": "x", "pump": "pump", "at": at.isoformat()})
        for kind, at in (
            *(("let_down", now), ("let_down", now - timedelta(hours=2))),
            ("link_lost", now),
        )
    )
    heard = {**json.loads(event), "event_type": "let_down", "words": "Milk is flowing"}
    asked = {
        "messages": {topic: json.loads(text) for topic, text in messages.items()},
        "blueprints": [str(path) for path in BLUEPRINTS],
        "states": {
            "lullaflow/pump/state": state.model_dump_json(by_alias=True),
            "lullaflow/pump/event": event,
        },
        "renders": [
            *(("event", event, json.dumps(heard)), ("trigger_let_down", event, "let_down")),
            # What is long over turns no light on.
            *(("event", old, ""), ("trigger_let_down", old, "")),
            *(("event", other, ""), ("trigger_let_down", other, "link_lost")),
        ],
    }
    script = Path(__file__).with_name("home_assistant_validate.py")
    done = subprocess.run(
        [python, str(script)], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_blueprints_use_what_they_ask_for_and_ask_for_what_they_use(path: Path) -> None:
    blueprint = read(path)
    head = blueprint["blueprint"]
    assert head["domain"] == "automation"
    assert {"name", "description", "homeassistant", "input"} <= set(head)
    asked = set(head["input"])
    body = {key: value for key, value in blueprint.items() if key != "blueprint"}
    used = {str(node) for node in walk(body) if isinstance(node, Input)}
    assert used == asked
    for name, field in head["input"].items():
        assert {"name", "selector"} <= set(field), name
    assert {"triggers", "actions", "mode"} <= set(body)


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_blueprints_wait_for_triggers_that_are_announced(path: Path) -> None:
    triggers = [n for n in walk(read(path)) if isinstance(n, dict) and n.get("domain") == "mqtt"]
    assert triggers
    for trigger in triggers:
        assert trigger["type"] in TRIGGERS
        assert trigger["subtype"] == "pumping"


def dashboard_entities() -> set[str]:
    """Return the names of all entities that the dashboard shows."""
    dashboard = yaml.safe_load((PACKAGE / "dashboard.yaml").read_text("utf-8"))
    shown = {n["entity"] for n in walk(dashboard) if isinstance(n, dict) and "entity" in n}
    assert shown
    return shown


def test_the_dashboard_shows_entities_that_exist() -> None:
    dashboard = yaml.safe_load((PACKAGE / "dashboard.yaml").read_text("utf-8"))
    (text,) = config_messages(SETTINGS, Topics(), {"pump": "Pump"}, OFFER).values()
    known = {
        component["default_entity_id"]
        for component in json.loads(text)["components"].values()
        if "default_entity_id" in component
    }
    assert dashboard_entities() <= known
    kinds = {"heading", "tile", "conditional", "markdown", "horizontal-stack", "button", "grid"}
    cards = [
        node["type"]
        for view in dashboard["views"]
        for node in walk(view["sections"])
        if isinstance(node, dict) and "type" in node
    ]
    assert set(cards) <= kinds


def test_nothing_we_ship_shows_how_much_milk_there_was() -> None:
    """A dashboard on the wall is seen by visitors, and nobody should feel measured."""
    for path in (*BLUEPRINTS, PACKAGE / "dashboard.yaml"):
        assert not re.search(r"volume_m?l|flow_m?l|_ml\b", path.read_text("utf-8")), path.name

"""A real Home Assistant against a broker. Run by an interpreter that has it; not by pytest.

Reads its orders as JSON from standard input; says `ready` on standard output when it is at home,
and last of all, as JSON, what it saw.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
from typing import Any

from homeassistant import bootstrap, config_entries, const, core, loader
from homeassistant.auth import auth_manager_from_config
from homeassistant.components.device_automation import (
    DeviceAutomationType,
    async_get_device_automations,
)
from homeassistant.helpers import device_registry, entity_registry
from homeassistant.setup import async_setup_component

PATIENCE_S = 90.0


class Complaints(logging.Handler):
    """Keeps every warning of Home Assistant's own."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        # It judges Home Assistant's own code (and how it is started here), not what we say.
        if record.name != "homeassistant.helpers.frame":
            self.said.append(f"{record.name}: {record.getMessage()}")


def entity_of(hass: core.HomeAssistant, key: str) -> str | None:
    """Return the entity with this key of ours: how it is called differs between versions."""
    for entity in entity_registry.async_get(hass).entities.values():
        if entity.unique_id == f"lullaflow_pump_{key}":
            return entity.entity_id
    return None


def is_so(now: str, expected: str | None) -> bool:
    """Tell whether a state is as expected; None expects any that tells something."""
    return now == expected or (expected is None and now not in ("unknown", "unavailable"))


async def until(hass: core.HomeAssistant, key: str, state: str | None) -> str:
    """Wait until an entity has a state; None takes any that is known. Return its name there."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                entity = entity_of(hass, key)
                now = None if entity is None else hass.states.get(entity)
                if entity is not None and now is not None and is_so(now.state, state):
                    return entity
                await asyncio.sleep(0.05)
    except TimeoutError:
        there = {each.entity_id: each.state for each in hass.states.async_all()}
        raise SystemExit(f"{key} never became {state}; there is {there}") from None


async def use_blueprints(hass: core.HomeAssistant, wanted: dict[str, Any]) -> None:
    """Make an automation of each blueprint for the one pump; `entity:KEY` stands for its entity."""

    def known(text: str) -> str:
        return re.sub(r"entity:(\w+)", lambda found: str(entity_of(hass, found[1])), text)

    (pump,) = device_registry.async_get(hass).devices.values()
    automations = [
        {
            "id": name,
            "alias": name,
            "use_blueprint": {
                "path": f"lullaflow/{name}.yaml",
                "input": {"pump": pump.id, **inputs},
            },
        }
        for name, inputs in json.loads(known(json.dumps(wanted))).items()
    ]
    await async_setup_component(hass, "automation", {"automation": automations})


async def run(orders: dict[str, Any]) -> dict[str, Any]:
    complaints = Complaints()
    logging.getLogger("homeassistant").addHandler(complaints)
    hass = core.HomeAssistant(orders["folder"])
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth_manager_from_config(hass, [{"type": "homeassistant"}], [])
    web = {"server_port": orders["web_port"], "server_host": ["127.0.0.1"]}
    await async_setup_component(hass, "http", {"http": web})
    hass.set_state(core.CoreState.running)
    entry = config_entries.ConfigEntry(
        domain="mqtt",
        title="house",
        data={"broker": "127.0.0.1", "port": orders["broker_port"]},
        version=1,
        minor_version=2,
        options={},
        source="user",
        unique_id=None,
        discovery_keys={},
        subentries_data=[],
    )
    await hass.config_entries.async_add(entry)
    if entry.state is not config_entries.ConfigEntryState.LOADED:
        raise SystemExit(f"MQTT is {entry.state}: {complaints.said}")
    print("ready", flush=True)
    for step in orders["steps"]:
        if "blueprints" in step:
            await use_blueprints(hass, step["blueprints"])
        if "reload" in step:
            await hass.config_entries.async_reload(entry.entry_id)
        if "service" in step:
            domain, service = step["service"].split(".")
            target = {"entity_id": entity_of(hass, step["key"]), **step["data"]}
            await hass.services.async_call(domain, service, target, blocking=True)
        if "state" in step:
            await until(hass, step["key"], step["state"])
    devices = list(device_registry.async_get(hass).devices.values())
    triggers = await async_get_device_automations(
        hass, DeviceAutomationType.TRIGGER, [device.id for device in devices]
    )
    entities = entity_registry.async_get(hass).entities.values()
    seen = {
        "version": const.__version__,
        "entities": {
            entity.entity_id: {
                "name": entity.original_name,
                "disabled": entity.disabled_by is not None,
                "state": getattr(hass.states.get(entity.entity_id), "state", None),
                "words": getattr(hass.states.get(entity.entity_id), "attributes", {}).get("words"),
            }
            for entity in entities
        },
        "devices": [[device.name, device.manufacturer, device.sw_version] for device in devices],
        "triggers": sorted(
            trigger["type"]
            for of_device in triggers.values()
            for trigger in of_device
            if trigger["domain"] == "mqtt"
        ),
        "automations": {
            state.attributes["id"]: [state.state, state.attributes["last_triggered"] is not None]
            for state in hass.states.async_all("automation")
        },
        "complaints": list(complaints.said),
    }
    await hass.async_stop(force=True)
    return seen


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))

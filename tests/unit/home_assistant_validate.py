"""Run by an interpreter that has Home Assistant: its own schemas judge what we would tell it.

Standard input is JSON: `messages` (discovery messages by topic), `blueprints` (paths), `states`
(payloads by topic, on which templates are tried) and `renders` (entity, payload, and what comes of
it). Standard output is a JSON list of complaints.
"""

import asyncio
import importlib
import json
import logging
import sys
import tempfile
from typing import Any

from homeassistant import core, loader
from homeassistant.components.blueprint.models import Blueprint, BlueprintInputs
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.components.mqtt import schemas
from homeassistant.components.sensor.const import DEVICE_CLASS_STATE_CLASSES, DEVICE_CLASS_UNITS
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.template import Template
from homeassistant.util.yaml import load_yaml_dict


def check_component(hass: core.HomeAssistant, key: str, config: dict[str, Any]) -> list[str]:
    """Return what Home Assistant has against one entity or trigger."""
    config = dict(config)
    platform = config.pop("platform")
    if platform == "device_automation":
        schema = importlib.import_module(
            "homeassistant.components.mqtt.device_trigger"
        ).TRIGGER_DISCOVERY_SCHEMA
    else:
        schema = importlib.import_module(
            f"homeassistant.components.mqtt.{platform}"
        ).DISCOVERY_SCHEMA
    try:
        accepted = schema(json.loads(json.dumps(config)))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a complaint
        return [f"{key}: {error}"]
    # Newer than some of the versions that this runs with, and dropped there without a word.
    unknown = set(config) - set(accepted) - {"default_entity_id", "origin"}
    complaints = [f"{key}: {name} is unknown" for name in sorted(unknown)]
    if platform == "sensor":
        kind, state_class = accepted.get("device_class"), accepted.get("state_class")
        unit = accepted.get("unit_of_measurement")
        if kind and state_class and state_class not in DEVICE_CLASS_STATE_CLASSES.get(kind, set()):
            complaints.append(f"{key}: {state_class} is no state class of {kind}")
        if kind in DEVICE_CLASS_UNITS and unit not in DEVICE_CLASS_UNITS[kind]:
            complaints.append(f"{key}: {unit} is no unit of {kind}")
    return complaints


def check_message(hass: core.HomeAssistant, topic: str, message: dict[str, Any]) -> list[str]:
    """Return what Home Assistant has against one discovery message."""
    if "components" not in message:
        _, platform, _, key, _ = topic.split("/")
        return check_component(hass, key, {**message, "platform": platform})
    try:
        schemas.DEVICE_DISCOVERY_SCHEMA(json.loads(json.dumps(message)))
    except Exception as error:  # noqa: BLE001
        return [f"{topic}: {error}"]
    shared = {"device": message["device"], "origin": message["origin"]}
    return [
        complaint
        for key, component in message["components"].items()
        for complaint in check_component(hass, key, {**component, **shared})
    ]


def render(hass: core.HomeAssistant, message: dict[str, Any], states: dict[str, str]) -> list[str]:
    """Try every template on what is published."""
    complaints = []
    for key, component in message.get("components", {}).items():
        place = component.get("state_topic", component.get("topic", ""))
        for name in ("value_template", "json_attributes_template"):
            if name in component and place in states:
                try:
                    template = Template(component[name], hass)
                    template.async_render_with_possible_json_value(states[place])
                except Exception as error:  # noqa: BLE001
                    complaints.append(f"{key}: {error}")
    return complaints


def check_renders(
    hass: core.HomeAssistant, message: dict[str, Any], renders: list[list[str]]
) -> list[str]:
    """Return where an entity makes something else of a payload than is expected."""
    complaints = []
    for key, payload, expected in renders:
        template = Template(message["components"][key]["value_template"], hass)
        made = template.async_render_with_possible_json_value(payload, parse_result=False)
        if _loaded(made) != _loaded(expected):
            complaints.append(f"{key}: {payload} became {made!r}, not {expected!r}")
    return complaints


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def likely(selector: dict[str, Any]) -> Any:
    """Return what a person might choose."""
    ((kind, options),) = selector.items()
    options = options or {}
    choices = {
        "device": "0123456789abcdef",
        "entity": "light.lamp",
        "number": options.get("min", 1),
        "text": "06:50:00",
        "duration": {"minutes": 40},
        "action": [{"delay": "00:00:01"}],
    }
    choice = choices[kind]
    return [choice] if options.get("multiple") else choice


def check_blueprint(path: str) -> list[str]:
    """Return what Home Assistant has against a blueprint."""
    try:
        data = load_yaml_dict(path)
        blueprint = Blueprint(
            data, path=path, expected_domain="automation", schema=BLUEPRINT_SCHEMA
        )
        used = {name: likely(field["selector"]) for name, field in blueprint.inputs.items()}
        inputs = BlueprintInputs(blueprint, {"use_blueprint": {"path": path, "input": used}})
        inputs.validate()
        automation = inputs.async_substitute()
        cv.TRIGGER_SCHEMA(automation["triggers"])
        cv.CONDITIONS_SCHEMA(automation.get("conditions", []))
        cv.SCRIPT_SCHEMA(automation["actions"])
        cv.SCRIPT_VARIABLES_SCHEMA(automation.get("variables", {}))
    except Exception as error:  # noqa: BLE001
        return [f"{path}: {error}"]
    return []


async def main() -> None:
    """Judge, and print."""
    asked = json.load(sys.stdin)
    warnings: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: warnings.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("homeassistant").addHandler(handler)
    with tempfile.TemporaryDirectory() as folder:
        hass = core.HomeAssistant(folder)
        loader.async_setup(hass)
        complaints: list[str] = []
        for topic, message in asked["messages"].items():
            complaints += check_message(hass, topic, message)
            complaints += render(hass, message, asked["states"])
            if "components" in message:
                complaints += check_renders(hass, message, asked["renders"])
        for path in asked["blueprints"]:
            complaints += check_blueprint(path)
        await hass.async_stop(force=True)
    print(json.dumps(complaints + warnings))


asyncio.run(main())

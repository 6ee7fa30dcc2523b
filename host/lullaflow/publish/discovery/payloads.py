"""Discovery messages: a pump's entities as Home Assistant wants to read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import metadata
from typing import Any, Final

from lullaflow import __version__
from lullaflow.config import MqttSettings
from lullaflow.publish.discovery.entities import (
    FRESH,
    NEEDS_PUMP,
    TRIGGERS,
    Entity,
    Source,
    entities,
)
from lullaflow.publish.discovery.names import catalogue, house_language
from lullaflow.publish.discovery.offer import Offer
from lullaflow.publish.privacy import shows_state, shows_volumes
from lullaflow_protocol.topics import OFFLINE, ONLINE, Topics

ORIGIN_NAME: Final = "lullaflow"
_SUPPORT_LABEL: Final = "Support, "

_STATEFUL: Final = frozenset({Source.STATE, Source.LAST_SESSION})

Payload = dict[str, Any]


def config_messages(
    settings: MqttSettings, topics: Topics, pumps: Mapping[str, str], offer: Offer
) -> dict[str, str]:
    """Return every discovery message by topic; none when discovery is off."""
    messages: dict[str, Payload] = {}
    if settings.discovery == "off":
        return {}
    for slug, name in pumps.items():
        components = pump_components(settings, topics, slug, offer)
        head = {"device": _device(slug, name, offer), "origin": _origin()}
        prefix, node = settings.discovery_prefix, f"lullaflow_{slug}"
        if settings.discovery == "device":
            messages[f"{prefix}/device/{node}/config"] = {**head, "components": components}
            continue
        for key, component in components.items():
            config = {option: value for option, value in component.items() if option != "platform"}
            messages[f"{prefix}/{component['platform']}/{node}/{key}/config"] = {**config, **head}
    return {
        topic: json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        for topic, payload in messages.items()
    }


def pump_components(
    settings: MqttSettings, topics: Topics, slug: str, offer: Offer
) -> dict[str, Payload]:
    """Return a pump's entities and triggers by key, as far as privacy lets them be."""
    names = catalogue(house_language(settings.language))
    found: dict[str, Payload] = {}
    for entity in entities(offer, names, photo=settings.photo):
        if entity.volume and not shows_volumes(settings.privacy):
            continue
        if entity.source in _STATEFUL and not shows_state(settings.privacy):
            continue
        found[entity.key] = _component(entity, topics, slug, names)
    found.update(_triggers(topics, slug))
    return found


def _component(entity: Entity, topics: Topics, slug: str, names: Mapping[str, str]) -> Payload:
    unique_id = f"lullaflow_{slug}_{entity.key}"
    payload: Payload = {
        "platform": entity.platform,
        "unique_id": unique_id,
        # Stable whatever the language; Home Assistant before 2025.10 ignores it.
        "default_entity_id": f"{entity.platform}.{unique_id.replace('-', '_')}",
        "name": None if entity.main else names[entity.key],
        "availability_mode": "all",
        "availability": list(_availability(entity, topics, slug)),
        "qos": 1,
        **_places(entity, topics, slug),
    }
    payload.update((key, value) for key, value in entity.options.items() if key != "command")
    if entity.template:
        payload["value_template"] = entity.template
    return payload


def _availability(entity: Entity, topics: Topics, slug: str) -> Iterator[dict[str, str]]:
    yield {"topic": topics.bridge_availability}
    if entity.source in NEEDS_PUMP:
        yield {"topic": topics.availability(slug)}


def _places(entity: Entity, topics: Topics, slug: str) -> Payload:
    """Return the topics, and how to speak on them."""
    match entity.source:
        case Source.STATE if entity.key == "sensor_fault":
            return {
                "state_topic": topics.state(slug),
                "json_attributes_topic": topics.state(slug),
                "json_attributes_template": "{{ value_json.faults | to_json }}",
            }
        case Source.STATE:
            return {"state_topic": topics.state(slug)}
        case Source.LAST_SESSION:
            return {"state_topic": topics.last_session(slug)}
        case Source.EVENT:
            return {"state_topic": topics.event(slug)}
        case Source.LINK:
            place = topics.availability(slug)
            return {"state_topic": place, "payload_on": ONLINE, "payload_off": OFFLINE}
        case Source.PHOTO:
            return {"image_topic": topics.photo(slug)}
        case Source.SETTINGS:
            command = topics.command(slug, entity.options["command"])
            return {"state_topic": topics.settings(slug), "command_topic": command}
        case _:
            return {"command_topic": topics.command(slug, entity.options["command"])}


def _triggers(topics: Topics, slug: str) -> Iterator[tuple[str, Payload]]:
    for kind in TRIGGERS:
        yield (
            f"trigger_{kind}",
            {
                "platform": "device_automation",
                "automation_type": "trigger",
                "type": kind,
                "subtype": "pumping",
                "topic": topics.event(slug),
                "payload": kind,
                "value_template": f"{{{{ value_json.type if {FRESH} }}}}",
                "qos": 1,
            },
        )


def _device(slug: str, name: str, offer: Offer) -> Payload:
    device = {
        "identifiers": [f"lullaflow_{slug}"],
        "name": name,
        "manufacturer": "lullaflow",
        "model": "Companion board",
        "sw_version": __version__,
    }
    if offer.page_url:
        device["configuration_url"] = offer.page_url
    return device


def _origin() -> Payload:
    url = support_url()
    return {"name": ORIGIN_NAME, "sw_version": __version__, **({"support_url": url} if url else {})}


@cache
def support_url() -> str:
    """Return where help is to be had, as `project.urls` says; '' when it does not."""
    for entry in metadata("lullaflow").get_all("Project-URL", []):
        if entry.startswith(_SUPPORT_LABEL):
            return str(entry.removeprefix(_SUPPORT_LABEL))
    return ""

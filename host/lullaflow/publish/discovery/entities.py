"""Every entity that Home Assistant may see of a pump, in its own terms.

Units, device and state classes after Home Assistant's sensor component: `volume` knows no
`measurement`, there is no unit of flow in ml/min, and the figures of one past session have no state
class at all, for a smaller session would count as minus milk.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from lullaflow.publish.discovery.offer import Knob, Offer


class Source(Enum):
    """Where an entity's value comes from, or where its wish goes."""

    STATE = "state"
    LAST_SESSION = "last session"
    SETTINGS = "settings"
    LINK = "link"
    EVENT = "event"
    PHOTO = "photo"
    ORDER = "order"
    """To the daemon: possible while the pump is away."""
    BOARD_ORDER = "board order"
    """To the pump's board."""


NEEDS_PUMP: Final = frozenset({Source.STATE, Source.BOARD_ORDER})
"""The others are readable, or possible, while the pump lies in the drawer."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity of a pump.

    Attributes:
        key: part of its identity: never changes.
        platform: Home Assistant's.
        source: where its value comes from.
        template: of its value.
        options: whatever else Home Assistant is told.
        volume: whether it tells how much milk there is.
        main: whether it bears the device's own name.
    """

    key: str
    platform: str
    source: Source
    template: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    volume: bool = False
    main: bool = False


STREAM_EXPIRES_S: Final = 30
"""State comes once a second during a session: thirty missing ones are no stream any more."""

EVENT_TYPES: Final = (
    *("let_down", "let_down_slow", "cue_started", "cue_ended"),
    *("session_started", "session_ended"),
)
"""Events that people want to see or act on; the others stay on the topic."""

TRIGGERS: Final = (*EVENT_TYPES, "flow_ended", "seal_leak", "vacuum_high", "sensor_fault")

NEWS_FOR_S: Final = 600
"""Events that waited for the broker for hours are told all the same, but turn no light on any more:
Home Assistant hears of each as if it were now. Long enough for clocks that differ, and for what a
board tells after its link was away."""

FRESH: Final = f"(now() - as_datetime(value_json.at)).total_seconds() < {NEWS_FOR_S}"

_LIVE: Final = {"state_class": "measurement", "expire_after": STREAM_EXPIRES_S}
_FLOW: Final = {"unit_of_measurement": "mL/min", "suggested_display_precision": 0, **_LIVE}
_ML: Final = {"device_class": "volume", "unit_of_measurement": "mL"}
_SECONDS: Final = {
    "device_class": "duration",
    "unit_of_measurement": "s",
    "suggested_display_precision": 0,
}
_HIDDEN: Final = {"enabled_by_default": False}
_DIAGNOSTIC: Final = {"entity_category": "diagnostic"}


def _value(key: str) -> str:
    return f"{{{{ value_json.{key} }}}}"


def _on_when(condition: str) -> str:
    return f"{{{{ 'ON' if {condition} else 'OFF' }}}}"


def _state(key: str, options: Mapping[str, Any], *, volume: bool = False) -> Entity:
    return Entity(key, "sensor", Source.STATE, _value(key), options, volume)


def _last(key: str, of: str, options: Mapping[str, Any], *, volume: bool = False) -> Entity:
    return Entity(key, "sensor", Source.LAST_SESSION, _value(of), options, volume)


def _sensors() -> Iterator[Entity]:
    yield Entity(
        "phase",
        "sensor",
        Source.STATE,
        _value("phase"),
        {
            "device_class": "enum",
            "options": ["idle", "stimulation", "expression", "paused"],
            "icon": "mdi:mother-nurse",
        },
        main=True,
    )
    drop = {"icon": "mdi:water-outline"}
    yield _state("flow_ml_min", {**_FLOW, **drop}, volume=True)
    for side in ("left", "right"):
        yield _state(f"flow_{side}_ml_min", {**_FLOW, **drop, **_HIDDEN}, volume=True)
    volume = {**_ML, "state_class": "total_increasing", "suggested_display_precision": 0}
    bottle = {"icon": "mdi:baby-bottle-outline"}
    for key in ("volume_ml", "volume_left_ml", "volume_right_ml"):
        yield _state(key, {**volume, **bottle}, volume=True)
    yield _state(
        "vacuum_mmhg",
        {
            "device_class": "pressure",
            "unit_of_measurement": "mmHg",
            "suggested_display_precision": 0,
            **_LIVE,
            **_HIDDEN,
        },
    )
    cycles = {"unit_of_measurement": "1/min", "icon": "mdi:sine-wave", **_LIVE, **_HIDDEN}
    yield _state("cycles_per_min", {**cycles, "suggested_display_precision": 0})
    yield _state("time_to_let_down_s", {**_SECONDS, "icon": "mdi:timer-outline"})
    yield _state("session_s", {**_SECONDS, "icon": "mdi:timer-sand", **_LIVE})
    last = {**_ML, **bottle, "suggested_display_precision": 0}
    yield _last("last_volume_ml", "volume_ml", last, volume=True)
    for side in ("left", "right"):
        of = f"volume_{side}_ml"
        yield _last(f"last_{of}", of, {**last, **_HIDDEN}, volume=True)
    yield _last("last_duration_s", "duration_s", {**_SECONDS, "icon": "mdi:timer-sand-complete"})
    wait = {**_SECONDS, "icon": "mdi:timer-check-outline"}
    yield _last("last_time_to_let_down_s", "time_to_let_down_s", wait)
    yield _last("last_let_downs", "let_downs", {"icon": "mdi:waves"})
    yield _last("last_ended_at", "ended_at", {"device_class": "timestamp"})


def _binary_sensors() -> Iterator[Entity]:
    def is_on(key: str, condition: str, options: Mapping[str, Any]) -> Entity:
        return Entity(key, "binary_sensor", Source.STATE, _on_when(condition), options)

    yield is_on("session", "value_json.session", {"device_class": "running"})
    yield is_on("milk_flowing", "value_json.milk_flowing", {"icon": "mdi:water"})
    yield is_on("slow", "value_json.slow", {"icon": "mdi:timer-alert-outline"})
    yield is_on("seal", "not value_json.seal_ok", {"device_class": "problem"})
    fault = {"device_class": "problem", **_DIAGNOSTIC}
    yield is_on("sensor_fault", "value_json.faults", fault)
    link = {"device_class": "connectivity", **_DIAGNOSTIC}
    yield Entity("link", "binary_sensor", Source.LINK, options=link)


def _board(offer: Offer) -> Iterator[Entity]:
    measured = {"state_class": "measurement", **_DIAGNOSTIC}
    if offer.battery:
        battery = {"device_class": "battery", "unit_of_measurement": "%", **measured}
        yield _state("battery_percent", battery)
    if offer.signal:
        signal = {"device_class": "signal_strength", "unit_of_measurement": "dBm", **measured}
        yield _state("signal_dbm", {**signal, **_HIDDEN})
    if offer.firmware:
        template = (
            "{{ {'installed_version': value_json.firmware, "
            f"'latest_version': '{offer.firmware}'}} | to_json if value_json.firmware else '' }}}}"
        )
        options = {"device_class": "firmware", **_DIAGNOSTIC}
        yield Entity("firmware", "update", Source.STATE, template, options)


def _happenings(names: Mapping[str, str], photo: bool) -> Iterator[Entity]:
    words = _literal({kind: names[f"event_{kind}"] for kind in EVENT_TYPES})
    template = (
        f"{{% set words = {words} %}}"
        f"{{% if value_json.type in words and {FRESH} %}}"
        "{{ dict(value_json, event_type=value_json.type, words=words[value_json.type]) | to_json }}"
        "{% endif %}"
    )
    options = {"event_types": list(EVENT_TYPES), "icon": "mdi:heart-pulse"}
    yield Entity("event", "event", Source.EVENT, template, options)
    if photo:
        yield Entity("photo", "image", Source.PHOTO, options={"content_type": "image/jpeg"})


def _buttons(offer: Offer) -> Iterator[Entity]:
    icons = {"music": "mdi:music", "photo": "mdi:image-heart"}
    for kind, cue in offer.cues.items():
        options = {
            "command": "start_cue",
            "payload_press": cue,
            "icon": icons.get(kind, "mdi:play"),
        }
        yield Entity(f"start_{kind}", "button", Source.ORDER, options=options)
    for command, icon in (
        ("snooze", "mdi:hand-back-left-outline"),
        ("stop_cues", "mdi:stop"),
        ("end_session", "mdi:flag-checkered"),
    ):
        options = {"command": command, "payload_press": "", "icon": icon}
        yield Entity(command, "button", Source.ORDER, options=options)
    tare = {"command": "tare", "payload_press": "both", "icon": "mdi:scale-balance"}
    yield Entity(
        "tare", "button", Source.BOARD_ORDER, options={**tare, "entity_category": "config"}
    )
    # The class brings the icon, and puts it where people look for a lost board.
    identify = {"command": "identify", "payload_press": "", "device_class": "identify"}
    yield Entity("identify", "button", Source.BOARD_ORDER, options={**identify, **_DIAGNOSTIC})


_KNOB_ICONS: Final = {
    "volume": "mdi:volume-medium",
    "quiet": "mdi:volume-off",
    "music": "mdi:playlist-music",
    "cues": "mdi:auto-fix",
    "scene": "mdi:palette-outline",
    "learning": "mdi:school-outline",
}


def option_words(knob: Knob, names: Mapping[str, str]) -> dict[str, str]:
    """Return what people read for each option of a select, every one different."""
    words: dict[str, str] = {}
    for option in knob.options:
        word = names.get(f"{knob.key}_{option}", option.removesuffix("/"))
        words[option] = option if word in words.values() else word
    return words


def _literal(words: Mapping[str, str]) -> str:
    """Write a mapping as Jinja reads it, which knows JSON's strings."""
    return json.dumps(words, ensure_ascii=False)


def _knob(knob: Knob, names: Mapping[str, str]) -> Entity:
    options: dict[str, Any] = {"command": f"set_{knob.key}", "entity_category": "config"}
    template = _value(knob.key)
    match knob.kind:
        case "switch":
            template = _on_when(f"value_json.{knob.key}")
        case "number":
            slider = {"min": 0, "max": 100, "step": 1, "mode": "slider"}
            options |= {**slider, "unit_of_measurement": "%"}
        case "select":
            words = option_words(knob, names)
            options["options"] = list(words.values())
            there, back = ({word: key for key, word in words.items()}, words)
            options["command_template"] = f"{{{{ {_literal(there)}[value] }}}}"
            template = f"{{{{ {_literal(back)}.get(value_json.{knob.key}, '') }}}}"
    options["icon"] = _KNOB_ICONS.get(knob.key, "mdi:tune")
    return Entity(knob.key, knob.kind, Source.SETTINGS, template, options)


def entities(offer: Offer, names: Mapping[str, str], *, photo: bool) -> list[Entity]:
    """Return every entity of a pump, whatever privacy then takes away.

    Args:
        offer: what there is beside sensors.
        names: the house's language, for the options of selects and the words of events.
        photo: whether photos may leave.
    """
    return [
        *_sensors(),
        *_binary_sensors(),
        *_board(offer),
        *_happenings(names, photo),
        *_buttons(offer),
        *(_knob(knob, names) for knob in offer.knobs),
    ]

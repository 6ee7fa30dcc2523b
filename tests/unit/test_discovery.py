"""What Home Assistant is told, against its rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lullaflow.config import MqttSettings
from lullaflow.publish.discovery import Knob, Offer, config_messages
from lullaflow.publish.discovery.announcer import changes
from lullaflow.publish.discovery.names import catalogue, house_language, languages
from lullaflow.publish.state import last_session, pump_state
from lullaflow.session.view import View
from lullaflow_protocol.events import SessionEnded
from lullaflow_protocol.state import LIVE_FIELDS, LastSession, PumpState
from lullaflow_protocol.topics import Topics

TOPICS = Topics()
PUMPS = {"pump": "Pump", "left-one": "Left one"}
OFFER = Offer(
    cues={"music": "soft music", "photo": "photo"},
    knobs=(
        Knob("volume", "number"),
        Knob("quiet", "switch"),
        Knob("music", "select", ("all", "own", "Night songs/")),
        Knob("cues", "switch"),
        Knob("scene", "select", ("all", "music", "photo")),
        Knob("learning", "switch"),
    ),
    page_url="http://nursery.local:8120",
    battery=True,
    signal=True,
    firmware="0.1.0",
)

# Home Assistant's own words (its sensor, number and button components), as far as we use them.
UNITS = {
    "volume": {"mL", "L"},
    "pressure": {"mmHg"},
    "duration": {"s", "min", "h"},
    "battery": {"%"},
    "signal_strength": {"dBm"},
    "enum": {None},
    "timestamp": {None},
}
STATE_CLASSES = {
    "volume": {"total", "total_increasing"},
    "pressure": {"measurement"},
    "duration": {"measurement", "total", "total_increasing"},
    "battery": {"measurement"},
    "signal_strength": {"measurement"},
    "enum": set(),
    "timestamp": set(),
}
BINARY_CLASSES = {"running", "problem", "connectivity"}


def messages(form: str = "device", **more: Any) -> dict[str, dict[str, Any]]:
    settings = MqttSettings.model_validate({"discovery": form, "language": "en", **more})
    return {
        topic: json.loads(text)
        for topic, text in config_messages(settings, TOPICS, PUMPS, OFFER).items()
    }


def components(**more: Any) -> dict[str, dict[str, Any]]:
    device = messages(**more)["homeassistant/device/lullaflow_pump/config"]
    return dict(device["components"])


def test_one_message_tells_of_a_whole_pump() -> None:
    told = messages()
    assert set(told) == {
        "homeassistant/device/lullaflow_pump/config",
        "homeassistant/device/lullaflow_left-one/config",
    }
    for message in told.values():
        # Any other key at this level makes Home Assistant refuse the whole message.
        assert set(message) == {"device", "origin", "components"}
        assert message["origin"].keys() == {"name", "sw_version", "support_url"}
        assert message["device"]["identifiers"]


def test_every_entity_the_house_was_promised_is_there() -> None:
    by_platform: dict[str, set[str]] = {}
    for key, component in components(photo=True).items():
        by_platform.setdefault(component["platform"], set()).add(key)
    assert by_platform["sensor"] >= {
        *("phase", "flow_ml_min", "volume_left_ml", "volume_right_ml", "volume_ml"),
        *("vacuum_mmhg", "cycles_per_min", "time_to_let_down_s", "session_s"),
        *("battery_percent", "signal_dbm", "last_volume_ml", "last_duration_s"),
    }
    assert by_platform["binary_sensor"] == {
        *("session", "milk_flowing", "slow", "link", "seal", "sensor_fault"),
    }
    assert by_platform["button"] == {
        *("start_music", "start_photo", "snooze", "stop_cues", "end_session", "tare", "identify"),
    }
    assert by_platform["event"] == {"event"}
    assert by_platform["image"] == {"photo"}
    assert by_platform["update"] == {"firmware"}
    assert by_platform["number"] == {"volume"}
    assert by_platform["switch"] == {"quiet", "cues", "learning"}
    assert by_platform["select"] == {"music", "scene"}
    assert len(by_platform["device_automation"]) >= 6


def test_nothing_is_offered_that_does_nothing() -> None:
    settings = MqttSettings(language="en")
    (text,) = config_messages(settings, TOPICS, {"pump": "Pump"}, Offer()).values()
    platforms = {c["platform"] for c in json.loads(text)["components"].values()}
    assert not platforms & {"update", "number", "switch", "select", "image"}
    assert not {"battery_percent", "start_music"} & set(json.loads(text)["components"])


def test_units_device_and_state_classes_raise_no_warning() -> None:
    for key, component in components().items():
        if component["platform"] == "binary_sensor":
            assert component.get("device_class") in BINARY_CLASSES | {None}, key
        if component["platform"] != "sensor":
            continue
        kind, unit = component.get("device_class"), component.get("unit_of_measurement")
        state_class = component.get("state_class")
        if kind is not None:
            assert unit in UNITS[kind], key
            assert state_class is None or state_class in STATE_CLASSES[kind], key
        if kind == "enum":
            assert component["options"]
        if key.startswith("last_"):
            assert state_class is None, "a smaller session would count as minus milk"


def test_what_was_stays_readable_while_the_pump_lies_in_the_drawer() -> None:
    for key, component in components().items():
        if component["platform"] == "device_automation":
            continue
        assert component["availability_mode"] == "all"
        places = [item["topic"] for item in component["availability"]]
        assert places[0] == "lullaflow/bridge/availability"
        lasting = key.startswith("last_") or component["platform"] in {"event", "image"}
        assert ("lullaflow/pump/availability" in places) != (
            lasting
            or key in {"link", "start_music", "start_photo", "snooze", "stop_cues", "end_session"}
            or component["platform"] in {"number", "switch", "select"}
        ), key


def test_streams_expire_and_what_lasts_does_not() -> None:
    for key, component in components().items():
        live = key in LIVE_FIELDS and not key.startswith("volume")
        assert ("expire_after" in component) == live, key


def test_identities_are_unique_and_fit_the_rules() -> None:
    seen: set[str] = set()
    for topic, message in messages().items():
        assert re.fullmatch(r"homeassistant/device/[a-zA-Z0-9_-]+/config", topic)
        for key, component in message["components"].items():
            assert re.fullmatch(r"[a-zA-Z0-9_-]+", key)
            if component["platform"] == "device_automation":
                continue
            assert component["unique_id"] not in seen
            seen.add(component["unique_id"])
            assert re.fullmatch(r"[a-z_]+\.[a-z0-9_]+", component["default_entity_id"])
            assert "object_id" not in component


def test_older_homes_get_a_message_for_each_entity() -> None:
    whole, single = components(), messages("entities")
    ours = {topic: message for topic, message in single.items() if "/lullaflow_pump/" in topic}
    assert len(ours) == len(whole)
    for key, component in whole.items():
        message = ours[f"homeassistant/{component['platform']}/lullaflow_pump/{key}/config"]
        expected = {name: value for name, value in component.items() if name != "platform"}
        assert expected.items() <= message.items()
        assert message["device"]["identifiers"] == ["lullaflow_pump"]


def test_discovery_can_be_off() -> None:
    assert messages("off") == {}


@pytest.mark.parametrize("privacy", ["no volumes", "events only"])
def test_privacy_takes_entities_away(privacy: str) -> None:
    left = components(privacy=privacy)
    assert not [key for key in left if "volume_" in key or "flow_" in key.replace("flow_ended", "")]
    assert ("phase" in left) == (privacy == "no volumes")
    assert {"event", "link", "snooze"} <= set(left)


def test_names_in_every_language_are_whole() -> None:
    english = catalogue("en")
    assert languages() >= {"en", "de", "es", "fr"}
    for language in languages():
        names = catalogue(language)
        assert names.keys() == english.keys()
        assert len(set(names.values())) >= len(names) - 2
    assert components(language="de")["milk_flowing"]["name"] == "Milch fließt"
    assert components()["phase"]["name"] is None


@pytest.mark.parametrize(
    ("asked", "environ", "language"),
    [
        ("", {"LANG": "de_AT.UTF-8"}, "de"),
        ("fr", {"LANG": "de_AT.UTF-8"}, "fr"),
        ("", {"LANG": "C.UTF-8"}, "en"),
        ("xx", {}, "en"),
        ("", {}, "en"),
    ],
)
def test_the_house_speaks_its_own_language(
    asked: str, environ: Mapping[str, str], language: str
) -> None:
    assert house_language(asked, environ) == language


def placeholders(template: str) -> Iterator[str]:
    yield from re.findall(r"value_json\.(\w+)", template)


def test_every_template_names_a_field_that_is_published() -> None:
    fields = {
        "lullaflow/pump/state": set(PumpState.model_fields),
        "lullaflow/pump/last_session": set(LastSession.model_fields),
        "lullaflow/pump/settings": {knob.key for knob in OFFER.knobs},
        "lullaflow/pump/event": {"type", "at"},
    }
    for key, component in components().items():
        topic = component.get("state_topic", component.get("topic", ""))
        for name in placeholders(component.get("value_template", "")):
            assert name in fields[topic], key


@given(
    found=st.dictionaries(
        st.sampled_from(["p/device/a/config", "p/device/b/config", "p/sensor/a/x/config"]),
        st.sampled_from(
            ['{"components":{"x":{"platform":"sensor","q":1},"y":{"platform":"event"}}}', "{}", ""]
        ),
    ),
    wanted=st.dictionaries(
        st.sampled_from(["p/device/a/config", "p/device/b/config"]),
        st.sampled_from(['{"components":{"x":{"platform":"sensor","q":2}}}']),
    ),
)
def test_after_the_changes_the_broker_keeps_what_is_wanted_and_nothing_else(
    found: dict[str, str], wanted: dict[str, str]
) -> None:
    kept = found | dict(changes(found, wanted))
    assert {topic: payload for topic, payload in kept.items() if payload} == wanted


def test_moving_to_the_other_form_keeps_peoples_own_settings() -> None:
    single = {topic: json.dumps(message) for topic, message in messages("entities").items()}
    whole = {topic: json.dumps(message) for topic, message in messages("device").items()}
    steps = list(changes(single, whole))
    first = steps[: len(single)]
    assert {payload for _, payload in first} == {'{"migrate_discovery":true}'}
    assert {topic for topic, _ in steps[len(single) : len(single) + 2]} == set(whole)
    assert {payload for _, payload in steps[-len(single) :]} == {""}


def test_a_view_and_a_session_become_what_the_house_sees() -> None:
    view = View(session="s", volume_left_ml=10.0, volume_right_ml=None, flow_left_ml_min=3.0)
    state = pump_state(view)
    assert state.volume_ml == 10.0
    assert state.flow_ml_min == 3.0
    assert state.phase == "stimulation"
    assert pump_state(View()).phase == "idle"
    ended = SessionEnded(
        id="a-00001",
        at="2026-05-04T03:00:00Z",
        pump="pump",
        session="a",
        t_s=1.0,
        duration_s=1.0,
        volume_left_ml=1.0,
        volume_right_ml=2.5,
        let_downs=0,
        time_to_let_down_s=None,
        cues=[],
        reason="asked",
    )
    assert last_session(ended).volume_ml == 3.5

"""What may leave: a field that tells how much milk there is is known by its unit."""

from __future__ import annotations

import json

import pytest

from lullaflow.publish.privacy import private_event, tells_volume
from lullaflow_protocol.events import parse_event
from lullaflow_protocol.public import documents


def test_every_volume_is_known_by_its_name() -> None:
    for text in documents().values():
        schema = json.loads(text)
        for model in schema.get("$defs", {"": schema}).values():
            for name, field in model.get("properties", {}).items():
                about = f"{name} {field.get('description', '')}".lower()
                if "millilit" in about or "volume_" in about or "flow_ml" in about:
                    assert tells_volume(name), name
    assert not tells_volume("volume")  # loudness
    assert not tells_volume("html_page")


@pytest.mark.parametrize("privacy", ["no volumes", "events only"])
def test_an_event_of_another_version_loses_its_volumes_as_well(privacy: str) -> None:
    later = '{"type":"weighed","schema":1,"milk_ml":12.5,"words":"schön","t_s":1.0}'
    expected = '{"type":"weighed","schema":1,"milk_ml":null,"words":"schön","t_s":1.0}'
    assert private_event(later, privacy) == expected  # type: ignore[arg-type]


def test_a_private_event_is_an_event() -> None:
    ended = (
        '{"id":"a-00001","schema":1,"type":"flow_ended","at":"2026-05-04T03:00:00Z","pump":"p",'
        '"session":"a","t_s":1.0,"index":1,"side":"left","end_s":1.0,"volume_ml":4.5}'
    )
    assert parse_event(private_event(ended, "no volumes")) == parse_event(
        ended.replace("4.5", "null")
    )

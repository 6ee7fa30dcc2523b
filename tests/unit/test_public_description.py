"""The public description of the topics is current, valid, and only ever grows."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from end_to_end.brokers import NODE_FOLDER
from lullaflow_protocol.events import dump_event, parse_event
from lullaflow_protocol.public import documents

HERE = Path(__file__).parent
PUBLIC = HERE.parents[1] / "protocols" / "public"


def test_what_is_checked_in_is_what_the_models_say() -> None:
    """Run `python -m lullaflow_protocol.public protocols/public` after a change of the models."""
    written = {path.name: path.read_text("utf-8") for path in PUBLIC.iterdir()}
    assert written == documents()


@pytest.mark.parametrize("name", [name for name in documents() if name.endswith(".schema.json")])
def test_schemas_are_schemas_and_let_later_fields_pass(name: str) -> None:
    schema = json.loads(documents()[name])
    Draft202012Validator.check_schema(schema)
    assert "additionalProperties" not in json.dumps(schema).replace(
        '"additionalProperties": {"type": "string"}', ""
    )
    assert "discriminator" not in schema  # OpenAPI's, and a fault in AsyncAPI


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    document = json.loads(documents()["asyncapi.json"])
    assert document["asyncapi"] == "3.0.0"

    def follow(node: Any) -> None:
        if isinstance(node, dict):
            target = node.get("$ref")
            if isinstance(target, str) and target.startswith("#/"):
                place: Any = document
                for part in target[2:].split("/"):
                    place = place[part]
            elif isinstance(target, str):
                assert target.removeprefix("./") in documents()
            for value in node.values():
                follow(value)
        elif isinstance(node, list):
            for value in node:
                follow(value)

    follow(document)
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}


def signature(schema: dict[str, Any]) -> str:
    """Say what a consumer may expect of a value, without words and limits."""
    if "anyOf" in schema:
        return " or ".join(sorted(signature(choice) for choice in schema["anyOf"]))
    if "const" in schema:
        return json.dumps(schema["const"])
    if schema["type"] == "array":
        return f"list of {signature(schema['items'])}"
    if schema["type"] == "object":
        return f"object of {signature(schema['additionalProperties'])}"
    return " ".join((schema["type"], schema.get("format", ""))).strip()


def choices(schema: dict[str, Any]) -> list[str]:
    return list(schema.get("enum", ())) + [
        value for choice in schema.get("anyOf", ()) for value in choices(choice)
    ]


def promises() -> set[str]:
    """Return everything a consumer may rely on, a line each."""
    files = {name: json.loads(text) for name, text in documents().items()}
    asyncapi = files.pop("asyncapi.json")
    told = {
        f"{channel['address']} carries {', '.join(channel['messages'])}, "
        f"{json.dumps(asyncapi['operations'][name]['bindings']['mqtt'], sort_keys=True)}"
        for name, channel in asyncapi["channels"].items()
    }
    told |= {f"command {name}" for name in asyncapi["components"]["parameters"]["command"]["enum"]}
    for file, schema in files.items():
        for model in schema.get("$defs", {"": schema}).values():
            of = f"{file.removesuffix('.schema.json')} {model['title']}"
            for name, value in model["properties"].items():
                always = "always there" if name in model["required"] else "perhaps there"
                told.add(f"{of}.{name}: {signature(value)}, {always}")
                told |= {f"{of}.{name} may be {choice}" for choice in choices(value)}
    return told


def test_what_consumers_may_rely_on_is_never_taken_away_or_changed() -> None:
    """Lines may be added to the file, with a release; a line that must go needs a version 2."""
    broken = set((HERE / "promises_v1.txt").read_text("utf-8").splitlines()) - promises()
    assert not broken


def test_events_that_version_1_ever_wrote_can_still_be_read() -> None:
    """They lie in people's databases: a field that is added needs a default."""
    lines = (HERE / "events_v1.jsonl").read_text("utf-8").splitlines()
    schema = json.loads(documents()["event.schema.json"])
    events = [parse_event(line) for line in lines]
    assert {event.type for event in events} >= {
        *("session_started", "phase_changed", "let_down", "flow_ended", "let_down_slow"),
        *("cue_started", "cue_ended", "session_ended", "link_lost", "link_restored"),
        *("sensor_fault", "sensor_recovered", "seal_leak", "vacuum_high"),
    }
    for event in events:
        Draft202012Validator(schema).validate(json.loads(dump_event(event)))


@pytest.mark.skipif(
    not (NODE_FOLDER / "node_modules" / "@asyncapi" / "parser").is_dir(),
    reason="@asyncapi/parser is not installed, or LULLAFLOW_NODE_FOLDER does not say where",
)
def test_asyncapis_own_parser_finds_no_fault() -> None:
    folder = json.dumps(f"{NODE_FOLDER.resolve()}/")
    code = (
        f"const here = require('module').createRequire({folder});"
        "const { Parser, fromFile } = here('@asyncapi/parser');"
        f"fromFile(new Parser(), {json.dumps(str(PUBLIC / 'asyncapi.json'))}).parse().then(seen =>"
        "console.log(JSON.stringify(seen.diagnostics.filter(each => each.severity < 2))));"
    )
    done = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []

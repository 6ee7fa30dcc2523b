"""The public description of the topics: AsyncAPI 3 and JSON Schemas, made from the models.

`python -m lullaflow_protocol.public FOLDER` writes it; what is checked in is tried to be current.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from lullaflow_protocol.events import event_json_schema
from lullaflow_protocol.state import CommandResult, LastSession, LiveSettings, PumpState
from lullaflow_protocol.topics import Topics

VERSION: Final = "1.1.0"
"""Of the description. Fields and topics are added (1.x), never changed or taken away."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TOPICS: Final = Topics("{base}")
_PUMP: Final = "{pump}"

_COMMANDS: Final = {
    "start_cue": "Start a cue; the payload is its name.",
    "stop_cues": "Fade every cue out.",
    "snooze": "Not now: no cue for a while.",
    "end_session": "End the session.",
    "set_quiet": "Sound off (ON) or on again (OFF).",
    "set_volume": "Loudness in percent, 0 to 100.",
    "set_music": "What to play: `own`, `all`, or a folder's name and `/`.",
    "set_cues": "Cues begin by themselves (ON) or only when asked for (OFF).",
    "set_scene": "Which cues begin by themselves: `all`, or one kind, such as `music`.",
    "set_learning": "The cue that helped most often comes first (ON), or the order as set (OFF).",
    "tare": "Set the scales to zero; the payload is left, right or both (empty: both).",
    "identify": "Let the board show itself; the payload is seconds (empty: 10).",
}

_INTRODUCTION: Final = """\
What lullaflow tells a house about pumping, and what a house may ask of it.

Rules for consumers: ignore fields, event types and topics that you do not know, for they are added;
nothing is ever changed or taken away within version 1. Events have QoS 1, are never retained, come
in order, and may repeat after a break: drop an `id` that you have seen. Everything else but the
answers to commands is retained. Moments (`_s`) are seconds of the pump's time since the session
began.
"""


def documents() -> dict[str, str]:
    """Return every file of the description by name."""
    schemas = {
        "event": _open(event_json_schema()),
        "state": _model_schema(PumpState),
        "last_session": _model_schema(LastSession),
        "settings": _model_schema(LiveSettings),
        "command_result": _model_schema(CommandResult),
    }
    files = {
        f"{name}.schema.json": {"$schema": _DIALECT, "$id": f"{name}.schema.json", **schema}
        for name, schema in schemas.items()
    }
    return {
        name: json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        for name, content in {"asyncapi.json": _asyncapi(), **files}.items()
    }


def _model_schema(model: type[BaseModel]) -> dict[str, Any]:
    return _open(model.model_json_schema(by_alias=True, mode="serialization"))


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """Let consumers accept fields that later versions add, where we ourselves are strict.

    OpenAPI's `discriminator` goes as well: AsyncAPI means something else by the word, and every
    event's `type` is a constant of its own anyway.
    """
    cleaned = {
        key: _open(value)
        if isinstance(value, dict)
        else [_open(item) if isinstance(item, dict) else item for item in value]
        if isinstance(value, list)
        else value
        for key, value in schema.items()
        if key != "discriminator"
    }
    if cleaned.get("additionalProperties") is False:
        del cleaned["additionalProperties"]
    return cleaned


def _asyncapi() -> dict[str, Any]:
    channels = {
        "bridge_availability": _channel(_TOPICS.bridge_availability, "availability"),
        "pump_availability": _channel(_TOPICS.availability(_PUMP), "availability"),
        "state": _channel(_TOPICS.state(_PUMP), "state"),
        "last_session": _channel(_TOPICS.last_session(_PUMP), "last_session"),
        "settings": _channel(_TOPICS.settings(_PUMP), "settings"),
        "event": _channel(_TOPICS.event(_PUMP), "event"),
        "photo": _channel(_TOPICS.photo(_PUMP), "photo"),
        "command": _channel(_TOPICS.command(_PUMP, "{command}"), "command"),
        "command_result": _channel(_TOPICS.command_result(_PUMP), "command_result"),
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "lullaflow",
            "version": VERSION,
            "description": _INTRODUCTION,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {
            name: {
                "action": "receive" if name == "command" else "send",
                "channel": {"$ref": f"#/channels/{name}"},
                "bindings": {"mqtt": _binding(name)},
            }
            for name in channels
        },
        "components": {"messages": _messages(), "parameters": _parameters()},
    }


def _channel(address: str, message: str) -> dict[str, Any]:
    return {
        "address": address,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "parameters": {
            name: {"$ref": f"#/components/parameters/{name}"}
            for name in ("base", "pump", "command")
            if f"{{{name}}}" in address
        },
    }


def _binding(name: str) -> dict[str, Any]:
    fleeting = name in {"event", "command", "command_result"}
    return {"qos": 1, "retain": not fleeting, "bindingVersion": "0.2.0"}


def _messages() -> dict[str, Any]:
    words = {
        "state": "What is happening now: once a second during a session, and on every change.",
        "last_session": "What the last session was.",
        "settings": "What can be set while the daemon runs, and how it is set now.",
        "event": "What happened, one event a message.",
        "command_result": "What became of a command.",
    }
    messages: dict[str, Any] = {
        name: {"summary": summary, "payload": {"$ref": f"./{name}.schema.json"}}
        for name, summary in words.items()
    }
    messages["availability"] = {
        "summary": "Whether the bridge runs (its last will), or a pump's link is up.",
        "contentType": "text/plain",
        "payload": {"type": "string", "enum": ["online", "offline"]},
    }
    messages["photo"] = {
        "summary": "The photo now shown, empty when none. Only where it is switched on.",
        "contentType": "image/jpeg",
        "payload": {"type": "string", "format": "binary"},
    }
    messages["command"] = {
        "summary": "A wish; never send it retained.",
        "contentType": "text/plain",
        "payload": {"type": "string"},
    }
    return messages


def _parameters() -> dict[str, Any]:
    return {
        "base": {"description": "As configured.", "default": "lullaflow"},
        "pump": {"description": "The pump's slug from the configuration."},
        "command": {
            "description": " ".join(f"`{name}`: {does}" for name, does in _COMMANDS.items()),
            "enum": list(_COMMANDS),
        },
    }


def main() -> None:
    """Write the description into the folder named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

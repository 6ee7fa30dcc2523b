"""Validation errors in a person's words: what is wrong, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import SecretStr
from pydantic_core import ErrorDetails

from lullaflow.config.models import Config, Section

_KINDS = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "model_type": "a section",
    "model_attributes_type": "a section",
    "dict_type": "a section",
    "tuple_type": "a list",
    "path_type": "text in quotes",
    "is_instance_of": "text in quotes",
}
_FIXES = {
    "missing_folder": "Make the folder, or correct the path.",
    "no_folder": "Name the folder that it lies in.",
    "controller": 'Leave it empty for this machine\'s own Bluetooth, or write for example "usb:0".',
    "missing_file": "Make the file, or correct the path.",
    "address": "Copy the address that `lullaflow scan` shows.",
    "adapter": "Copy the address or the name that `bluetoothctl list` or `hciconfig` shows.",
    "topic": 'Write for example base_topic = "lullaflow".',
    "two_passwords": "Remove one of them, best the password.",
    "half_certificate": "Set both, or remove both.",
    "cue_twice": "Give every step a name of its own.",
    "no_pump": "Add a section such as [pumps.pump], or leave [pumps] out.",
    "slug": "Rename the section, for example to [pumps.nursery], and use name for the rest.",
    "pumps_alike": "Give every pump the address that `lullaflow scan` shows.",
}


def key_text(key: Sequence[str | int]) -> str:
    """Return a key as people write it: `cues.ladder[2].kind`, counted from 1."""
    text = ""
    for part in key:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def sentence(key: Sequence[str | int], error: ErrorDetails) -> str:
    """Say what is wrong, without the final stop."""
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    name = key_text(key)
    match kind:
        case "extra_forbidden":
            what = "section" if isinstance(value, dict) else "key"
            return f"there is no {what} '{name}'"
        case "missing":
            return f"{name} is missing"
        case "literal_error":
            return f"{name} cannot be {_shown(value)}; possible are {context['expected']}"
        case "greater_than_equal":
            return f"{name} is {value}, and must be at least {context['ge']:g}"
        case "less_than_equal":
            return f"{name} is {value}, and must be at most {context['le']:g}"
        case "string_too_short":
            return f"{name} must not be empty"
        case _ if kind in _KINDS:
            return f"{name} must be {_KINDS[kind]}, not {_shown(value)}"
        case _ if kind in _FIXES:
            return f"{name}: {error['msg']}" if name else error["msg"]
    return f"{name}: {error['msg']}"


def fix(key: Sequence[str | int], error: ErrorDetails) -> str:
    """Say what to do, one sentence."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in _FIXES:
        return _FIXES[kind]
    model = _model(key[:-1])
    name = str(key[-1]) if key else ""
    if kind == "extra_forbidden":
        known = list(model.model_fields) if model else []
        close = difflib.get_close_matches(name, known, 1, 0.6)
        if close:
            return f"Did you mean '{close[0]}'?"
        return f"Remove it; possible here are {', '.join(known)}."
    if kind == "missing":
        example = toml("photo" if name == "kind" else "evening song")
        return f"Add it, for example {name} = {example}."
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = context.get("ge", context.get("le"))
        return f"Write for example {name} = {bound:g}."
    field = model.model_fields.get(name) if model else None
    if field is None:
        return "Compare it with the file that `lullaflow config init` writes."
    if options := [option for option in get_args(field.annotation) if isinstance(option, str)]:
        return f"Write for example {name} = {toml(options[0])}."
    default = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, (Section, dict, tuple)):
        return "Compare it with the file that `lullaflow config init` writes."
    return f"Write for example {name} = {toml(default)}."


def toml(value: Any) -> str:
    """Write one setting's value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if value is None:
        return '""'
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _shown(value: Any) -> str:
    if isinstance(value, (bool, int, float, str)):
        return toml(value)
    return "a section" if isinstance(value, dict) else "a list"


def _model(key: Sequence[str | int]) -> type[Section] | None:
    """Find the section model that a dotted key leads to."""
    model: type[Section] = Config
    for part in key:
        field = model.model_fields.get(str(part)) if not isinstance(part, int) else None
        if field is None:
            continue  # a slug or an index: the model below it is already known
        inner = _section_in(field.annotation)
        if inner is None:
            return None
        model = inner
    return model


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _section_in(arg))), None)

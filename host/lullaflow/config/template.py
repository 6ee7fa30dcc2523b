"""The commented settings file that `lullaflow config init` writes, made from the models."""

from __future__ import annotations

import textwrap
from pathlib import Path

from lullaflow.config.models import DEFAULT_LADDER, Config, PumpSettings, Section
from lullaflow.config.sentences import toml

_HEAD = """\
# lullaflow's settings. Every line that begins with "# " and a key shows the default: remove the
# "# " to change it. Check the file with: lullaflow config check
# Any setting can also come from the environment, as LULLAFLOW_<SECTION>__<KEY>, for example
# LULLAFLOW_MQTT__PASSWORD.
"""


def template() -> str:
    """Return a settings file in which every key is explained and stands at its default."""
    parts = [_HEAD]
    defaults = Config()
    for name in Config.model_fields:
        if name == "pumps":
            parts.append(_section("pumps.pump", PumpSettings()))
            continue
        parts.append(_section(name, getattr(defaults, name)))
    return "\n".join(parts)


def _section(name: str, section: Section) -> str:
    doc = (type(section).__doc__ or "").strip()
    lines = [_comment(doc), f"[{name}]"]
    ladder = False
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        if isinstance(value, tuple):
            ladder = True
            continue
        lines.append(_comment(field.description or ""))
        lines.append(f"# {key} = {_portable(value)}")
    if ladder:
        lines.append(_comment(type(section).model_fields["ladder"].description or ""))
        for step in DEFAULT_LADDER:
            lines.append(f"# [[{name}.ladder]]")
            lines += [f"# {key} = {toml(value)}" for key, value in step]
    return "\n".join(lines) + "\n"


def _portable(value: object) -> str:
    if isinstance(value, Path) and value.is_relative_to(Path.home()):
        return toml("~/" + str(value.relative_to(Path.home())))
    return toml(value)


def _comment(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 96, initial_indent="## ", subsequent_indent="## ")

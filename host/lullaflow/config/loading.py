"""From a TOML file and the environment to a checked `Config`, or to every mistake at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from lullaflow.config.lines import Key, key_lines, syntax_error_line
from lullaflow.config.models import Config, Section
from lullaflow.config.sentences import fix, key_text, sentence

FILE_NAME = "lullaflow.toml"
PREFIX = "LULLAFLOW_"
# Variables that start like settings but are none.
OTHER_VARIABLES = frozenset({"LULLAFLOW_CONFIG", "LULLAFLOW_LOG_LEVEL"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in the settings.

    Attributes:
        where: `lullaflow.toml:12`, or the environment variable's name.
        line: the line in the file, None when the mistake is not in the file.
        key: dotted, such as `mqtt.port`.
        message: what is wrong.
        fix: what to do, one sentence.
    """

    where: str
    line: int | None
    key: str
    message: str
    fix: str

    def __str__(self) -> str:
        """Return the line a person reads."""
        return f"{self.where}: {self.message}. {self.fix}"


class ConfigError(Exception):
    """The settings cannot be used.

    Attributes:
        problems: every mistake, in the order of the file.
    """

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def find_config(asked: Path | None = None) -> Path | None:
    """Return the settings file: asked for, by environment, here, the user's, the system's."""
    if asked is not None:
        return asked
    if named := os.environ.get("LULLAFLOW_CONFIG"):
        return Path(named)
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    places = (
        Path(FILE_NAME),
        Path(home, "lullaflow", FILE_NAME),
        Path("/etc/lullaflow", FILE_NAME),
    )
    return next((place for place in places if place.is_file()), None)


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the settings in `path` (None: only defaults), overlaid by `LULLAFLOW_<SECTION>__<KEY>`.

    Raises:
        ConfigError: with every mistake at once.
    """
    text = _read(path) if path else ""
    name = path.name if path else FILE_NAME
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = syntax_error_line(text, error)
        what = str(error).partition(" (at ")[0]
        advice = 'Write one `key = value` a line, with text in "quotes".'
        raise ConfigError(
            [Problem(f"{name}:{line}", line, "", f"this line is not TOML: {what}", advice)]
        ) from None
    variables, strangers = _overlay(data, environ)
    folder = path.parent if path else Path()
    try:
        config = Config.model_validate(data, context={"folder": folder})
    except ValidationError as error:
        problems = _problems(error, key_lines(text), variables, name)
        raise ConfigError(strangers + problems) from None
    if strangers:
        raise ConfigError(strangers)
    return config


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        message, advice = "there is no such file", "Run `lullaflow config init` to write one."
    except UnicodeDecodeError:
        message, advice = "this is not a text file in UTF-8", "Save it again as UTF-8 text."
    except OSError as error:
        message = f"it cannot be read ({error.strerror})"
        advice = "Check that it is a file which you may read."
    raise ConfigError([Problem(str(path), None, "", message, advice)])


def _overlay(
    data: dict[str, Any], environ: Mapping[str, str]
) -> tuple[dict[Key, str], list[Problem]]:
    """Put settings from the environment into `data`; return where each came from, and strangers."""
    variables: dict[Key, str] = {}
    strangers: list[Problem] = []
    for variable, value in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable in OTHER_VARIABLES:
            continue
        key = tuple(variable.removeprefix(PREFIX).lower().split("__"))
        field = _field(key)
        if field is None:
            strangers.append(
                Problem(
                    variable,
                    None,
                    ".".join(key),
                    f"{variable} names no setting",
                    f"Remove it, or write {PREFIX}<SECTION>__<KEY> with two underscores.",
                )
            )
            continue
        table = data
        for part in key[:-1]:
            inner = table.setdefault(part, {})
            if not isinstance(inner, dict):  # the file has a mistake here, told by validation
                break
            table = inner
        else:
            table[key[-1]] = _parse(value, field)
            variables[key] = variable
    return variables, strangers


def _field(key: tuple[str, ...]) -> FieldInfo | None:
    """Find the field of a dotted key, through `pumps.<slug>` as well."""
    model: type[Section] = Config
    field: FieldInfo | None = None
    for part in key:
        if model is Config and field is not None:  # the slug of a pump
            model = get_args(field.annotation)[1]
            field = None
            continue
        field = model.model_fields.get(part)
        if field is None:
            return None
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            model = field.annotation
        elif part != "pumps":
            return field if part == key[-1] else None
    return None


def _parse(value: str, field: FieldInfo) -> Any:
    """Read an environment variable as text where text is wanted, else as a TOML value."""
    kind = field.annotation
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    if any(k in (str, SecretStr, Path) for k in kinds) or (
        get_origin(kind) is not None and any(isinstance(option, str) for option in get_args(kind))
    ):
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value


def _problems(
    error: ValidationError, lines: dict[Key, int], variables: dict[Key, str], name: str
) -> list[Problem]:
    problems = []
    for item in error.errors(include_url=False):
        key: Key = tuple(item.get("ctx", {}).get("at", item["loc"]))
        line = next((lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in lines), None)
        if variable := variables.get(key):
            where, line = variable, None
        else:
            where = f"{name}:{line}" if line else name
        problems.append(Problem(where, line, key_text(key), sentence(key, item), fix(key, item)))
    return sorted(problems, key=lambda problem: problem.line or 0)

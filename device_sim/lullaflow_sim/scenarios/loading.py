"""Find and read scenario files."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from lullaflow_sim.scenarios.model import Scenario


class ScenarioError(Exception):
    """No such scenario, or a mistake in its file; the message says what and where."""


def scenario_names() -> list[str]:
    """Return the names of the scenarios that come with the simulator."""
    folder = files("lullaflow_sim.scenarios")
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )


def load_scenario(name_or_path: str) -> Scenario:
    """Read a scenario by its name, or from a TOML file.

    Raises:
        ScenarioError: with one sentence for a person.
    """
    if name_or_path in scenario_names():
        text = files("lullaflow_sim.scenarios").joinpath(f"{name_or_path}.toml").read_text("utf-8")
    else:
        text = _read(Path(name_or_path).expanduser())
    try:
        return Scenario.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"The scenario {name_or_path} is no valid TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ScenarioError(
            f"The scenario {name_or_path} has a mistake at {where or 'its top'}: {first['msg']}."
        ) from error


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError as error:
        raise ScenarioError(
            f"There is no scenario {path}: give the path of a TOML file, or one of "
            f"{', '.join(scenario_names())}."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"The scenario {path} cannot be read: {error}.") from error

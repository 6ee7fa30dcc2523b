"""Names of entities in the house's language, from the catalogues in `names/`."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

FALLBACK: Final = "en"


def house_language(asked: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the language to use: asked for, or this machine's, where there is a catalogue."""
    for name in (asked, *(environ.get(key, "") for key in ("LC_ALL", "LC_MESSAGES", "LANG"))):
        if name:
            language = name[:2].lower()
            return language if language in languages() else FALLBACK
    return FALLBACK


@cache
def languages() -> frozenset[str]:
    """Return the languages that have a catalogue."""
    folder = files(__package__).joinpath("names")
    return frozenset(
        file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")
    )


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return the names by entity."""
    text = files(__package__).joinpath("names", f"{language}.toml").read_text("utf-8")
    return {key: str(name) for key, name in tomllib.loads(text).items()}

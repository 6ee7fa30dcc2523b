"""Where in a TOML text each key stands; `tomllib` itself does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

Key = tuple[str | int, ...]


def key_lines(text: str) -> dict[Key, int]:
    """Return the line (from 1) on which each key and table of a valid TOML text begins.

    The text is parsed again after each of its lines: what is new belongs to the statement that
    ends there. So every spelling that TOML allows is understood without a second parser. The cost
    is quadratic, a few ms for a file of a hundred lines, and paid only when there is a mistake.
    """
    found: dict[Key, int] = {}
    lines = text.splitlines()
    begin = 0
    for end, line in enumerate(lines):
        if begin == end and (not line.strip() or line.lstrip().startswith("#")):
            begin = end + 1
            continue
        try:
            data = tomllib.loads("\n".join(lines[: end + 1]))
        except tomllib.TOMLDecodeError:
            continue  # within a statement of several lines
        for key in _keys(data):
            found.setdefault(key, begin + 1)
        begin = end + 1
    return found


def syntax_error_line(text: str, error: tomllib.TOMLDecodeError) -> int:
    """Return the line of a syntax error; the parser says it in its message only."""
    if match := re.search(r"line (\d+)", str(error)):
        return int(match[1])
    return max(1, len(text.splitlines()))


def _keys(value: Any, key: Key = ()) -> Iterator[Key]:
    if key:
        yield key
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _keys(inner, (*key, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _keys(inner, (*key, index))

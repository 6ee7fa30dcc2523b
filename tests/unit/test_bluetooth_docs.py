"""What `docs/bluetooth.md` claims is what the code and the tests have."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bluetooth.md").read_text("utf-8")
TRIED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))


def functions(path: Path) -> dict[str, str]:
    """Return the docstring of each function in a module, by name."""
    tree = ast.parse(path.read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {n.name: ast.get_docstring(n) or "" for n in tree.body if isinstance(n, kinds)}


@pytest.mark.parametrize(("module", "name"), TRIED)
def test_every_trial_that_is_named_is_there(module: str, name: str) -> None:
    assert name in functions(ROOT / "tests" / module)


def test_every_module_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(link/[\w/]+\.py)`", PAGE))
    assert named
    assert [each for each in named if not (ROOT / "host" / "lullaflow" / each).is_file()] == []


def test_the_table_holds_every_fault_and_none_lost_a_frame() -> None:
    faults = functions(ROOT / "tests" / "bluez" / "faults.py").values()
    rows = re.findall(r"^\| (.+) \| \d+\.\d \| \d+ \| (\d+) \|$", PAGE, re.MULTILINE)
    assert [f"{words}." for words, _ in rows] == [words for words in faults if words]
    assert {lost for _, lost in rows} == {"0"}

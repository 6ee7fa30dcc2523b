"""Every number of the body says its unit, and where it comes from or that it is assumed."""

import ast
import re
from itertools import chain
from pathlib import Path

import pytest

import lullaflow_sim

ROOT = Path(lullaflow_sim.__file__).parent
MODULES = sorted(
    chain(
        *((ROOT / folder).glob("*.py") for folder in ("body", "pump", "sensors")),
        (ROOT / "generate" / f"{name}.py" for name in ("accidents", "conditions", "drawing")),
        (ROOT / "generate" / "session.py",),
        (ROOT / f"{name}.py" for name in ("bottle", "course", "let_downs")),
        (ROOT / "scenarios" / "planning.py",),
    )
)

ORIGIN = re.compile(r"[Aa]ssumed|by design|by gravity|[A-Z]\w+ (19|20)\d\d|doi|FDA K\d+|secondary")
UNIT = re.compile(
    r"_(S|G|G_S|MMHG|HZ|ML|G_PER_ML|CYCLES_PER_MIN|15_MIN)\b"
    r"|\b(s|g|g/s|mmHg|min|seconds|grams|shares?|spreads?|times|exponent|factor|relative|points"
    r"|[Ss]teps|[Rr]ows|count|oxytocin|[Pp]ulses|strength|scatter|[Ll]ogarithm|form|[Ff]orms"
    r"|constants?)\b",
    re.IGNORECASE,
)
NO_PARAMETERS = {"GRID", "_SIDES", "_HARD", "CONDITIONS"}
"""Derived from what stands above; numbers of sides; tables of `Conditions`, whose class tells."""

PLAIN = {0.0, 1.0, 2.0, 4.0, 0.5, 60.0, 3600.0, 1e-6}
"""What needs no source: halves, doubles and quarters, and conversions of units."""


def name_of(path):
    return str(path.relative_to(ROOT))


def numbers_in(node):
    return [
        each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and type(each.value) in (int, float)
    ]


def constants(tree):
    """Yield each run of constants with the string that stands under it."""
    run = []
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and numbers_in(node.value):
            run.append(node)
            continue
        if run:
            told = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            yield run, node.value.value if told else ""
        run = []
    if run:
        yield run, ""


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_constants_tell_unit_and_origin(path):
    for run, told in constants(ast.parse(path.read_text("utf-8"))):
        names = [ast.unparse(getattr(each, "target", None) or each.targets[0]) for each in run]
        if names[0] in NO_PARAMETERS:
            continue
        assert ORIGIN.search(told), f"{path.name}: {names} tell no source, nor 'assumed'"
        unit = UNIT.search(" ".join(names)) or UNIT.search(told)
        assert unit, f"{path.name}: {names} have no unit"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_number_hides_in_a_function(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.FunctionDef):
            continue
        # Bits of a number's text (digits to round to) are no parameters of a body.
        rounded = {
            id(argument)
            for call in ast.walk(node)
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("round")
            for argument in call.args[-1:]
        }
        hidden = [
            each.value
            for each in ast.walk(node)
            if isinstance(each, ast.Constant)
            and type(each.value) in (int, float)
            and abs(each.value) not in PLAIN
            and id(each) not in rounded
        ]
        assert hidden == [], f"{path.name}: {node.name} has numbers without a name: {hidden}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_defaults_of_plans_are_told_about(path):
    for node in ast.parse(path.read_text("utf-8")).body:
        if not isinstance(node, ast.ClassDef):
            continue
        fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
        preset = [each for each in fields if each.value and {*numbers_in(each.value)} - {0, 1}]
        told = ast.get_docstring(node) or ""
        for each in preset:
            assert re.search(rf"\b{ast.unparse(each.target)}\b", told), (
                f"{path.name}: {node.name}.{ast.unparse(each.target)} is not told about"
            )
        if preset:
            assert ORIGIN.search(told), f"{path.name}: {node.name} tells no source, nor 'assumed'"

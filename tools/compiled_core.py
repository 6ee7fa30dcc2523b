"""Compiles the core into the wheel when that is asked for: it tells the same, faster.

`HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 pip install .` asks for it. It is a build hook of Hatch, and mypyc
turns what mypy has checked into machine code; a C compiler and Python's headers are needed. It is
for who replays thousands of recordings: a parent's evening takes a second of one processor anyway.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGES: Final = ("host/lullaflow", "protocols/lullaflow_protocol")
"""What the core stands on."""

COMPILED: Final = ("lullaflow/detection", "lullaflow/session")

KINDS: Final = ("*.so", "*.pyd")
"""What a compiled module is called; besides one for each there is one that they share."""

AS_THEY_ARE: Final = {
    "__init__",
    "trees",  # texts only
    "weights",
    "confidence",  # mypyc 2.4 takes its last constant for unset
    "inputs",  # pydantic reads their annotations, of which mypyc leaves little
    "view",
    "frames",
    "replay",  # files, not samples
}


class CompiledCore(BuildHookInterface[Any]):
    """Adds the compiled modules beside their sources, from which they were made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say where the results go in the wheel."""
        if self.target_name != "wheel" or version == "editable":
            return
        self._folder = TemporaryDirectory()
        folder = Path(self._folder.name)
        for built in _compiled(Path(self.root), folder):
            build_data["force_include"][str(built)] = str(built.relative_to(folder))
        build_data["infer_tag"] = True
        build_data["pure_python"] = False

    def finalize(self, version: str, *_: object) -> None:
        """Forget what the wheel now holds."""
        if self.target_name == "wheel" and version != "editable":
            self._folder.cleanup()


def _compiled(root: Path, folder: Path) -> list[Path]:
    """Compile a copy of the packages in a folder, for the sources are to stay as they are."""
    for package in PACKAGES:
        copy = folder / Path(package).name
        shutil.copytree(root / package, copy, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    modules = [
        str(path.relative_to(folder))
        for part in COMPILED
        for path in sorted((folder / part).glob("*.py"))
        if path.stem not in AS_THEY_ARE
    ]
    done = subprocess.run(  # noqa: S603 -- our own modules
        [sys.executable, "-m", "mypyc", "--config-file=", *modules],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
        raise SystemExit(
            "lullaflow: the core could not be compiled, see above. That takes a C compiler and "
            "Python's headers (on Debian: apt install gcc libc6-dev python3-dev); without "
            "HATCH_BUILD_HOOK_ENABLE_CUSTOM the same core installs as it is."
        )
    places = (folder, *(folder / part for part in COMPILED))
    built = [path for place in places for kind in KINDS for path in place.glob(kind)]
    if len(built) <= len(modules):
        raise SystemExit(f"lullaflow: of {len(modules)} modules mypyc left {len(built)} files only")
    return built

"""A compiled firmware, as `make firmware` leaves it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from lullaflow.flashing.errors import FlashError

MANIFEST = "manifest.json"
MAIN = "main.py"


class File(BaseModel):
    """A file of the firmware.

    Attributes:
        path: on the board, within its slot.
        sha256: of its bytes, in hex.
        size: bytes.
    """

    path: str
    sha256: str
    size: int


class Manifest(BaseModel):
    """What a firmware is made of.

    Attributes:
        name: `lullaflow`.
        version: of the firmware.
        board: for which it is, such as `esp32_c3`.
        chip: what MicroPython calls that board's chip.
        mpy: version of the compiled files' format.
        files: all but this manifest.
    """

    name: str
    version: str
    board: str
    chip: str
    mpy: int
    files: list[File]


@dataclass(frozen=True, slots=True)
class Package:
    """A firmware, whole and checked.

    Attributes:
        manifest: what it is made of.
        contents: the bytes of each file, by path; the manifest among them.
    """

    manifest: Manifest
    contents: Mapping[str, bytes]

    @property
    def board(self) -> str:
        """For which board it is."""
        return self.manifest.board


def load_packages(folder: Path) -> list[Package]:
    """Load the firmwares in a folder, one for each board.

    Raises:
        FlashError: there is none, or one is damaged.
    """
    packages = [_load(path.parent) for path in sorted(folder.glob(f"*/{MANIFEST}"))]
    if not packages:
        raise FlashError(
            f"There is no compiled firmware in {folder}. It is compiled from lullaflow's source "
            "(`make firmware` there; a package that pip installed has no Makefile): run this "
            "command in that folder, or name its build/firmware with --firmware."
        )
    return packages


def _load(folder: Path) -> Package:
    try:
        described = (folder / MANIFEST).read_bytes()
        manifest = Manifest.model_validate_json(described)
        contents = {file.path: (folder / file.path).read_bytes() for file in manifest.files}
    except (OSError, ValidationError):
        raise _damaged(folder) from None
    for file in manifest.files:
        if hashlib.sha256(contents[file.path]).hexdigest() != file.sha256:
            raise _damaged(folder)
    if MAIN not in contents:
        raise _damaged(folder)
    return Package(manifest, {**contents, MANIFEST: described})


def _damaged(folder: Path) -> FlashError:
    return FlashError(f"The firmware in {folder} is damaged; make it anew with `make firmware`.")

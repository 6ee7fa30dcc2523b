"""The board's flash: named bytes that outlive its power, and the process when a file is given."""

from __future__ import annotations

import json
from pathlib import Path


class FlashError(Exception):
    """The flash's file cannot be used; the message says what to do."""


class Flash:
    """A small store of bytes by name.

    Args:
        path: a JSON file that keeps it; None keeps it in memory only.

    Raises:
        FlashError: when the file is there but is no flash.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._content: dict[str, bytes] = {}
        if path is None or not path.exists():
            return
        try:
            stored = json.loads(path.read_text("utf-8"))
            self._content = {name: bytes.fromhex(data) for name, data in stored.items()}
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise FlashError(
                f"{path} holds no simulated flash ({error}): name another file, or delete it and "
                "the board forgets its bonds and settings."
            ) from error

    @property
    def is_blank(self) -> bool:
        """Whether nothing was ever written: a board fresh from the factory."""
        return not self._content

    def read(self, name: str) -> bytes | None:
        """Return what was written under a name, None when nothing was."""
        return self._content.get(name)

    def write(self, name: str, data: bytes) -> None:
        """Write whole.

        Raises:
            OSError: when the file cannot be written.
        """
        self._content[name] = bytes(data)
        if self._path is not None:
            fresh = self._path.with_name(self._path.name + ".new")
            fresh.write_text(
                json.dumps({name: data.hex() for name, data in self._content.items()}), "utf-8"
            )
            fresh.replace(self._path)

"""Only one daemon writes to a store: two would write over each other's recordings."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lullaflow.store.schema import StoreError


@contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """Keep other daemons from the store at `path` while the block runs.

    The lock is the system's own and goes with the process, however that ends. Reading commands
    need not ask.

    Raises:
        StoreError: another daemon uses the store, or its folder cannot be written to.
    """
    lock = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("w")
    except OSError as error:
        raise StoreError(
            f"the store's folder {path.parent} cannot be written to ({error.strerror}). "
            "Set store.path to a place where you may write."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"another lullaflow uses the store {path} already. End that one, or give this one "
                "a store.path of its own."
            ) from None
        yield

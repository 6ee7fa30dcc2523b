"""The schema: one SQL file per version, applied in order, never changed once released."""

from __future__ import annotations

import sqlite3
from importlib.resources import files
from pathlib import Path

SCHEMA_VERSION = 2


class StoreError(Exception):
    """The store cannot be used; the message says what to do."""


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the database to `SCHEMA_VERSION`; an older one is copied beside itself first.

    Raises:
        StoreError: when a newer lullaflow wrote the database.
        sqlite3.Error: when the disk does not let us.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} was written by a newer lullaflow (schema {version}, known here is "
            f"{SCHEMA_VERSION}): install that version again, or set another store.path."
        )
    if 0 < version < SCHEMA_VERSION:
        connection.execute("VACUUM INTO ?", (f"{path}.v{version}.backup",))
    for step in range(version + 1, SCHEMA_VERSION + 1):
        script = files("lullaflow.store").joinpath(f"migrations/v{step}.sql").read_text("utf-8")
        connection.executescript(f"BEGIN;\n{script}\nPRAGMA user_version = {step};\nCOMMIT;")

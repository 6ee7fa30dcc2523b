"""What outlives the daemon, in SQLite: frames before anybody acts on them, events, sessions."""

from lullaflow.store.ownership import sole_writer
from lullaflow.store.records import (
    Entry,
    KeptKnob,
    Recording,
    StoredFrame,
    StoredInput,
    StoredSession,
)
from lullaflow.store.schema import StoreError
from lullaflow.store.store import Store, open_store

__all__ = [
    "Entry",
    "KeptKnob",
    "Recording",
    "Store",
    "StoreError",
    "StoredFrame",
    "StoredInput",
    "StoredSession",
    "open_store",
    "sole_writer",
]

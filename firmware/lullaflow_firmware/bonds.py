"""The bonds with hosts: what the Bluetooth stack asks to be kept, on flash, four hosts at most."""

import struct

from .records import Record

MAX_BONDS = 4
_VERSION = 1
_ENTRY = "<BBB"  # secret type, sizes of key and value
_OLDEST = 0


class Bonds:
    """The store behind the stack's IRQ_GET_SECRET and IRQ_SET_SECRET.

    A bond is a few secrets, at most one of each type for a peer; the peers' order of arrival
    decides which bond goes when a fifth comes.

    The stack asks from within its own task, whose stack is too small for writing files: `set`
    changes memory alone, and a task of ours saves.

    NimBLE deletes a host's secrets as soon as somebody who says to be that host begins to pair,
    and the oldest host's when it believes its store full. Neither may cost a host its bond, so
    what the stack deletes is out of its sight until the link ends, and then there again; only
    new secrets of the same host, and `forget_all`, end a bond.

    Attributes:
        unsaved: whether there is something to save.
    """

    def __init__(self, storage):
        self._record = Record(storage, "bonds", _VERSION)
        self._secrets = []  # (type, key, value), oldest first
        self._hidden = []  # (type, key) of those that the stack has deleted on this link
        self.unsaved = False
        self._load()

    def get(self, kind, index, key):
        """Return a secret by its key, or the `index`-th of its type when `key` is None."""
        found = [e for e in self._secrets if e[0] == kind and e[:2] not in self._hidden]
        if key is None:
            return found[index][2] if index < len(found) else None
        for each in found:
            if each[1] == key:
                return each[2]
        return None

    def set(self, kind, key, value):
        """Keep a secret, or hide it when `value` is None; tell whether something was done."""
        if value is None:
            if self.get(kind, 0, key) is None:
                return False
            self._hidden.append((kind, key))
            return True
        kept = [each for each in self._secrets if each[:2] != (kind, key)]
        same = [each for each in kept if each[0] == kind]
        if len(same) >= MAX_BONDS:
            kept.remove(same[_OLDEST])
        kept.append((kind, key, value))
        self._hidden = [each for each in self._hidden if each != (kind, key)]
        self._secrets = kept
        self.unsaved = True
        return True

    def settle(self):
        """Show again what was hidden and not replaced: the link has ended."""
        self._hidden = []

    def forget_all(self):
        """Forget every host."""
        self._secrets = []
        self._hidden = []
        self.unsaved = True

    def save(self):
        """Write to flash what has changed."""
        payload = b"".join(
            struct.pack(_ENTRY, kind, len(key), len(value)) + key + value
            for kind, key, value in self._secrets
        )
        self.unsaved = False
        try:
            self._record.save(payload)
        except OSError:
            # A flash that refuses: the bonds last until the power goes.
            pass

    def _load(self):
        payload = self._record.load() or b""
        at = 0
        while at + 3 <= len(payload):
            kind, key_size, value_size = struct.unpack_from(_ENTRY, payload, at)
            at += 3
            key = payload[at : at + key_size]
            at += key_size
            value = payload[at : at + value_size]
            at += value_size
            if at <= len(payload):
                self._secrets.append((kind, key, value))

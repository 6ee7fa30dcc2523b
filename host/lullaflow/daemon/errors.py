"""Why the daemon cannot start."""

from __future__ import annotations


class StartError(Exception):
    """The daemon cannot start; the message is one sentence with what to do."""

"""Keeps cancellations that come together with an answer."""

from __future__ import annotations

import asyncio


def stop_if_cancelled() -> None:
    """Stop here when the task has been cancelled while an answer came.

    Before Python 3.12, asyncio.wait_for, by which Bumble waits, returns such an answer and forgets
    the cancellation; the task would go on for ever.

    Raises:
        asyncio.CancelledError: it has been.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

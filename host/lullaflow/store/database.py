"""One SQLite connection in a thread of its own, and patience with a disk that is full or busy."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import structlog

from lullaflow.store.schema import StoreError, migrate

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

# Another program (a backup, `lullaflow sessions`) holds the lock for ms; longer is told to people.
BUSY_TIMEOUT_S = 5.0
# A full disk is seldom freed within a second, and asking costs nothing.
RETRY_S = 1.0

log = structlog.get_logger(__name__)


class Database:
    """Runs work on the connection, one piece after the other, each in one transaction.

    Attributes:
        problem: what keeps the disk from taking what we write, as a sentence; None when all is
            well. Writing goes on by itself as soon as the disk allows it.
    """

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._thread = thread
        self.problem: str | None = None

    @classmethod
    async def open(cls, path: Path) -> Database:
        """Open the database, made or migrated as need be.

        Raises:
            StoreError: when that is impossible; the message says why and what to do.
        """
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        loop = asyncio.get_running_loop()
        try:
            connection = await loop.run_in_executor(thread, _connect, path)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(connection, thread)

    async def close(self) -> None:
        """Finish what was begun, and close."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    async def once(self, work: Work[T]) -> T:
        """Run `work` once.

        Raises:
            sqlite3.Error: when the disk fails.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._in_transaction, work
        )

    async def patiently(self, work: Work[T]) -> T:
        """Run `work`, again and again while the disk is full or the file locked.

        Callers wait: nobody acts on what is not stored. The board's own buffer and the link's
        queue hold what arrives meanwhile.
        """
        while True:
            try:
                result = await self.once(work)
            except sqlite3.OperationalError as error:
                self._set_problem(f"recordings cannot be stored now: {error}")
                await asyncio.sleep(RETRY_S)
            else:
                self._set_problem(None)
                return result

    def _set_problem(self, problem: str | None) -> None:
        if problem == self.problem:
            return
        self.problem = problem
        if problem:
            log.error(problem, advice="free some space or end the program that holds the file")
        else:
            log.info("recordings are stored again")

    def _in_transaction(self, work: Work[T]) -> T:
        with self._connection:
            return work(self._connection)


def _connect(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            # A crash of the daemon loses nothing. After a power cut the last second may be
            # missing; the board still has it, and an event said twice keeps its id. Waiting for
            # the medium twice a second would wear out a memory card.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{path} cannot be used as the store ({error}). "
            "Move it away, or set another store.path."
        ) from error
    except OSError as error:
        raise StoreError(
            f"the store's folder {path.parent} cannot be made ({error.strerror}). "
            "Set store.path to a place where you may write."
        ) from error
    return connection

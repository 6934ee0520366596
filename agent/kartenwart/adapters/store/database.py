"""The database: one file, one writing connection, one reading connection, both in threads of their own."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TypeVar

from kartenwart.adapters.store.codec import StoredWrong
from kartenwart.adapters.store.migrations import migrate
from kartenwart.adapters.store.state import OWNER_ONLY, StateDamaged, StateUnusable
from kartenwart.adapters.store.writer import Writer, WriterClosed
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_READING = ("trusted_schema = OFF", "temp_store = MEMORY", "query_only = ON")
_WRITING = (
    "trusted_schema = OFF",
    "temp_store = MEMORY",
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
)
BUSY_SECONDS = 5.0  # somebody looks into the file with another tool

_log = logging.getLogger(__name__)


class Database:
    """Runs works against the file; each raises WorldError(STORE_FAILED) when the disk refuses.

    A work returns plain values: no cursor leaves its thread.
    """

    def __init__(self, path: Path, writing: sqlite3.Connection, reading: sqlite3.Connection) -> None:
        self._path = path
        self._writer = Writer(writing)
        self._reading = reading
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-reader")

    async def write(self, work: Work[T]) -> T:
        """Run a work that changes something; its result is durable on return."""
        try:
            return await self._writer.write(work)
        except (sqlite3.Error, WriterClosed, StoredWrong) as error:
            raise _failed("write", error) from error

    async def read(self, work: Work[T]) -> T:
        """Run a work that only reads, and sees everything committed before."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._reader, work, self._reading)
        except (sqlite3.Error, StoredWrong, RuntimeError) as error:
            raise _failed("read", error) from error

    async def read_aside(self, work: Work[T]) -> T:
        """Run a long reading work over one consistent state, on a connection of its own, beside all others."""
        try:
            return await asyncio.to_thread(self._aside, work)
        except (sqlite3.Error, StoredWrong) as error:
            raise _failed("read", error) from error

    async def scrub(self) -> None:
        """Make deleted content vanish from the file and its log: checkpoint, truncate the log, return free pages."""
        try:
            await self._writer.alone(_scrub)
        except (sqlite3.Error, WriterClosed) as error:
            raise _failed("scrub", error) from error

    def close(self) -> None:
        """Do what waits, fold the log into the file and close (blocks)."""
        self._reader.shutdown()
        self._reading.close()
        self._writer.close()

    def _aside(self, work: Work[T]) -> T:
        with closing(_connect(self._path, reading=True)) as connection:
            connection.execute("BEGIN")
            return work(connection)


@asynccontextmanager
async def open_database(path: Path) -> AsyncIterator[Database]:
    """Open the file, make or migrate it and check it; raises StateUnusable or one of its kinds."""
    writing, reading = await asyncio.to_thread(_open, path)
    database = Database(path, writing, reading)
    try:
        yield database
    finally:
        await asyncio.to_thread(_close, database, writing)


def _open(path: Path) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))  # log and index take over these rights
        path.chmod(OWNER_ONLY)
        writing = _connect(path, reading=False)
        try:
            _check(writing, path)
            migrate(writing)
            return writing, _connect(path, reading=True)
        except BaseException:
            writing.close()
            raise
    except (sqlite3.OperationalError, OSError) as error:
        raise StateUnusable(
            f"Die Datenbank {path} lässt sich nicht öffnen ({error}). Prüfen Sie Rechte und freien Speicherplatz."
        ) from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path, str(error)) from error


def _connect(path: Path, *, reading: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _READING if reading else _WRITING:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise _damaged(path, found)


def _damaged(path: Path, found: str) -> StateDamaged:
    return StateDamaged(
        f"Die Datenbank {path} ist beschädigt ({found}). Sichern Sie die Datei, prüfen Sie den Datenträger und "
        "spielen Sie die letzte Sicherung zurück."
    )


def _scrub(connection: sqlite3.Connection) -> None:
    free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
    pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
    if free * 4 > pages:
        connection.execute("VACUUM")
    busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise sqlite3.OperationalError("the log is in use and cannot be emptied now")


def _close(database: Database, writing: sqlite3.Connection) -> None:
    database.close()
    writing.close()  # the last connection folds the log into the file


def _failed(doing: str, error: Exception) -> WorldError:
    fields = {"doing": doing, "error": type(error).__name__, "code": getattr(error, "sqlite_errorname", "")}
    _log.error("store.failed", fields)
    return WorldError(failure(Reason.STORE_FAILED), sent=False)  # the store never talks to a card

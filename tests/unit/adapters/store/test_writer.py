"""The writer: one transaction for what waits, an error for its own order only, nothing lost at the end."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from kartenwart.adapters.store.writer import Writer, WriterClosed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    opened.execute("PRAGMA journal_mode = WAL")
    opened.execute("CREATE TABLE t (x INTEGER PRIMARY KEY) STRICT")
    yield opened
    opened.close()


@pytest.fixture
async def writer(connection: sqlite3.Connection) -> AsyncIterator[Writer]:
    made = Writer(connection)
    yield made
    await asyncio.to_thread(made.close)


def insert(number: int) -> Callable[[sqlite3.Connection], int]:
    def work(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO t VALUES (?)", (number,))
        return number

    return work


def stored(path: Path) -> list[int]:
    """What another process would see."""
    other = sqlite3.connect(path)
    try:
        return [row[0] for row in other.execute("SELECT x FROM t ORDER BY x")]
    finally:
        other.close()


async def test_a_result_comes_after_the_commit(writer: Writer, path: Path) -> None:
    assert await writer.write(insert(1)) == 1
    assert stored(path) == [1]


async def test_what_waits_shares_a_transaction(writer: Writer, connection: sqlite3.Connection, path: Path) -> None:
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    assert await asyncio.gather(*(writer.write(insert(number)) for number in range(500))) == list(range(500))
    assert stored(path) == list(range(500))
    assert statements.count("COMMIT") < 60


async def test_a_failing_write_takes_no_neighbour_with_it(writer: Writer, path: Path) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (100)")
        raise RuntimeError("changed its mind")

    outcomes = await asyncio.gather(
        writer.write(insert(1)),
        writer.write(half),
        writer.write(insert(1)),
        writer.write(insert(2)),
        return_exceptions=True,
    )
    assert outcomes[0] == 1
    assert isinstance(outcomes[1], RuntimeError)
    assert isinstance(outcomes[2], sqlite3.IntegrityError)
    assert outcomes[3] == 2
    assert stored(path) == [1, 2]


async def test_a_write_that_loses_the_whole_transaction_takes_no_neighbour_with_it(writer: Writer, path: Path) -> None:
    def lose(connection: sqlite3.Connection) -> None:
        # What SQLite does by itself when the disk is full: the transaction is gone, savepoints and all.
        connection.execute("INSERT OR ROLLBACK INTO t VALUES (1), (1)")

    outcomes = await asyncio.gather(
        writer.write(insert(1)), writer.write(lose), writer.write(insert(2)), return_exceptions=True
    )
    assert [outcomes[0], outcomes[2]] == [1, 2]
    assert isinstance(outcomes[1], sqlite3.Error)
    assert stored(path) == [1, 2]


async def test_a_commit_that_fails_takes_no_neighbour_with_it(
    writer: Writer, connection: sqlite3.Connection, path: Path
) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("CREATE TABLE child (x INTEGER REFERENCES t DEFERRABLE INITIALLY DEFERRED) STRICT")

    def orphan(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO child VALUES (4711)")  # noticed at the commit only

    outcomes = await asyncio.gather(
        writer.write(insert(1)), writer.write(orphan), writer.write(insert(2)), return_exceptions=True
    )
    assert [outcomes[0], outcomes[2]] == [1, 2]
    assert isinstance(outcomes[1], sqlite3.IntegrityError)
    assert stored(path) == [1, 2]
    assert await writer.write(insert(3)) == 3


async def test_a_caller_who_leaves_leaves_the_write_to_be_done(writer: Writer, path: Path) -> None:
    waiting = asyncio.create_task(writer.write(insert(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    await writer.write(insert(2))
    assert stored(path) == [1, 2]


async def test_alone_runs_between_transactions_and_in_order(writer: Writer, path: Path) -> None:
    def count(connection: sqlite3.Connection) -> tuple[bool, int]:
        return connection.in_transaction, connection.execute("SELECT count(*) FROM t").fetchone()[0]

    outcomes = await asyncio.gather(
        writer.write(insert(1)), writer.alone(count), writer.write(insert(2)), writer.write(count)
    )
    assert tuple(outcomes) == (1, (False, 1), 2, (True, 2))


async def test_closing_does_what_waits_and_takes_nothing_more(connection: sqlite3.Connection, path: Path) -> None:
    writer = Writer(connection)
    tasks = [asyncio.create_task(writer.write(insert(number))) for number in range(200)]
    await asyncio.sleep(0)
    await asyncio.to_thread(writer.close)
    assert await asyncio.gather(*tasks) == list(range(200))
    assert stored(path) == list(range(200))
    with pytest.raises(WriterClosed):
        await writer.write(insert(1000))

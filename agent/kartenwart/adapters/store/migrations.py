"""The schema, as the steps that lead to it: step n takes a database from user_version n to n + 1.

A step that has been released is never changed; a new one is added behind it.
"""

import json
import sqlite3
from collections.abc import Callable

from kartenwart.adapters.store.state import StateTooNew

Step = Callable[[sqlite3.Connection], None]

# Times are ISO 8601 in UTC with microseconds: of one length, so that they sort as text.
_FIRST = (
    """
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        creator TEXT NOT NULL,
        request_id TEXT NOT NULL,
        mandant TEXT NOT NULL,
        state TEXT NOT NULL,
        ended_at TEXT,
        pruned INTEGER NOT NULL DEFAULT 0,
        body TEXT NOT NULL,
        UNIQUE (creator, request_id)
    ) STRICT
    """,
    "CREATE INDEX jobs_of_creator ON jobs (creator)",
    "CREATE INDEX jobs_unfinished ON jobs (number) WHERE ended_at IS NULL",
    "CREATE INDEX jobs_unpruned ON jobs (ended_at) WHERE pruned = 0",
    """
    CREATE TABLE audit (
        sequence INTEGER PRIMARY KEY,
        time TEXT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        outcome TEXT NOT NULL,
        context TEXT NOT NULL,
        mandant TEXT NOT NULL,
        detail TEXT NOT NULL,
        hash TEXT NOT NULL
    ) STRICT
    """,
    "CREATE TABLE workstations (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE users (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE tokens (secret_sha256 TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """
    CREATE TABLE attempts (
        card TEXT NOT NULL,
        pin TEXT NOT NULL,
        attempts_left INTEGER NOT NULL,
        PRIMARY KEY (card, pin)
    ) STRICT, WITHOUT ROWID
    """,
)


def _first(connection: sqlite3.Connection) -> None:
    for statement in _FIRST:
        connection.execute(statement)


def _previous_keys(connection: sqlite3.Connection) -> None:
    """Give workstations a place for the key before a renewal."""
    connection.execute("UPDATE workstations SET body = json_set(body, '$.previous_key_sha256', '')")


def _mandants_of_users(connection: sqlite3.Connection) -> None:
    """Give users a place for their mandants; those of before belong to the house until they are bound again."""
    connection.execute("UPDATE users SET body = json_set(body, '$.mandants', json('[]'))")


def _times_and_failures(connection: sqlite3.Connection) -> None:
    """Give jobs a place for where their time went, and signed documents one for why there is no signature."""
    unknown = '{"queue":0,"konnektor":0,"person":null,"checks":0}'
    connection.execute("UPDATE jobs SET body = json_set(body, '$.times', json(?))", (unknown,))
    signed = connection.execute(
        "SELECT number, body FROM jobs WHERE json_type(body, '$.result.SignDocumentsResult') IS NOT NULL"
    )
    for number, text in signed.fetchall():
        body = json.loads(text)
        for document in body["result"]["SignDocumentsResult"]["documents"]:
            document["failure"] = None
        connection.execute("UPDATE jobs SET body = ? WHERE number = ?", (json.dumps(body, ensure_ascii=False), number))


def _comfort(connection: sqlite3.Connection) -> None:
    """Give scopes the right to comfort signatures, which nobody has yet, and keep what assertions were used."""
    for table in ("workstations", "tokens"):
        connection.execute(f"UPDATE {table} SET body = json_set(body, '$.scope.comfort', json('false'))")  # noqa: S608
    connection.execute("CREATE TABLE nonces (digest TEXT PRIMARY KEY, expires_at TEXT NOT NULL) STRICT, WITHOUT ROWID")


def _signature_journal(connection: sqlite3.Connection) -> None:
    """Let the signature jobs of a long audit be found without reading all of it."""
    for name in ("sent", "ended"):
        condition = f"action = 'job.{name}' AND substr(detail, 1, 15) = 'SIGN_DOCUMENTS '"
        connection.execute(f"CREATE INDEX signatures_{name} ON audit (sequence) WHERE {condition}")


def _back_ends(connection: sqlite3.Connection) -> None:
    """Give jobs a place for the back-end by which their card was reached; those of before do not tell."""
    connection.execute("UPDATE jobs SET body = json_set(body, '$.back_end', '')")


STEPS: tuple[Step, ...] = (
    _first,
    _previous_keys,
    _mandants_of_users,
    _times_and_failures,
    _comfort,
    _signature_journal,
    _back_ends,
)


def migrate(connection: sqlite3.Connection, steps: tuple[Step, ...] = STEPS) -> None:
    """Bring the database to version len(steps), each step in a transaction; StateTooNew when it is beyond that."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(steps):
        raise StateTooNew(
            f"Die Datenbank hat Version {version}, dieser Kartenwart kennt nur bis {len(steps)}: Eine neuere Fassung "
            "hat sie schon umgestellt. Installieren Sie diese wieder, oder spielen Sie die Sicherung von vorher zurück."
        )
    for number in range(version, len(steps)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            steps[number](connection)
            connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

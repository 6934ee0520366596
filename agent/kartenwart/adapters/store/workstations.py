"""Workstations, users and one-time tokens in the database; fulfils the port WorkstationStore.

A user's konnektor_user_id stands here in the clear: the file is the box's secret (mode 0600).
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from kartenwart.adapters.store.callers import TOKEN, USER, WORKSTATION
from kartenwart.adapters.store.codec import time_text
from kartenwart.adapters.store.database import Database
from kartenwart.domain.enrolment import EnrolmentToken
from kartenwart.domain.principals import User, Workstation


class WorkstationTable:
    """Who may call, by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_workstation(self, workstation: Workstation) -> None:
        row = (workstation.name, WORKSTATION.dump(workstation))
        statement = "INSERT OR REPLACE INTO workstations (name, body) VALUES (?, ?)"
        await self._database.write(lambda connection: _run(connection, statement, row))

    async def list_workstations(self) -> Sequence[Workstation]:
        query = "SELECT body FROM workstations ORDER BY name"
        return await self._database.read(
            lambda connection: [WORKSTATION.load(row[0]) for row in connection.execute(query)]
        )

    async def save_user(self, user: User) -> None:
        row = (user.name, USER.dump(user))
        statement = "INSERT OR REPLACE INTO users (name, body) VALUES (?, ?)"
        await self._database.write(lambda connection: _run(connection, statement, row))

    async def list_users(self) -> Sequence[User]:
        query = "SELECT body FROM users ORDER BY name"
        return await self._database.read(lambda connection: [USER.load(row[0]) for row in connection.execute(query)])

    async def save_token(self, token: EnrolmentToken) -> None:
        row = (token.secret_sha256, TOKEN.dump(token))
        statement = "INSERT INTO tokens (secret_sha256, body) VALUES (?, ?)"
        await self._database.write(lambda connection: _run(connection, statement, row))

    async def take_token(self, secret_sha256: str) -> EnrolmentToken | None:
        def take(connection: sqlite3.Connection) -> EnrolmentToken | None:
            query = "DELETE FROM tokens WHERE secret_sha256 = ? RETURNING body"
            rows = connection.execute(query, (secret_sha256,)).fetchall()
            return TOKEN.load(rows[0][0]) if rows else None

        return await self._database.write(take)

    async def drop_tokens(self, now: datetime) -> None:
        statement = "DELETE FROM tokens WHERE json_extract(body, '$.expires_at') <= ?"
        await self._database.write(lambda connection: _run(connection, statement, (time_text(now),)))


def _run(connection: sqlite3.Connection, statement: str, row: tuple[str, ...]) -> None:
    connection.execute(statement, row)

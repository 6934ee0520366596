"""Small facts in the database; fulfils the port FactStore."""

import sqlite3
from datetime import datetime

from kartenwart.adapters.store.codec import TIME, time_text
from kartenwart.adapters.store.database import Database
from kartenwart.domain.inventory import Pin

_HIGH_WATER = "high_water"
_CHECKED = "online_check/"
_RAISE = """
    INSERT INTO facts (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value > value
"""


class FactTable:
    """The high-water mark of time, and attempts left by card and PIN, or its PUK ("PUK.CH" for that of PIN.CH)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take_nonce(self, digest: str, expires_at: datetime, now: datetime) -> bool:
        row = (digest, time_text(expires_at))

        def take(connection: sqlite3.Connection) -> bool:
            connection.execute("DELETE FROM nonces WHERE expires_at <= ?", (time_text(now),))
            insert = "INSERT OR IGNORE INTO nonces (digest, expires_at) VALUES (?, ?)"
            return connection.execute(insert, row).rowcount == 1

        return await self._database.write(take)

    async def high_water(self) -> datetime | None:
        def get(connection: sqlite3.Connection) -> datetime | None:
            row = connection.execute("SELECT value FROM facts WHERE name = ?", (_HIGH_WATER,)).fetchone()
            return row and TIME.decode(row[0])

        return await self._database.read(get)

    async def raise_high_water(self, time: datetime) -> None:
        row = (_HIGH_WATER, time_text(time))

        def put(connection: sqlite3.Connection) -> None:
            connection.execute(_RAISE, row)

        await self._database.write(put)

    async def save_attempts(self, card: str, pin: Pin, attempts_left: int | None, *, puk: bool = False) -> None:
        def put(connection: sqlite3.Connection) -> None:
            if attempts_left is None:
                connection.execute("DELETE FROM attempts WHERE card = ? AND pin = ?", (card, _key(pin, puk)))
            else:
                row = (card, _key(pin, puk), attempts_left)
                connection.execute("INSERT OR REPLACE INTO attempts (card, pin, attempts_left) VALUES (?, ?, ?)", row)

        await self._database.write(put)

    async def load_attempts(self, card: str, pin: Pin, *, puk: bool = False) -> int | None:
        def get(connection: sqlite3.Connection) -> int | None:
            query = "SELECT attempts_left FROM attempts WHERE card = ? AND pin = ?"
            row = connection.execute(query, (card, _key(pin, puk))).fetchone()
            return row and int(row[0])

        return await self._database.read(get)

    async def keep_online_check(self, seal: str, quarter: str) -> None:
        def put(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM facts WHERE name LIKE ? AND value < ?", (f"{_CHECKED}%", quarter))
            connection.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (_CHECKED + seal, quarter))

        await self._database.write(put)

    async def online_checked(self, seal: str, quarter: str) -> bool:
        def get(connection: sqlite3.Connection) -> bool:
            row = connection.execute("SELECT value FROM facts WHERE name = ?", (_CHECKED + seal,)).fetchone()
            return row is not None and row[0] == quarter

        return await self._database.read(get)


def _key(pin: Pin, puk: bool) -> str:
    return f"PUK.{pin.value}" if puk else pin.value

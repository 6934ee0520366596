"""The audit in the database, with its anchor outside; fulfils the port AuditStore.

The anchor gets the newest record at once, then at most one line per interval, and one at the stop. So whoever changes
the database unseen can do so only with the records of the last interval.
"""

import asyncio
import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC

from kartenwart.adapters.store.anchor import Anchor, AnchorLines
from kartenwart.adapters.store.codec import time_text
from kartenwart.adapters.store.database import Database, Work
from kartenwart.adapters.store.verdict import COLUMNS, check_chain, record_of
from kartenwart.domain.audit import GENESIS, AuditEntry, AuditRecord, AuditVerdict, chain_hash
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import WorldError

_INSERT = f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # our own words
_HEAD = "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1"
_LIST = f"""
    SELECT {COLUMNS} FROM audit
    WHERE (:mandants IS NULL OR mandant = '' OR mandant IN (SELECT value FROM json_each(:mandants)))
        AND (:before = 0 OR sequence < :before)
    ORDER BY sequence DESC LIMIT :limit
"""  # noqa: S608
_SIGNATURES = f"""
    SELECT {COLUMNS} FROM audit
    WHERE action = 'job.ended' AND substr(detail, 1, 15) = 'SIGN_DOCUMENTS '
        AND (:mandants IS NULL OR mandant IN (SELECT value FROM json_each(:mandants)))
        AND (:actor = '' OR actor = :actor) AND (:before = 0 OR sequence < :before)
    ORDER BY sequence DESC LIMIT :limit
"""  # noqa: S608
_SENT = """
    SELECT detail FROM audit
    WHERE action = 'job.sent' AND substr(detail, 1, 15) = 'SIGN_DOCUMENTS '
        AND substr(detail, 16, length(:job) + 1) = :job || ' '
    ORDER BY sequence LIMIT 1
"""
_ALL = f"SELECT {COLUMNS} FROM audit ORDER BY sequence"  # noqa: S608

_log = logging.getLogger(__name__)


class AuditTable:
    """The chain of this box; `interval` is the seconds between two lines of the anchor."""

    def __init__(self, database: Database, anchor: Anchor, clock: Clock, interval: float) -> None:
        self._database = database
        self._anchor = anchor
        self._clock = clock
        self._interval = interval
        self._grown = asyncio.Event()
        self._anchored = 0

    async def append_audit(self, entry: AuditEntry) -> AuditRecord:
        record = await self._database.write(self.appending(entry))
        self.grew()
        return record

    def appending(self, entry: AuditEntry) -> Work[AuditRecord]:
        """Return the work that appends, for the transaction of what is recorded; `grew` follows its commit."""
        time = self._clock.now().astimezone(UTC)

        def append(connection: sqlite3.Connection) -> AuditRecord:
            last, previous = connection.execute(_HEAD).fetchone() or (0, GENESIS)
            hash_ = chain_hash(previous, last + 1, time, entry)
            connection.execute(_INSERT, (last + 1, time_text(time), *_fields(entry), hash_))
            return AuditRecord(sequence=last + 1, time=time, entry=entry, hash=hash_)

        return append

    def grew(self) -> None:
        """Let the anchor follow."""
        self._grown.set()

    async def list_audit(self, *, mandants: frozenset[str] | None, before: int, limit: int) -> Sequence[AuditRecord]:
        wanted = {
            "mandants": None if mandants is None else json.dumps(sorted(mandants)),
            "before": max(before, 0),
            "limit": max(limit, 0),
        }
        return await self._database.read(
            lambda connection: [record_of(row) for row in connection.execute(_LIST, wanted)]
        )

    async def list_signatures(
        self, *, mandants: frozenset[str] | None, actor: str, before: int, limit: int
    ) -> Sequence[AuditRecord]:
        wanted = {
            "mandants": None if mandants is None else json.dumps(sorted(mandants)),
            "actor": actor,
            "before": max(before, 0),
            "limit": max(limit, 0),
        }
        return await self._database.read(
            lambda connection: [record_of(row) for row in connection.execute(_SIGNATURES, wanted)]
        )

    async def signature_sent(self, job: str) -> str:
        def get(connection: sqlite3.Connection) -> str:
            row = connection.execute(_SENT, {"job": job}).fetchone()
            return str(row[0]) if row else ""

        return await self._database.read(get)

    async def verify_audit(self) -> AuditVerdict:
        """Recompute the chain and hold it against the anchor; only reads, so that nothing wrong becomes attested."""
        lines = await asyncio.to_thread(self._lines)  # before the chain: what it says must then stand there

        return await self._database.read_aside(lambda connection: check_chain(connection.execute(_ALL), lines))

    @asynccontextmanager
    async def anchoring(self) -> AsyncIterator[None]:
        """Keep the anchor up to date while the block runs, and bring it up to date at its end."""
        await self._begin()
        keeper = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
            await self._write_line()

    async def _begin(self) -> None:
        """Make the anchor for a new chain; where it does not fit an old one, that becomes part of the audit."""
        lines = await asyncio.to_thread(self._lines)
        if lines is None:
            outcome = "MISSING" if await self._database.read(_head) else ""
            with suppress(OSError):  # the keeper tries again, and says so
                await asyncio.to_thread(self._anchor.create)
        else:
            outcome = "DIFFERS" if await self._differs(lines) else ""
            self._anchored = max(lines.hashes, default=0)
        if outcome:
            _log.error("audit.anchor_wrong", {"path": str(self._anchor.path), "outcome": outcome})
            entry = AuditEntry(actor="box", action="audit.anchor", subject="audit", outcome=outcome)
            await self.append_audit(entry)

    async def _differs(self, lines: AnchorLines) -> bool:
        """Hold the newest line against the chain; the whole comparison is for verify_audit."""
        if not lines.hashes:
            return False
        sequence = max(lines.hashes)

        def get(connection: sqlite3.Connection) -> str:
            row = connection.execute("SELECT hash FROM audit WHERE sequence = ?", (sequence,)).fetchone()
            return row[0] if row else ""

        return await self._database.read(get) != lines.hashes[sequence]

    async def _keep(self) -> None:
        while True:
            await self._grown.wait()
            self._grown.clear()
            if not await self._write_line():
                self._grown.set()
            await asyncio.sleep(self._interval)

    async def _write_line(self) -> bool:
        try:
            head = await self._database.read(_head)
            if head is None or head[0] <= self._anchored:
                return True
            await asyncio.to_thread(self._anchor.append, *head, self._clock.now())
        except (OSError, WorldError) as error:
            _log.error("audit.anchor_failed", {"path": str(self._anchor.path), "error": type(error).__name__})
            return False
        self._anchored = head[0]
        return True

    def _lines(self) -> AnchorLines | None:
        try:
            return self._anchor.read()
        except OSError:
            return None


def _head(connection: sqlite3.Connection) -> tuple[int, str] | None:
    row: tuple[int, str] | None = connection.execute(_HEAD).fetchone()
    return row


def _fields(entry: AuditEntry) -> tuple[str, ...]:
    return (
        entry.actor,
        entry.action,
        entry.subject,
        entry.outcome,
        entry.context,
        entry.mandant,
        entry.detail,
    )

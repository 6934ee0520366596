"""Jobs in the database; fulfils the port JobStore.

A job's identity (creator, request_id) is kept for ever, also after pruning: were it forgotten, the same request could
sign a second time. That costs about half a kilobyte per job.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from kartenwart.adapters.store.audit import AuditTable
from kartenwart.adapters.store.codec import time_text
from kartenwart.adapters.store.database import Database
from kartenwart.adapters.store.shapes import JOB
from kartenwart.domain.audit import AuditEntry
from kartenwart.domain.jobs import AuthenticateResult, Job, JobResult, SignDocumentsResult

_PRUNED_AT_ONCE = 200  # jobs in one write, so that others need not wait long

_INSERT = """
    INSERT INTO jobs (name, creator, request_id, mandant, state, ended_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (creator, request_id) DO NOTHING
"""
_UPDATE = "UPDATE jobs SET state = ?, ended_at = ?, body = ? WHERE name = ? AND ended_at IS NULL"
_IS_SO = "SELECT 1 FROM jobs WHERE name = ? AND state = ?"
# Only the conditions that are wished, so that SQLite can take the index that fits them.
_CONDITIONS = {
    "creator": "creator = :creator",
    "mandants": "mandant IN (SELECT value FROM json_each(:mandants))",
    "request_id": "request_id = :request_id",
    "before": "number < (SELECT number FROM jobs WHERE name = :before)",
}


class JobTable:
    """Jobs, newest last, and in one write with them what the audit tells of them."""

    def __init__(self, database: Database, audit: AuditTable) -> None:
        self._database = database
        self._audit = audit

    async def insert_job(self, job: Job) -> Job | None:
        row = (job.name, job.creator, job.request_id, job.mandant, job.state.value, _end(job), JOB.dump(job))

        def insert(connection: sqlite3.Connection) -> Job | None:
            if connection.execute(_INSERT, row).rowcount == 1:
                return None
            identity = (job.creator, job.request_id)
            found = connection.execute("SELECT body FROM jobs WHERE creator = ? AND request_id = ?", identity)
            known = JOB.load(found.fetchone()[0])
            return None if known.name == job.name else known  # its own row: the commit was there, its answer was not

        return await self._database.write(insert)

    async def update_job(self, job: Job, record: AuditEntry | None = None) -> None:
        """Write a job's new state with its record; an end that stands already is left with the record that it has.

        ValueError for a job that is not there, or that ended otherwise: ends are final.
        """
        row = (job.state.value, _end(job), JOB.dump(job), job.name)
        append = self._audit.appending(record) if record else None

        def update(connection: sqlite3.Connection) -> bool:
            if connection.execute(_UPDATE, row).rowcount != 1:
                return connection.execute(_IS_SO, (job.name, job.state.value)).fetchone() is not None
            if append is not None:
                append(connection)
            return True

        if not await self._database.write(update):
            raise ValueError(f"{job.name} is not there or has another end than {job.state.value}")
        if append is not None:
            self._audit.grew()

    async def get_job(self, name: str) -> Job | None:
        def get(connection: sqlite3.Connection) -> Job | None:
            row = connection.execute("SELECT body FROM jobs WHERE name = ?", (name,)).fetchone()
            return row and JOB.load(row[0])

        return await self._database.read(get)

    async def list_jobs(
        self, *, creator: str | None, mandants: frozenset[str] | None, request_id: str, before: str, limit: int
    ) -> Sequence[Job]:
        wanted = {
            "creator": creator,
            "mandants": None if mandants is None else json.dumps(sorted(mandants)),
            "request_id": request_id or None,
            "before": before or None,
            "limit": max(limit, 0),
        }
        conditions = [sql for name, sql in _CONDITIONS.items() if wanted[name] is not None] or ["TRUE"]
        query = f"SELECT body FROM jobs WHERE {' AND '.join(conditions)} ORDER BY number DESC LIMIT :limit"  # noqa: S608
        return await self._database.read(
            lambda connection: [JOB.load(row[0]) for row in connection.execute(query, wanted)]
        )

    async def unfinished_jobs(self) -> Sequence[Job]:
        query = "SELECT body FROM jobs WHERE ended_at IS NULL ORDER BY number"
        return await self._database.read(lambda connection: [JOB.load(row[0]) for row in connection.execute(query)])

    async def prune_jobs(self, before: datetime) -> int:
        """Reduce jobs that ended before a time to identity, state, outcome and hashes; return how many.

        What is dropped is then gone from the file and its log too. Raises WorldError(STORE_FAILED), also when only the
        log could not be emptied; the next call does so.
        """
        pruned = 0
        while done := await self._database.write(lambda connection: _prune(connection, time_text(before))):
            pruned += done
        await self._database.scrub()
        return pruned


def _end(job: Job) -> str | None:
    return time_text(job.ended_at or job.updated_at) if job.state.ended else None


def _prune(connection: sqlite3.Connection, before: str) -> int:
    query = "SELECT number, body FROM jobs WHERE pruned = 0 AND ended_at < ? LIMIT ?"
    rows = connection.execute(query, (before, _PRUNED_AT_ONCE)).fetchall()
    for number, body in rows:
        reduced = JOB.dump(_reduced(JOB.load(body)))
        connection.execute("UPDATE jobs SET pruned = 1, body = ? WHERE number = ?", (reduced, number))
    return len(rows)


def _reduced(job: Job) -> Job:
    return replace(job, documents=(), job_number="", progress=(), result=_outcome(job.result))


def _outcome(result: JobResult | None) -> JobResult | None:
    if isinstance(result, AuthenticateResult):
        return replace(result, output="", signer_certificate=b"")
    if not isinstance(result, SignDocumentsResult):
        return result
    return SignDocumentsResult(
        documents=tuple(replace(document, input="", output="", signer_certificate=b"") for document in result.documents)
    )

"""Jobs over a restart, as in store.py; apart from it, because a start does without them.

Each method raises WorldError(STORE_FAILED) when the disk refuses; nothing is half written then.
"""

from collections.abc import Sequence
from typing import Protocol

from kartenwart.domain.audit import AuditEntry
from kartenwart.domain.jobs import Job


class JobStore(Protocol):
    """Jobs by name and by (creator, request_id)."""

    async def insert_job(self, job: Job) -> Job | None:
        """Insert first: return None when inserted, or the job that already has this (creator, request_id)."""
        ...

    async def update_job(self, job: Job, record: AuditEntry | None = None) -> None:
        """Write a job's new state, and the audit's record of it with it: both or neither, an end's record once."""
        ...

    async def get_job(self, name: str) -> Job | None:
        """Return the job, or None."""
        ...

    async def list_jobs(
        self, *, creator: str | None, mandants: frozenset[str] | None, request_id: str, before: str, limit: int
    ) -> Sequence[Job]:
        """Return jobs, newest first, of a creator (None: of all) and of mandants (None: all); request_id "" means all;
        `before` is the name of the last job of the page before, "" for the first page.
        """
        ...

    async def unfinished_jobs(self) -> Sequence[Job]:
        """Return jobs that have not ended."""
        ...

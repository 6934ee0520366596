"""Who signed what kind of document when, with which card, how: read from the audit, which nobody can change unseen."""

from collections.abc import Sequence

from kartenwart.domain.ports.store import AuditStore
from kartenwart.domain.principals import Caller, Role
from kartenwart.domain.signature_journal import SignatureEntry, entry_of, facts_of, job_of


class SignatureJournal:
    """The signature jobs that ended, newest first."""

    def __init__(self, *, store: AuditStore) -> None:
        self._store = store

    async def list(self, caller: Caller, before: int, limit: int) -> Sequence[SignatureEntry]:
        """Return entries of the caller's mandants, a signer's own only; `before` is a sequence, 0: from the newest."""
        own = caller.name if caller.role is Role.SIGNER else ""
        records = await self._store.list_signatures(mandants=caller.mandants, actor=own, before=before, limit=limit)
        return [entry_of(record, await self._sent(record.entry.detail)) for record in records]

    async def _sent(self, detail: str) -> str:
        """Return what was kept when the job was sent, where a restart ended it and its end tells too little."""
        return "" if facts_of(detail).sha256 else await self._store.signature_sent(job_of(detail))

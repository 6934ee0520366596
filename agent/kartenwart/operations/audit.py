"""The audit: what was done, denied and decided, in a chain that shows when somebody changed it."""

from collections.abc import Sequence

from kartenwart.domain.audit import AuditEntry, AuditRecord, AuditVerdict
from kartenwart.domain.ports.store import AuditStore
from kartenwart.domain.principals import Caller


class Audit:
    """Writes and reads the audit of this box."""

    def __init__(self, *, store: AuditStore) -> None:
        self._store = store

    async def record(self, entry: AuditEntry) -> None:
        """Append an entry; durable on return. WorldError STORE_FAILED."""
        await self._store.append_audit(entry)

    async def list(self, caller: Caller, before: int, limit: int) -> Sequence[AuditRecord]:
        """Return records of the caller's mandants and of the box itself, newest first; before 0: from the newest."""
        return await self._store.list_audit(mandants=caller.mandants, before=before, limit=limit)

    async def verify(self) -> AuditVerdict:
        """Recompute the chain and compare it with the anchor."""
        return await self._store.verify_audit()

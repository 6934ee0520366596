"""The store as the agent opens it: lock, database, audit with its anchor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kartenwart.adapters.store.anchor import Anchor
from kartenwart.adapters.store.audit import AuditTable
from kartenwart.adapters.store.database import Database, open_database
from kartenwart.adapters.store.facts import FactTable
from kartenwart.adapters.store.state import locked
from kartenwart.adapters.store.workstations import WorkstationTable
from kartenwart.domain.clock import Clock

if TYPE_CHECKING:
    from kartenwart.adapters.store.jobs import JobTable

DATABASE_FILE = "agent.db"
ANCHOR_SECONDS = 60.0


class Store:
    """One table class per port of domain.ports."""

    def __init__(self, database: Database, audit: AuditTable) -> None:
        self._database = database
        self.audit = audit
        self.workstations = WorkstationTable(database)
        self.facts = FactTable(database)

    @cached_property
    def jobs(self) -> "JobTable":
        """Return the jobs, whose many values are loaded when they are first asked for."""
        from kartenwart.adapters.store.jobs import JobTable

        return JobTable(self._database, self.audit)


@asynccontextmanager
async def open_store(
    *, state: Path, anchor: Path, clock: Clock, anchor_seconds: float = ANCHOR_SECONDS
) -> AsyncIterator[Store]:
    """Take the state folder for this process and open the store in it; the first thing an agent does with the folder.

    `anchor` is the folder of the audit's anchor, best on another disk; `anchor_seconds` is the longest time that a
    record goes without one. Raises StateInUse, StateTooNew, StateDamaged, or StateUnusable for all else.
    """
    with locked(state):
        async with open_database(state / DATABASE_FILE) as database:
            audit = AuditTable(database, Anchor(anchor), clock, anchor_seconds)
            async with audit.anchoring():
                yield Store(database, audit)

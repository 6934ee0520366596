"""Run as a process of its own: a store whose files may not grow, then may again (RLIMIT_FSIZE, as a full disk)."""

import asyncio
import resource
import sys
from pathlib import Path

from kartenwart.adapters.store import open_store
from kartenwart.domain.audit import AuditEntry
from kartenwart.domain.failures import Reason, WorldError
from tests.unit.adapters.store.scene import HandClock, job

UNLIMITED = resource.getrlimit(resource.RLIMIT_FSIZE)


def limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, UNLIMITED[1]))


async def main(folder: Path) -> None:
    entry = AuditEntry(actor="box", action="test", subject="x", outcome="OK")
    async with open_store(
        state=folder / "state", anchor=folder / "elsewhere", clock=HandClock(), anchor_seconds=0.01
    ) as store:
        await store.jobs.insert_job(job(0))
        await store.audit.append_audit(entry)
        limit((folder / "state" / "agent.db-wal").stat().st_size)
        outcomes = await asyncio.gather(
            *(store.jobs.insert_job(job(number, documents=("x" * 5000,))) for number in range(1, 20)),
            store.audit.append_audit(entry),
            return_exceptions=True,
        )
        for outcome in outcomes:
            assert isinstance(outcome, WorldError), outcome
            assert outcome.failure.reason is Reason.STORE_FAILED
            assert not outcome.sent
        assert [found.name for found in await store.jobs.unfinished_jobs()] == ["jobs/j-0"]
        limit(UNLIMITED[0])
        assert await store.jobs.insert_job(job(1)) is None
        assert (await store.audit.append_audit(entry)).sequence == 2
        assert (await store.audit.verify_audit()).intact
    async with open_store(state=folder / "state", anchor=folder / "elsewhere", clock=HandClock()) as store:
        assert [found.name for found in await store.jobs.unfinished_jobs()] == ["jobs/j-0", "jobs/j-1"]
    sys.stdout.write("healed\n")


asyncio.run(main(Path(sys.argv[1])))

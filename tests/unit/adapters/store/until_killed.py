"""Run as a process of its own: says each job once the store has promised to keep it, until somebody kills it."""

import asyncio
import os
import sys
from itertools import count
from pathlib import Path

from kartenwart.adapters.store import open_store
from kartenwart.domain.audit import AuditEntry
from tests.unit.adapters.store.scene import HandClock, job


async def main(folder: Path) -> None:
    async with open_store(state=folder / "state", anchor=folder / "elsewhere", clock=HandClock()) as store:

        async def keep_inserting(numbers: "count[int]") -> None:
            for number in numbers:
                await store.jobs.insert_job(job(number))
                os.write(sys.stdout.fileno(), f"jobs/j-{number}\n".encode())
                await store.audit.append_audit(
                    AuditEntry(actor="box", action="test", subject=f"jobs/j-{number}", outcome="OK")
                )

        await asyncio.gather(*(keep_inserting(count(start, 4)) for start in range(4)))


asyncio.run(main(Path(sys.argv[1])))

"""B5: idle resident memory, against a process with the same third-party imports and empty servers; and in all."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.ratios import Figure
from tests.bench.sides import ROOTS, resident_bytes
from tests.practice import practice
from tests.processes import Running, running

REST_SECONDS = 15.0
MOST_MIB = 120
MIB = 1024 * 1024


async def measure(folder: Path, scale: float = 1.0) -> list[Figure]:
    """The agent has its Konnektor and polls it; the null is a second process like the base."""
    async with practice(folder) as here, _idle(folder / "1") as base, _idle(folder / "2") as other:
        await asyncio.sleep(REST_SECONDS * min(1.0, scale))
        assert here.agent.process is not None
        ours, bare, null = (_mib(one) for one in (here.agent.process, base, other))
    even = null / bare
    return [
        Figure(id="B5", figure="idle memory", ratio=ours / bare, bar=1.3, null=even, ours=ours, base=bare, unit="MiB"),
        Figure(
            id="B5",
            figure="idle memory, of 120 MiB",
            ratio=ours / MOST_MIB,
            bar=1.0,
            null=even,
            ours=ours,
            base=MOST_MIB,
            unit="MiB",
        ),
    ]


@asynccontextmanager
async def _idle(file: Path) -> AsyncIterator[Running]:
    async with running((sys.executable, "-m", "tests.bench.bare", "--idle", file), {"PYTHONPATH": ROOTS}) as process:
        await process.file(file)
        yield process


def _mib(process: Running) -> float:
    return resident_bytes(process.process.pid) / MIB

"""B9: ten doctors sign at ten cards in parallel, against one who signs alone."""

import asyncio
from pathlib import Path

from tests.bench.doctors import DOCTORS, Staff, doctors
from tests.bench.ratios import Block, Figure, Wanted, compare

PAIRS = 10
SIGNATURE_SECONDS = 3.0
WANTED = (Wanted(figure="the slowest of ten HBA signatures at once", unit="s", bar=1.15),)


async def measure(folder: Path, scale: float = 1.0) -> list[Figure]:
    """Every signature is a job with its PIN typed at once; the simulated card takes three seconds."""
    async with doctors(folder, signature_seconds=SIGNATURE_SECONDS) as staff:
        return await compare("B9", WANTED, _signing(staff, DOCTORS), _signing(staff, 1), max(3, int(PAIRS * scale)))


def _signing(staff: Staff, count: int) -> Block:
    async def block() -> tuple[float]:
        documents = await staff.uploaded(count)
        took = await asyncio.gather(*(staff.signed(room, document) for room, document in enumerate(documents)))
        return (max(took),)

    return block

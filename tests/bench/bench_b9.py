"""B9: ten doctors sign at ten cards in parallel, against one who signs alone; and ten eGK are read at once.

Ten ReadVSD on ten eGK share one SMC-B, which serves one card at a time for its share w of the whole time mu. So the
last cannot be done before mu + 9 w; the other side is a timer of that length.
"""

import asyncio
import time
from pathlib import Path

from tests.bench.doctors import DOCTORS, Staff, doctors
from tests.bench.patients import PATIENTS, Reception, reception
from tests.bench.ratios import Block, Figure, Wanted, compare

PAIRS = 10
SIGNATURE_SECONDS = 3.0
VSD_SECONDS, SMCB_SECONDS = 3.0, 0.3
LEAST_SECONDS = VSD_SECONDS + (PATIENTS - 1) * SMCB_SECONDS
SIGNATURES = (Wanted(figure="the slowest of ten HBA signatures at once", unit="s", bar=1.15),)
READINGS = (Wanted(figure="the slowest of ten ReadVSD at one SMC-B", unit="s", bar=1.05),)


async def measure(folder: Path, scale: float = 1.0) -> list[Figure]:
    """Every signature is a job with its PIN typed at once; every card is read for the first time."""
    pairs = max(3, int(PAIRS * scale))
    (folder / "doctors").mkdir()
    (folder / "patients").mkdir()
    async with doctors(folder / "doctors", signature_seconds=SIGNATURE_SECONDS) as staff:
        signatures = await compare("B9", SIGNATURES, _signing(staff, DOCTORS), _signing(staff, 1), pairs)
    async with reception(folder / "patients", seconds=VSD_SECONDS, smcb_seconds=SMCB_SECONDS) as desk:
        return [*signatures, *await compare("B9", READINGS, _reading(desk), _least, pairs)]


def _signing(staff: Staff, count: int) -> Block:
    async def block() -> tuple[float]:
        documents = await staff.uploaded(count)
        took = await asyncio.gather(*(staff.signed(room, document) for room, document in enumerate(documents)))
        return (max(took),)

    return block


def _reading(desk: Reception) -> Block:
    async def block() -> tuple[float]:
        cards = await desk.fresh()
        took = await asyncio.gather(*(desk.read(card) for card in cards))
        return (max(took),)

    return block


async def _least() -> tuple[float]:
    started = time.perf_counter()
    await asyncio.sleep(LEAST_SECONDS)
    return (time.perf_counter() - started,)

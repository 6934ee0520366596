"""B10: unary calls while ten cards block for three seconds and a terminal's TLS hangs, against the same at rest.

The calls are a list out of the picture (ListCards) and a question that goes through to a card (GetPinStatus of the
SMC-B, by five workstations in turn, since one may not ask so often). The hanging terminal holds a card that two calls
ask for all the while; ten doctors' cards sign. What is counted begins once all ten are at their cards.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.client import CallFailed, Kartenwart
from tests.bench.doctors import DOCTORS, Staff, doctors, smcb
from tests.bench.ratios import Block, Figure, Wanted, compare, percentile

PAIRS = 40
SIGNATURE_SECONDS = 3.0
HANGS_SECONDS = 45.0
HANGING, STUCK_CALLS = "kt-sprechzimmer", 2
LISTS, QUESTIONS, ASKING = 60, 24, 5
PAUSE_SECONDS = 1 / 18 / ASKING  # twenty such calls a second are allowed to each
WANTED = (
    Wanted(figure="ListCards beside blocked cards, p99", unit="ms", bar=2.0),
    Wanted(figure="GetPinStatus beside blocked cards, p99", unit="ms", bar=2.0),
)


async def measure(folder: Path, scale: float = 1.0) -> list[Figure]:
    """Both sides make the same calls."""
    async with AsyncExitStack() as stack:
        staff = await stack.enter_async_context(doctors(folder, signature_seconds=SIGNATURE_SECONDS))
        desks = [await _desk(stack, staff, number) for number in range(ASKING)]
        doctor = await _doctor_elsewhere(stack, staff)
        card = smcb(await staff.box.cards.list())

        async def ask(number: int) -> None:
            await desks[number % ASKING].pins.status(card, card_pb2.PIN_SMC, context="contexts/empfang")
            await asyncio.sleep(PAUSE_SECONDS)

        async def list_cards(_: int) -> None:
            await staff.box.cards.list()

        async def calls() -> tuple[float, float]:
            return await _p99(list_cards, LISTS), await _p99(ask, QUESTIONS, PAUSE_SECONDS)

        async def beside_blocked_cards() -> tuple[float, float]:
            async with _blocked(staff, doctor):
                return await calls()

        loaded: Block = beside_blocked_cards
        return await compare("B10", WANTED, loaded, calls, max(3, int(PAIRS * scale)))


async def _p99(call: Callable[[int], Awaitable[None]], count: int, pause: float = 0.0) -> float:
    took = []
    for number in range(count):
        started = time.perf_counter()
        await call(number)
        took.append((time.perf_counter() - started - pause) * 1000)
    return percentile(took, 99)


@asynccontextmanager
async def _blocked(staff: Staff, doctor: tuple[Kartenwart, str]) -> AsyncIterator[None]:
    """Let all doctors sign and a terminal hang; wait until all are at their cards, and after it until all is over."""
    sim = staff.practice.simulator
    documents = await staff.uploaded(DOCTORS)
    await sim.do(f"/terminals/{HANGING}/hang", seconds=HANGS_SECONDS)
    stuck = [asyncio.create_task(_stuck(*doctor)) for _ in range(STUCK_CALLS)]
    jobs = await asyncio.gather(*(staff.start(room, document) for room, document in enumerate(documents)))
    await asyncio.gather(*(_at_the_card(staff, job.name) for job in jobs))
    yield
    still = [await staff.box.jobs.get(job.name) for job in jobs]
    assert all(job.state == job_pb2.JOB_STATE_SENT for job in still), (
        "the calls took longer than the cards were blocked"
    )
    await sim.do(f"/terminals/{HANGING}/hang", seconds=0)
    await asyncio.gather(*(staff.ended(job) for job in jobs), *stuck)


async def _stuck(box: Kartenwart, card: str) -> None:
    with suppress(CallFailed):
        await box.pins.status(card, card_pb2.PIN_CH, context="contexts/sprechzimmer", user="users/adler")


async def _at_the_card(staff: Staff, job: str) -> None:
    """Return once the PIN is typed and the card signs."""
    while True:
        progress = (await staff.box.jobs.get(job)).progress
        if any(one.step == job_pb2.JOB_STEP_PIN_ENTRY_FINISHED for one in progress):
            return
        await asyncio.sleep(0.05)


async def _desk(stack: AsyncExitStack, staff: Staff, number: int) -> Kartenwart:
    profile = await staff.practice.workstation(f"Empfang {number}", contexts=("empfang",))
    box: Kartenwart = await stack.enter_async_context(staff.practice.connected(profile))
    return box


async def _doctor_elsewhere(stack: AsyncExitStack, staff: Staff) -> tuple[Kartenwart, str]:
    here: Any = staff.practice
    async with here.technician() as technician:
        await technician.users.create("adler", "Dr. Adler")
    profile = await here.workstation("Sprechzimmer", users=("adler",))
    box = await stack.enter_async_context(here.connected(profile))
    return box, await here.card(box, "HBA", "0201")

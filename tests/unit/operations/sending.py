"""A PIN entry that is on the wire, and its end."""

import asyncio

from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import Job, JobState
from kartenwart.operations.pins import VerifyPinOrder
from tests.unit.operations.memory import first
from tests.unit.operations.practice import DESK, SMCB, Practice, caller, named

ORDER = VerifyPinOrder(request_id="r-1", card=named(SMCB), context=DESK, pin=Pin.SMC)


async def sent(practice: Practice, order: VerifyPinOrder = ORDER) -> Job:
    job = await practice.pins.verify(caller(), order)
    async with asyncio.timeout(5):
        sent_job = await first(practice.jobs.watch(caller(), job.name), JobState.SENT)
        while not practice.konnektor.on_wire:
            await asyncio.sleep(0)
    return sent_job


async def end_of(practice: Practice, job: Job) -> Job:
    practice.konnektor.go.set()
    return await practice.jobs.wait(caller(), job.name, 5)

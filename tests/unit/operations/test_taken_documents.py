"""Documents of jobs that begin at the same moment: each is taken by one job, and kept while it may be needed."""

import asyncio
from dataclasses import replace

import pytest

from kartenwart.domain.failures import CallerError, Reason, WorldError
from tests.unit.operations.memory import until
from tests.unit.operations.practice import Practice, caller
from tests.unit.operations.test_signatures import doctor, order, ready


@pytest.mark.parametrize("ticks", range(8))
async def test_of_two_jobs_at_the_same_moment_one_gets_the_document(practice: Practice, ticks: int) -> None:
    await doctor(practice)
    ready(practice)
    practice.konnektor.go.clear()
    wanted = await order(practice)
    first = asyncio.create_task(practice.signatures.sign(caller(), wanted))
    await until(ticks=ticks)
    second = practice.signatures.sign(caller(), replace(wanted, request_id="r-2"))
    ends = await asyncio.gather(first, second, return_exceptions=True)
    refusals = [end for end in ends if isinstance(end, CallerError)]
    assert [refusal.failure.reason for refusal in refusals] == [Reason.CONFLICT]
    assert len(practice.store.jobs) == 1


@pytest.mark.parametrize("ticks", range(8))
async def test_a_request_that_comes_twice_at_once_is_one_job(practice: Practice, ticks: int) -> None:
    await doctor(practice)
    ready(practice)
    wanted = await order(practice)
    first = asyncio.create_task(practice.signatures.sign(caller(), wanted))
    await until(ticks=ticks)
    second = await practice.signatures.sign(caller(), wanted)
    assert (await first).name == second.name
    assert len(practice.store.jobs) == 1


async def test_a_document_is_not_deleted_while_its_job_is_being_written(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    practice.konnektor.go.clear()
    wanted = await order(practice)
    signing = asyncio.create_task(practice.signatures.sign(caller(), wanted))
    while not practice.store.jobs:
        await asyncio.sleep(0)
    assert not signing.done()
    with pytest.raises(CallerError) as refused:
        await practice.documents.delete(caller(), wanted.documents[0].document)
    assert refused.value.failure.reason is Reason.CONFLICT
    await signing


async def test_a_job_that_could_not_be_written_needs_no_document(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    wanted = await order(practice)
    practice.store.refuse = True
    with pytest.raises(WorldError):
        await practice.signatures.sign(caller(), wanted)
    practice.store.refuse = False
    await practice.documents.delete(caller(), wanted.documents[0].document)

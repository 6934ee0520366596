"""What a restart finds of jobs: what was sent stays unknown for ever, what waited failed, nothing is sent again."""

import asyncio
from dataclasses import replace

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import JobState, JobStep, PinOutcome, VerifyPinResult
from tests.unit.operations.memory import until
from tests.unit.operations.practice import Practice, caller
from tests.unit.operations.sending import ORDER, end_of, sent


async def test_an_end_that_was_never_written_is_unknown_after_a_restart(practice: Practice) -> None:
    job = await sent(practice)
    practice.store.refuse = True
    await end_of(practice, job)
    assert (await practice.jobs.get(caller(), job.name)).state is JobState.SUCCEEDED
    await practice.jobs.close()
    practice.store.refuse = False
    restarted = Practice(store=practice.store)
    await restarted.jobs.recover()
    found = await restarted.jobs.get(caller(), job.name)
    assert found.state is JobState.OUTCOME_UNKNOWN
    assert found.result == VerifyPinResult(outcome=PinOutcome.OUTCOME_UNKNOWN)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_what_a_power_cut_leaves_says_since_when_and_at_which_pad(practice: Practice, cancelled: bool) -> None:
    job = await sent(practice)
    if cancelled:
        await practice.jobs.cancel(caller(), job.name)
    practice.clock.move(seconds=60)
    restarted = Practice(store=practice.store)
    await restarted.jobs.recover()
    found = await restarted.jobs.get(caller(), job.name)
    steps = [(one.step, one.terminal_label, one.expected) for one in found.progress]
    assert steps[:2] == [(JobStep.SENT, "", False), (JobStep.PIN_ENTRY, "Empfang", True)]
    assert {one.time for one in found.progress} == {job.updated_at}
    assert found.result == VerifyPinResult(outcome=PinOutcome.OUTCOME_UNKNOWN)


async def test_after_a_restart_the_same_request_answers_without_the_card(practice: Practice) -> None:
    job = await sent(practice)
    practice.store.attempts[ORDER.card, Pin.SMC] = 2
    restarted = Practice(store=practice.store)
    restarted.keeper.link_failed("konnektors/k1", failure(Reason.KONNEKTOR_UNREACHABLE))
    await restarted.jobs.recover()
    again = await restarted.pins.verify(caller(), replace(ORDER))
    assert (again.name, again.state) == (job.name, JobState.OUTCOME_UNKNOWN)
    assert restarted.konnektor.verbs_sent == 0
    assert practice.store.attempts == {}
    assert restarted.actions()[-1] == ("job.ended", "OUTCOME_UNKNOWN")


async def test_what_waited_at_a_restart_failed_and_nothing_was_sent(practice: Practice) -> None:
    practice.konnektor.connecting.clear()
    job = await practice.pins.verify(caller(), ORDER)
    await until()
    assert practice.store.jobs[job.name].state is JobState.READY
    restarted = Practice(store=practice.store)
    await restarted.jobs.recover()
    found = await restarted.jobs.get(caller(), job.name)
    assert found.failure == failure(Reason.AGENT_RESTARTED)
    assert found.state is JobState.FAILED


async def test_what_was_to_be_cancelled_at_a_restart_is_unknown_too(practice: Practice) -> None:
    job = await sent(practice)
    await practice.jobs.cancel(caller(), job.name)
    restarted = Practice(store=practice.store)
    await restarted.jobs.recover()
    assert (await restarted.jobs.get(caller(), job.name)).state is JobState.OUTCOME_UNKNOWN


async def test_a_disk_that_refuses_at_the_start_does_not_hide_how_jobs_ended(practice: Practice) -> None:
    job = await sent(practice)
    restarted = Practice(store=practice.store)
    practice.store.refuse = True
    await restarted.jobs.recover()
    assert (await restarted.jobs.get(caller(), job.name)).state is JobState.OUTCOME_UNKNOWN
    practice.store.refuse = False
    async with asyncio.timeout(5):
        while practice.store.jobs[job.name].state is JobState.SENT or restarted.actions()[-1][0] != "job.ended":
            await asyncio.sleep(0.005)
    assert restarted.actions()[-1] == ("job.ended", "OUTCOME_UNKNOWN")
    await restarted.jobs.close()


async def test_a_crash_while_ends_are_written_at_the_start_leaves_no_end_without_its_record(practice: Practice) -> None:
    job = await sent(practice)
    practice.store.refuse_audit = True
    restarted = Practice(store=practice.store)
    await restarted.jobs.recover()
    kept = replace(practice.store, jobs=dict(practice.store.jobs), audit=list(practice.store.audit), refuse_audit=False)
    await restarted.jobs.close()
    again = Practice(store=kept)
    await again.jobs.recover()
    assert (await again.jobs.get(caller(), job.name)).state is JobState.OUTCOME_UNKNOWN
    assert again.actions()[-1] == ("job.ended", "OUTCOME_UNKNOWN")

import asyncio
from dataclasses import replace

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.jobs import Job, JobKind, JobState, PinOutcome, VerifyPinResult
from kartenwart.domain.principals import Role
from kartenwart.operations.work import payload_hash
from tests.unit.operations.memory import until
from tests.unit.operations.practice import VERIFIED, Practice, caller
from tests.unit.operations.sending import ORDER, end_of, sent


async def test_every_state_is_durable_before_it_counts_and_the_end_is_audited(practice: Practice) -> None:
    job = await end_of(practice, await sent(practice))
    wanted = [JobState.RECEIVED, JobState.READY, JobState.SENT, JobState.SUCCEEDED]
    assert practice.store.history[job.name] == wanted
    assert practice.actions() == [("job.sent", "OK"), ("job.ended", "SUCCEEDED")]
    assert practice.store.jobs[job.name] == job


async def test_the_same_request_attaches_and_other_content_is_refused(practice: Practice) -> None:
    job = await sent(practice)
    assert (await practice.pins.verify(caller(), ORDER)).name == job.name
    with pytest.raises(CallerError) as refused:
        await practice.pins.verify(caller(), replace(ORDER, force=True))
    assert refused.value.failure.reason is Reason.REQUEST_ID_REUSED
    other = await practice.pins.verify(caller("workstations/w-2"), ORDER)
    assert other.name != job.name
    await end_of(practice, job)
    assert (await practice.pins.verify(caller(), ORDER)).state is JobState.SUCCEEDED


async def test_many_callers_with_one_request_make_one_job_and_one_verb(practice: Practice) -> None:
    jobs = await asyncio.gather(*(practice.pins.verify(caller(), ORDER) for _ in range(20)))
    assert len({job.name for job in jobs}) == 1
    await end_of(practice, jobs[0])
    assert practice.konnektor.verbs_sent == 1


async def test_the_hash_covers_the_order_and_the_kind_but_not_the_request_id() -> None:
    same = payload_hash(JobKind.VERIFY_PIN, replace(ORDER, request_id="r-9"))
    assert payload_hash(JobKind.VERIFY_PIN, ORDER) == same
    assert payload_hash(JobKind.BIND_USER, ORDER) != same
    assert payload_hash(JobKind.VERIFY_PIN, replace(ORDER, force=True)) != same


@pytest.mark.parametrize("ticks", range(6))
async def test_the_job_goes_on_when_the_caller_leaves(practice: Practice, ticks: int) -> None:
    call = asyncio.create_task(practice.pins.verify(caller(), ORDER))
    await until(ticks=ticks)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    practice.konnektor.go.set()
    await until(ticks=100)
    assert {job.state for job in practice.store.jobs.values()} <= {JobState.SUCCEEDED}
    assert ticks < 3 or practice.store.jobs


async def test_a_disk_that_refuses_sent_keeps_the_verb_from_being_sent(practice: Practice) -> None:
    practice.konnektor.connecting.clear()
    job = await practice.pins.verify(caller(), ORDER)
    await until()
    practice.store.refuse = True
    practice.konnektor.connecting.set()
    ended = await end_of(practice, job)
    assert ended.failure == failure(Reason.STORE_FAILED)
    assert (ended.state, practice.konnektor.verbs_sent) == (JobState.FAILED, 0)


async def test_an_audit_that_refuses_sent_keeps_the_verb_from_being_sent(practice: Practice) -> None:
    practice.store.refuse_audit = True
    job = await end_of(practice, await practice.pins.verify(caller(), ORDER))
    assert job.failure == failure(Reason.STORE_FAILED)
    assert practice.konnektor.verbs_sent == 0


async def test_a_disk_that_refuses_the_first_write_takes_no_job(practice: Practice) -> None:
    practice.store.refuse = True
    with pytest.raises(WorldError) as refused:
        await practice.pins.verify(caller(), ORDER)
    assert refused.value.failure.reason is Reason.STORE_FAILED
    await until()
    assert practice.konnektor.verbs_sent == 0


async def test_an_end_that_the_disk_refuses_is_shown_and_written_later_without_a_second_verb(
    practice: Practice,
) -> None:
    job = await sent(practice)
    practice.store.refuse = True
    ended = await end_of(practice, job)
    assert ended.state is JobState.SUCCEEDED
    assert practice.store.jobs[job.name].state is JobState.SENT
    practice.store.refuse = False
    async with asyncio.timeout(5):
        while practice.store.jobs[job.name].state is JobState.SENT or len(practice.actions()) < 2:
            await asyncio.sleep(0.005)
    assert practice.store.jobs[job.name] == ended
    assert practice.actions()[-1] == ("job.ended", "SUCCEEDED")
    assert practice.konnektor.verbs_sent == 1


async def test_an_end_is_written_however_long_the_disk_refused(practice: Practice) -> None:
    """Longer than all pauses together; callers, and those who clean up, need not wait for it."""
    cleaned: list[Job] = []

    async def clean(job: Job) -> None:
        cleaned.append(job)

    practice.jobs.on_end(clean)
    job = await sent(practice)
    practice.store.refuse = True
    ended = await end_of(practice, job)
    await until()
    assert cleaned == [ended]
    async with asyncio.timeout(5):
        while sum(1 for event, _ in practice.reports if event == "job.end_not_written") < 6:
            await asyncio.sleep(0.01)
        practice.store.refuse = False
        while practice.actions()[-1] != ("job.ended", "SUCCEEDED"):
            await asyncio.sleep(0.005)
    assert practice.store.jobs[job.name] == ended
    assert practice.konnektor.verbs_sent == 1


async def test_a_stop_waits_for_no_disk_that_refuses() -> None:
    practice = Practice(pauses=(60.0,))
    job = await sent(practice)
    practice.store.refuse = True
    async with asyncio.timeout(2):
        await practice.jobs.close()
    assert practice.store.jobs[job.name].state is JobState.SENT


async def test_a_stop_tries_once_more_to_write_an_end() -> None:
    practice = Practice(pauses=(60.0,))
    job = await sent(practice)
    practice.store.refuse = True
    await end_of(practice, job)
    await until()
    practice.store.refuse = False
    await practice.jobs.close()
    assert practice.store.jobs[job.name].state is JobState.SUCCEEDED
    assert practice.actions()[-1] == ("job.ended", "SUCCEEDED")


async def test_cancel_before_sent_fails_the_job_and_sends_nothing(practice: Practice) -> None:
    blocking = await sent(practice, replace(ORDER, request_id="r-0"))
    job = await practice.pins.verify(caller(), ORDER)
    await until()
    cancelled = await practice.jobs.cancel(caller(), job.name)
    assert cancelled.failure == failure(Reason.CANCELLED)
    await end_of(practice, blocking)
    assert practice.konnektor.verbs_sent == 1
    assert (await practice.jobs.cancel(caller(), job.name)) == cancelled


@pytest.mark.parametrize("reason", [Reason.REVOKED, Reason.CANCELLED])
async def test_who_lost_the_rights_while_the_job_waited_sends_nothing(practice: Practice, reason: Reason) -> None:
    blocking = await sent(practice, replace(ORDER, request_id="r-0"))
    job = await practice.pins.verify(caller(), ORDER)
    await until()
    practice.lost[job.creator] = reason
    assert (await end_of(practice, blocking)).state is JobState.SUCCEEDED
    assert (await end_of(practice, job)).failure == failure(reason)
    assert practice.konnektor.verbs_sent == 1


async def test_cancel_while_connecting_sends_nothing(practice: Practice) -> None:
    practice.konnektor.connecting.clear()
    job = await practice.pins.verify(caller(), ORDER)
    await until()
    wish = asyncio.create_task(practice.jobs.cancel(caller(), job.name))
    await until()
    practice.konnektor.connecting.set()
    assert (await wish).failure == failure(Reason.CANCELLED)
    assert practice.konnektor.verbs_sent == 0


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (VERIFIED, JobState.SUCCEEDED),
        (VerifyPinResult(outcome=PinOutcome.ABORTED), JobState.FAILED),
        (WorldError(failure(Reason.KONNEKTOR_ANSWER_INVALID)), JobState.OUTCOME_UNKNOWN),
    ],
)
async def test_cancel_after_sent_waits_for_the_konnektors_word(
    practice: Practice, answer: VerifyPinResult | WorldError, state: JobState
) -> None:
    practice.konnektor.answer = answer
    job = await sent(practice)
    assert (await practice.jobs.cancel(caller(), job.name)).state is JobState.CANCELLING
    assert practice.store.jobs[job.name].state is JobState.CANCELLING
    assert (await end_of(practice, job)).state is state


async def test_a_defect_after_sent_leaves_the_outcome_unknown_and_before_it_fails(practice: Practice) -> None:
    practice.konnektor.answer = ZeroDivisionError()
    job = await end_of(practice, await sent(practice))
    assert job.state is JobState.OUTCOME_UNKNOWN
    assert practice.reports[0] == ("job.broken", {"job": job.name, "error": "ZeroDivisionError"})


async def test_the_konnektors_word_that_nothing_was_sent_fails_the_job(practice: Practice) -> None:
    practice.konnektor.answer = WorldError(failure(Reason.KONNEKTOR_UNREACHABLE), sent=False)
    job = await end_of(practice, await sent(practice))
    assert job.state is JobState.FAILED


async def test_close_ends_what_waits_and_leaves_what_was_sent_unknown(practice: Practice) -> None:
    on_wire = await sent(practice)
    waiting = await practice.pins.verify(caller(), replace(ORDER, request_id="r-2"))
    await practice.jobs.close()
    assert practice.store.jobs[on_wire.name].state is JobState.OUTCOME_UNKNOWN
    assert practice.store.jobs[waiting.name].failure == failure(Reason.AGENT_RESTARTED)
    with pytest.raises(WorldError) as refused:
        await practice.pins.verify(caller(), replace(ORDER, request_id="r-3"))
    assert refused.value.failure.reason is Reason.AGENT_UNAVAILABLE


async def test_only_creator_and_technician_of_the_mandant_see_a_job(practice: Practice) -> None:
    job = await sent(practice)
    technician = caller("local/technik", Role.TECHNICIAN)
    assert (await practice.jobs.get(technician, job.name)).name == job.name
    assert [one.name for one in await practice.jobs.list(technician, "", "", 10)] == [job.name]
    strangers = [
        caller("workstations/w-2"),
        caller("local/fremd", Role.TECHNICIAN, frozenset({"m2"})),
        caller("workstations/w-3", Role.AUDITOR),
    ]
    for stranger in strangers:
        with pytest.raises(CallerError) as refused:
            await practice.jobs.get(stranger, job.name)
        assert refused.value.failure.reason is Reason.NOT_FOUND
        assert not await practice.jobs.list(stranger, "", "", 10)
    with pytest.raises(CallerError):
        await practice.jobs.cancel(technician, job.name)


async def test_a_watcher_gets_the_job_at_once_and_ends_with_its_end(practice: Practice) -> None:
    job = await sent(practice)
    watching = [asyncio.create_task(_states(practice, job.name)) for _ in range(3)]
    await until()
    await end_of(practice, job)
    for states in await asyncio.gather(*watching):
        assert states[0] is JobState.SENT
        assert states[-1] is JobState.SUCCEEDED
    assert await _states(practice, job.name) == [JobState.SUCCEEDED]


async def _states(practice: Practice, name: str) -> list[JobState]:
    return [job.state async for job in practice.jobs.watch(caller(), name)]


async def test_wait_returns_after_its_time_with_the_job_as_it_is(practice: Practice) -> None:
    job = await sent(practice)
    assert (await practice.jobs.wait(caller(), job.name, 0.02)).state is JobState.SENT


async def test_one_creator_cannot_fill_the_box(practice: Practice) -> None:
    for number in range(32):
        await practice.pins.verify(caller(), replace(ORDER, request_id=f"many-{number}"))
    with pytest.raises(CallerError) as refused:
        await practice.pins.verify(caller(), ORDER)
    assert refused.value.failure.reason is Reason.LIMIT_EXCEEDED
    assert (await practice.pins.verify(caller("workstations/w-2"), ORDER)).state is JobState.RECEIVED


async def test_a_port_that_would_send_twice_is_stopped_before_the_second_byte(practice: Practice) -> None:
    practice.konnektor.greedy = True
    job = await end_of(practice, await practice.pins.verify(caller(), ORDER))
    assert job.state is JobState.OUTCOME_UNKNOWN
    assert practice.konnektor.verbs_sent == 1


async def test_a_greedy_port_cannot_make_a_wish_to_cancel_look_as_if_nothing_was_sent(practice: Practice) -> None:
    practice.konnektor.greedy = True
    job = await sent(practice)
    await practice.jobs.cancel(caller(), job.name)
    assert (await end_of(practice, job)).state is JobState.OUTCOME_UNKNOWN


@pytest.mark.parametrize("ticks", range(8))
async def test_a_wish_to_cancel_never_overtakes_the_end(practice: Practice, ticks: int) -> None:
    job = await sent(practice)
    practice.konnektor.go.set()
    await until(ticks=ticks)
    await practice.jobs.cancel(caller(), job.name)
    assert (await end_of(practice, job)).state is JobState.SUCCEEDED
    assert practice.store.jobs[job.name].state is JobState.SUCCEEDED
    assert practice.reports == []

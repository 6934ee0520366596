"""Jobs of several verbs: each durable before it goes out, what is done is kept, and a wish to cancel stops the rest."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from kartenwart.domain.catalogue import failure, halfway
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import Job, JobKind, JobState, PinOutcome, PinStep, PinStepsResult, PinVerb
from kartenwart.domain.ports.cards import BeforeSend
from kartenwart.operations.locks import Claim, Claims, Rank
from kartenwart.operations.work import Ending, Round, Tell, Ticket
from tests.unit.operations.memory import first, until
from tests.unit.operations.practice import DESK, SMCB, Practice, caller, named

TICKET = Ticket(
    kind=JobKind.UNLOCK_PRACTICE_CARDS,
    request_id="r-1",
    payload_hash="hash",
    context=DESK,
    mandant="m1",
    back_end="konnektors/k1",
    card=named(SMCB),
)


def result(count: int) -> PinStepsResult:
    step = PinStep(verb=PinVerb.VERIFY, card=named(SMCB), context=DESK, pin=Pin.SMC, outcome=PinOutcome.VERIFIED)
    return PinStepsResult(steps=(step,) * count)


@dataclass
class ThreeVerbs:
    """Work of three rounds; each verb waits until it may go on."""

    go: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    sent: list[int] = field(default_factory=list)
    stops: int = 0
    done: int = 0
    checks: int = 0
    breaks_in: int = -1
    claims: Claims = (Claim(key="a card"),)
    detail: str = "PIN.SMC"

    async def check(self) -> Ending | None:
        self.checks += 1
        return None

    async def prepare(self) -> str:
        return f"ABC-{self.done:03}"

    async def send(self, before_send: BeforeSend, _tell: Tell) -> int:
        await before_send()
        self.sent.append(self.done)
        await self.go.acquire()
        if self.breaks_in == self.done:
            raise WorldError(failure(Reason.KONNEKTOR_SILENT))
        return self.done

    async def stop(self, _tell: Tell) -> None:
        self.stops += 1
        self.go.release()

    async def conclude(self, _answer: int, _tell: Tell) -> Ending | Round:
        self.done += 1
        if self.done < 3:
            return Round(result=result(self.done))
        return Ending(state=JobState.SUCCEEDED, result=result(self.done))

    def unanswered(self) -> PinStepsResult | None:
        return result(self.done) if self.done else None


async def started(practice: Practice, work: ThreeVerbs) -> Job:
    async def make() -> ThreeVerbs:
        return work

    job = await practice.jobs.start(caller(), TICKET, make)
    async with asyncio.timeout(5):
        return await first(practice.jobs.watch(caller(), job.name), JobState.SENT)


async def sent_times(work: ThreeVerbs, count: int) -> None:
    async with asyncio.timeout(5):
        while len(work.sent) < count:
            await asyncio.sleep(0)


async def end(practice: Practice, job: Job) -> Job:
    return await practice.jobs.wait(caller(), job.name, 5)


async def test_each_verb_is_durable_before_it_goes_out_and_each_result_before_the_next(practice: Practice) -> None:
    work = ThreeVerbs()
    job = await started(practice, work)
    for count in (1, 2, 3):
        await sent_times(work, count)
        stored = practice.store.jobs[job.name]
        assert (stored.state, stored.job_number) == (JobState.SENT, f"ABC-{count - 1:03}")
        assert stored.result == (result(count - 1) if count > 1 else None)
        work.go.release()
    ended = await end(practice, job)
    assert (ended.state, ended.result) == (JobState.SUCCEEDED, result(3))
    assert practice.store.history[job.name] == [
        JobState.RECEIVED,
        *(JobState.READY, JobState.SENT) * 3,
        JobState.SUCCEEDED,
    ]
    assert [action for action, _ in practice.actions()] == ["job.sent"] * 3 + ["job.ended"]


async def test_a_verb_without_an_answer_ends_the_job_and_keeps_what_was_done(practice: Practice) -> None:
    work = ThreeVerbs(breaks_in=1)
    job = await started(practice, work)
    work.go.release()
    work.go.release()
    ended = await end(practice, job)
    assert (ended.state, ended.result) == (JobState.OUTCOME_UNKNOWN, result(1))
    assert work.sent == [0, 1]


async def test_a_disk_that_refuses_between_two_verbs_stops_the_rest_and_keeps_what_was_done(practice: Practice) -> None:
    work = ThreeVerbs()
    job = await started(practice, work)
    await sent_times(work, 1)
    practice.store.refuse = True
    work.go.release()
    ended = await end(practice, job)
    assert ended.failure is not None
    assert ended.failure.reason is Reason.STORE_FAILED
    assert (ended.state, ended.result, work.sent) == (JobState.FAILED, result(1), [0])


async def test_a_wish_to_cancel_asks_once_to_stop_and_sends_no_further_verb(practice: Practice) -> None:
    work = ThreeVerbs()
    job = await started(practice, work)
    await sent_times(work, 1)
    await practice.jobs.cancel(caller(), job.name)
    ended = await end(practice, job)
    assert ended.failure == halfway(failure(Reason.CANCELLED))
    assert (ended.state, ended.result) == (JobState.FAILED, result(1))
    assert (work.stops, work.sent) == (1, [0])


async def test_the_rest_waits_in_the_queue_like_everybody_else(practice: Practice) -> None:
    work = ThreeVerbs()
    await started(practice, work)
    await sent_times(work, 1)
    other = asyncio.create_task(practice.locks.acquire(work.claims))
    await until()
    work.go.release()
    await until()
    assert other.done()
    assert work.sent == [0]
    practice.locks.release(work.claims)
    await sent_times(work, 2)


@pytest.mark.parametrize(
    ("state", "end"), [(JobState.READY, JobState.FAILED), (JobState.SENT, JobState.OUTCOME_UNKNOWN)]
)
async def test_after_a_restart_what_was_done_is_still_told(practice: Practice, state: JobState, end: JobState) -> None:
    work = ThreeVerbs()
    job = await started(practice, work)
    work.go.release()
    await sent_times(work, 2)
    stored = practice.store.jobs[job.name]
    practice.store.jobs[job.name] = replace(stored, state=state)
    restarted = Practice(store=practice.store)
    await restarted.jobs.recover()
    ended = await restarted.jobs.get(caller(), job.name)
    assert (ended.state, ended.result) == (end, result(1))


async def test_who_waits_for_a_place_at_the_konnektor_does_not_ask_it_meanwhile(practice: Practice) -> None:
    place = Claim(key="konnektor", rank=Rank.KONNEKTOR)
    one, other = (
        ThreeVerbs(claims=(Claim(key=card, capacity=10, rank=Rank.PRACTICE_CARD), place)) for card in ("one", "other")
    )

    async def waiting() -> ThreeVerbs:
        return other

    await started(practice, one)
    second = await practice.jobs.start(caller(), replace(TICKET, request_id="r-2"), waiting)
    async for news in practice.jobs.watch(caller(), second.name):
        if news.progress:
            break
    assert [step.text.split(" ")[1] for step in news.progress] == ["Konnektor"]
    assert (one.checks, other.checks) == (1, 0)
    for work in (one, other):
        for _ in range(3):
            work.go.release()
    async with asyncio.timeout(5):
        await first(practice.jobs.watch(caller(), second.name), JobState.SUCCEEDED)
    assert other.checks >= 1

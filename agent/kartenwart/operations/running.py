"""Carries out one job: checks, waits for the card, sends once, judges the answer, writes the end. Never repeats."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain, repeat
from typing import Any, TypeVar

from kartenwart.domain.audit import AuditEntry
from kartenwart.domain.catalogue import failure, halfway, halted, once_sent
from kartenwart.domain.failures import AgentError, Reason, WorldError
from kartenwart.domain.jobs import Job, JobState, JobStep
from kartenwart.operations.live_job import LiveJob
from kartenwart.operations.locks import CardLocks, Claims, Hold, Rank
from kartenwart.operations.stopwatch import Part
from kartenwart.operations.supervisor import Report
from kartenwart.operations.work import Ending, Round, Tell, Work

T = TypeVar("T")

# What a broken or missing answer looks like: the card may have done it, nobody knows.
UNANSWERED = frozenset(
    {
        Reason.KONNEKTOR_UNREACHABLE,
        Reason.KONNEKTOR_SILENT,
        Reason.KONNEKTOR_ANSWER_INVALID,
        Reason.OUTCOME_UNKNOWN,
        Reason.DEADLINE_EXCEEDED,
        Reason.INTERNAL,
    }
)


class Running:
    """Runs jobs; `pauses` are the seconds between attempts to write an end that the disk refused, the last for good.

    `stopping` is set when the agent ends.
    """

    def __init__(self, *, locks: CardLocks, pauses: Sequence[float], report: Report) -> None:
        self._locks = locks
        self._pauses = tuple(pauses)
        self._report = report
        self.stopping = asyncio.Event()

    async def run(self, live: LiveJob, work: Work[Any]) -> bool:
        """Run a job to its end; False where the disk refuses the end: then `insist`."""
        ending = await self._ending(live, work)
        try:
            await live.end(ending, _end_record(live.job, ending, work.detail))
        except WorldError:
            return False
        return True

    async def _ending(self, live: LiveJob, work: Work[Any]) -> Ending:
        try:
            return _worded(live, await self._carried_out(live, work))
        except AgentError as error:
            return _judged(live, work, error)
        except asyncio.CancelledError:
            # Only the end of the agent cancels: what was sent stays unknown, also where the answer was being judged.
            return _judged(live, work, WorldError(failure(Reason.AGENT_RESTARTED)), lost=True)
        except Exception as broken:  # noqa: BLE001 - a defect ends the job, and what was sent is unknown
            self._report("job.broken", job=live.job.name, error=type(broken).__name__)
            return _judged(live, work, WorldError(failure(Reason.INTERNAL)))

    async def _carried_out(self, live: LiveJob, work: Work[Any]) -> Ending:
        while isinstance(outcome := await self._round(live, work), Round):
            await live.next_round(outcome.result)
        return outcome

    async def _round(self, live: LiveJob, work: Work[Any]) -> Ending | Round:
        with self._locks.hold() as hold:
            if (early := await self._turn(live, work, hold)) is not None:
                return early
            with live.clocked(Part.CHECKS):
                number = await _unless_cancelled(live, work.prepare())
            answer = await self._answer(live, work, number, hold)
        with live.clocked(Part.CHECKS):
            return await work.conclude(answer, live.tell)

    async def _turn(self, live: LiveJob, work: Work[Any], hold: Hold) -> Ending | Round | None:
        """Check the rules with the card in hand, and wait for what else is needed; who has to wait is told so.

        Where the card is in use it is not even asked for its state: the rules are checked when it is free. Who held
        something that was waited for may have spent a try, or have verified the PIN: then they are checked again.
        """
        at_once = hold.take_now(tuple(claim for claim in work.claims if claim.rank is not Rank.PAD))
        if at_once and (early := await self._checked(live, work)) is not None:
            return early
        if live.job.state is JobState.RECEIVED:
            await live.move(JobState.READY)
        claims = work.claims
        if waits := hold.busy(claims):
            live.tell(JobStep.WAITING_FOR_CARD, _why_waiting(waits))
        with live.clocked(Part.QUEUE):
            await _unless_cancelled(live, hold.take(claims))
        return await self._checked(live, work) if waits or not at_once else None

    async def _checked(self, live: LiveJob, work: Work[Any]) -> Ending | Round | None:
        with live.clocked(Part.CHECKS):
            return await _unless_cancelled(live, work.check())

    async def _answer(self, live: LiveJob, work: Work[Any], number: str, hold: Hold) -> Any:
        """Send the verb once; where the caller cancels meanwhile, the Konnektor is asked to stop."""
        stopping = asyncio.create_task(self._stop_when_wished(live, work))
        try:
            with live.clocked(Part.WIRE):
                answer = await work.send(partial(self._before_send, live, work, number), _settling(live, hold))
            live.answered = True
        finally:
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)
        return answer

    async def _stop_when_wished(self, live: LiveJob, work: Work[Any]) -> None:
        await live.cancelling.wait()
        try:
            await work.stop(live.tell)
        except WorldError as error:
            self._report("job.stop_failed", job=live.job.name, reason=error.failure.reason.value)

    async def _before_send(self, live: LiveJob, work: Work[Any], number: str) -> None:
        """Make SENT durable; whatever is raised here keeps the verb from being sent."""
        if live.job.state is not JobState.READY:
            raise RuntimeError("a verb is sent once")
        live.require_wanted()
        record = _record(live.job, "job.sent", "OK", work.detail)
        await live.send(job_number=number, record=record, unanswered=work.unanswered())
        live.require_wanted()
        live.goes_out()

    async def insist(self, live: LiveJob, detail: str) -> bool:
        """Write a told end again until the disk takes it; False where the agent ends before.

        A disk may be full for days, and a restart would make another end of it. Never is the verb repeated.
        """
        for pause in chain(self._pauses, repeat(self._pauses[-1])):
            self._report("job.end_not_written", job=live.job.name, pause=pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)
            if await self.rewrite(live, detail):
                return True
            if self.stopping.is_set():
                break
        return False

    async def rewrite(self, live: LiveJob, detail: str) -> bool:
        """Write an end that is told already once; True where it is durable."""
        try:
            await live.rewrite(_end_record(live.job, live.job, detail))
        except WorldError:
            return False
        return True


def _why_waiting(busy: Claims) -> str:
    if all(claim.rank is Rank.MEMORY for claim in busy):
        return "Andere große Dokumente belegen den Speicher der Box; der Auftrag wartet, bis sie signiert sind."
    if all(claim.rank is Rank.KONNEKTOR for claim in busy):
        return "Der Konnektor hat so viel zu tun, wie ihm zugemutet wird; der Auftrag wartet."
    return "Karte oder Kartenterminal sind belegt; der Auftrag wartet."


def _end_record(job: Job, end: Ending | Job, detail: str) -> AuditEntry:
    return _record(job, "job.ended", end.failure.reason.value if end.failure else end.state.value, detail)


def _record(job: Job, action: str, outcome: str, detail: str) -> AuditEntry:
    return AuditEntry(
        actor=job.creator,
        action=action,
        subject=job.card,
        outcome=outcome,
        context=job.context,
        mandant=job.mandant,
        detail=" ".join(part for part in (job.kind.value, job.name, detail) if part),
    )


def _settling(live: LiveJob, hold: Hold) -> Tell:
    """Return what tells of steps, and gives back the pads that were held on a guess once the Konnektor names one."""

    def tell(step: JobStep, text: str, *, terminal: str = "", terminal_label: str = "", expected: bool = False) -> None:
        if step is JobStep.PIN_ENTRY and terminal and not expected:
            hold.settle(terminal)
        live.tell(step, text, terminal=terminal, terminal_label=terminal_label, expected=expected)

    return tell


def _judged(live: LiveJob, work: Work[Any], error: AgentError, *, lost: bool = False) -> Ending:
    """Return the ending for an error: unknown where the verb went out and no answer is there, else failed."""
    sent = not isinstance(error, WorldError) or error.sent
    unanswered = sent and not live.answered and error.failure.reason in UNANSWERED
    if live.on_wire and (lost or unanswered):
        unknown = failure(Reason.OUTCOME_UNKNOWN, code=error.failure.konnektor_code)
        return Ending(state=JobState.OUTCOME_UNKNOWN, failure=unknown, result=work.unanswered())
    failed = once_sent(error.failure) if live.on_wire else error.failure
    return _worded(live, Ending(state=JobState.FAILED, failure=failed))


def _worded(live: LiveJob, ending: Ending) -> Ending:
    """Return the ending in words that hold where earlier rounds have done something."""
    earlier = live.job.verbs_sent - (1 if live.on_wire else 0)
    if ending.state is not JobState.FAILED or ending.failure is None or not earlier:
        return ending
    return replace(ending, failure=halfway(ending.failure))


async def _unless_cancelled(live: LiveJob, wanted: Coroutine[Any, Any, T]) -> T:
    """Return what is awaited, unless the caller cancels first: then WorldError CANCELLED."""
    task = asyncio.create_task(wanted)
    wish = asyncio.create_task(live.cancelled.wait())
    try:
        await asyncio.wait({task, wish}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise halted(live.cancel_reason)
    finally:
        wish.cancel()
        task.cancel()
        await asyncio.gather(task, wish, return_exceptions=True)

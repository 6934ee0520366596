"""Jobs: taken once per (creator, request_id), carried on whoever leaves, seen by their creator, never repeated."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from kartenwart.domain.catalogue import failure, halfway, halted, refused
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.jobs import (
    AuthenticateResult,
    Job,
    JobResult,
    JobState,
    SignDocumentsResult,
)
from kartenwart.domain.ports.jobs import JobStore
from kartenwart.domain.principals import Caller, Role
from kartenwart.operations.live_job import LiveJob
from kartenwart.operations.locks import CardLocks
from kartenwart.operations.names import fresh_name
from kartenwart.operations.running import Running
from kartenwart.operations.supervisor import Report, say_nothing
from kartenwart.operations.work import Ticket, Work

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
CANCEL_ANSWER_SECONDS = 2.0
OnEnd = Callable[[Job], Awaitable[None]]
Lost = Callable[[Caller], Reason | None]


class Jobs:
    """Takes, runs and shows jobs.

    `lost` says why a caller's rights are no longer those of its call, None while they are; what it lost before its
    turn is not sent. `grace` is how many seconds `close` waits for answers on the wire.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        clock: Clock,
        locks: CardLocks,
        lost: Lost,
        most_per_creator: int = 32,
        most: int = 256,
        pauses: Sequence[float] = PAUSES,
        grace: float = 5.0,
        report: Report = say_nothing,
    ) -> None:
        self._store = store
        self._clock = clock
        self._lost = lost
        self._running = Running(locks=locks, pauses=pauses, report=report)
        self._most_per_creator = most_per_creator
        self._most = most
        self._grace = grace
        self._report = report
        self._live: dict[str, LiveJob] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._on_end: list[OnEnd] = []
        self._starting = WeakValueDictionary[tuple[str, str], asyncio.Lock]()  # a lock lasts while somebody uses it
        self._closing = False

    def on_end(self, callback: OnEnd) -> None:
        """Let somebody clean up after each job that ended, also after those that a restart ended."""
        self._on_end.append(callback)

    def needs(self, document: str) -> bool:
        """True while a running job needs the document."""
        return any(document in live.job.documents for live in self._live.values() if not live.job.state.ended)

    async def start(self, caller: Caller, ticket: Ticket, make: Callable[[], Awaitable[Work[Any]]]) -> Job:
        """Take a job and return it at once, or the job that has this request_id already.

        `make` checks what the caller may be wrong about and is asked only for a new job. The job goes on when the
        caller leaves. CallerError REQUEST_ID_REUSED, LIMIT_EXCEEDED, CONFLICT (another job needs a document);
        WorldError STORE_FAILED, AGENT_UNAVAILABLE.
        """
        # One at a time: what `make` uses up (a person's word) must not be used up by the same request twice.
        async with self._starting.setdefault((caller.name, ticket.request_id), asyncio.Lock()):
            known = await self._store.list_jobs(
                creator=caller.name, mandants=None, request_id=ticket.request_id, before="", limit=1
            )
            if known:
                return self._attached(known[0], ticket)
            self._check_room(caller)
            work = await make()
            return await asyncio.shield(self._spawn(self._begin(caller, ticket, work)))

    async def get(self, caller: Caller, name: str) -> Job:
        """Return a job; CallerError NOT_FOUND also for a job of others."""
        live = self._live.get(name)
        job = live.job if live else await self._store.get_job(name)
        if job is None or not _may_see(caller, job):
            raise refused(Reason.NOT_FOUND)
        return _shown(caller, job)

    async def list(self, caller: Caller, request_id: str, before: str, limit: int) -> Sequence[Job]:
        """Return the caller's jobs, newest first; a technician's are those of its mandants."""
        technician = caller.role is Role.TECHNICIAN
        jobs = await self._store.list_jobs(
            creator=None if technician else caller.name,
            mandants=caller.mandants if technician else None,
            request_id=request_id,
            before=before,
            limit=limit,
        )
        return [_shown(caller, self._newest(job)) for job in jobs]

    async def watch(self, caller: Caller, name: str) -> AsyncIterator[Job]:
        """Yield a job, first as it stands, then on each change, and end with its end."""
        job = await self.get(caller, name)
        live = self._live.get(name)
        if live is None:
            yield job
            return
        async with live.news.watch() as watcher:
            async for news in watcher:
                yield _shown(caller, news)
                if news.state.ended:
                    return

    async def wait(self, caller: Caller, name: str, seconds: float) -> Job:
        """Return a job once it has ended, or as it is after so many seconds."""
        job = await self.get(caller, name)
        live = self._live.get(name)
        if live is None:
            return job
        return _shown(caller, await live.news.wait(lambda news: news.state.ended, seconds))

    async def cancel(self, caller: Caller, name: str) -> Job:
        """Wish that one's own job ends: before SENT it fails with CANCELLED, after it is CANCELLING until answered."""
        job = await self.get(caller, name)
        if job.creator != caller.name:
            raise refused(Reason.NOT_FOUND)
        live = self._live.get(name)
        if live is None or live.job.state.ended:
            return job
        await live.wish_cancel()
        settled = (JobState.CANCELLING, JobState.SUCCEEDED, JobState.FAILED, JobState.OUTCOME_UNKNOWN)
        return await live.news.wait(lambda news: news.state in settled, CANCEL_ANSWER_SECONDS)

    async def recover(self) -> None:
        """End what the last process left behind; call once before the first job is taken.

        Where the disk refuses, the end is shown and written later.
        """
        for job in await self._store.unfinished_jobs():
            live = LiveJob(_left_behind(job, self._clock), store=self._store, clock=self._clock)
            live.news.close()
            self._live[job.name] = live
            if await self._running.rewrite(live, _cut_short(live.job)):
                del self._live[job.name]
            else:
                self._spawn(self._insist(live, _cut_short(live.job)))
            await self._ended(live.job)

    async def close(self) -> None:
        """Take no more jobs; what waits ends now, what is on the wire gets a little time for its answer."""
        self._closing = True
        self._running.stopping.set()
        for live in self._live.values():
            if not live.on_wire:
                live.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._grace)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _begin(self, caller: Caller, ticket: Ticket, work: Work[Any]) -> Job:
        now = self._clock.now()
        job = Job(
            name=fresh_name("jobs", "j"),
            kind=ticket.kind,
            state=JobState.RECEIVED,
            creator=caller.name,
            request_id=ticket.request_id,
            payload_hash=ticket.payload_hash,
            context=ticket.context,
            mandant=ticket.mandant,
            back_end=ticket.back_end,
            card=ticket.card,
            created_at=now,
            updated_at=now,
            documents=ticket.documents,
        )
        self._check_documents(job)
        live = LiveJob(job, store=self._store, clock=self._clock, lost=partial(self._lost, caller))
        self._live[job.name] = live  # before the first await: from now on its documents are needed
        other: Job | None = job
        try:
            other = await self._store.insert_job(job)
        finally:
            if other is not None:
                del self._live[job.name]
        if other is not None:
            return self._attached(other, ticket)
        self._spawn(self._carry(live, work))
        return job

    async def _carry(self, live: LiveJob, work: Work[Any]) -> None:
        try:
            durable = await self._running.run(live, work)
            await self._ended(live.job)
        finally:
            live.news.close()
        if durable:
            del self._live[live.job.name]
        else:
            await self._insist(live, work.detail)

    async def _insist(self, live: LiveJob, detail: str) -> None:
        if await self._running.insist(live, detail):
            del self._live[live.job.name]

    async def _ended(self, job: Job) -> None:
        for callback in self._on_end:
            try:
                await callback(job)
            except WorldError as error:
                self._report("job.not_cleaned", job=job.name, reason=error.failure.reason.value)

    def _attached(self, job: Job, ticket: Ticket) -> Job:
        if (job.kind, job.payload_hash) != (ticket.kind, ticket.payload_hash):
            raise refused(Reason.REQUEST_ID_REUSED)
        return self._newest(job)

    def _newest(self, job: Job) -> Job:
        live = self._live.get(job.name)
        return live.job if live else job

    def _check_documents(self, job: Job) -> None:
        """Refuse a document that another job needs; the same request, coming twice at once, finds its own job."""
        others = (live.job for live in self._live.values() if not live.job.state.ended)
        if any(not set(job.documents).isdisjoint(one.documents) for one in others if _identity(one) != _identity(job)):
            raise refused(Reason.CONFLICT)

    def _check_room(self, caller: Caller) -> None:
        if self._closing:
            raise halted(Reason.AGENT_UNAVAILABLE)
        running = [live.job for live in self._live.values() if not live.job.state.ended]
        own = sum(1 for job in running if job.creator == caller.name)
        if own >= self._most_per_creator or len(running) >= self._most:
            raise refused(Reason.LIMIT_EXCEEDED)

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (broken := task.exception()) is not None:
            self._report("job.task_ended", error=type(broken).__name__)


def _identity(job: Job) -> tuple[str, str]:
    return job.creator, job.request_id


def _may_see(caller: Caller, job: Job) -> bool:
    own = job.creator == caller.name
    return own or (caller.role is Role.TECHNICIAN and caller.sees_mandant(job.mandant))


def _shown(caller: Caller, job: Job) -> Job:
    """Return the job as a caller sees it: documents are their creator's alone."""
    if job.creator == caller.name:
        return job
    return replace(job, documents=(), result=_without_documents(job.result))


def _without_documents(result: JobResult | None) -> JobResult | None:
    match result:
        case SignDocumentsResult():
            blank = (replace(document, input="", output="") for document in result.documents)
            return SignDocumentsResult(documents=tuple(blank))
        case AuthenticateResult():
            return replace(result, output="")
    return result


def _cut_short(job: Job) -> str:
    """Return what the audit tells of a job that a restart ended; of signatures, how many were handed out before."""
    if not isinstance(job.result, SignDocumentsResult):
        return "restart"
    return f"restart signed={sum(1 for one in job.result.documents if one.failure is None)}"


def _left_behind(job: Job, clock: Clock) -> Job:
    """Return how a job ends that a restart interrupted: what was sent stays unknown for ever."""
    now = clock.now()
    if job.state in (JobState.SENT, JobState.CANCELLING):
        return replace(
            job,
            state=JobState.OUTCOME_UNKNOWN,
            failure=failure(Reason.OUTCOME_UNKNOWN),
            updated_at=now,
            ended_at=now,
        )
    why = failure(Reason.AGENT_RESTARTED)
    told = halfway(why) if job.verbs_sent else why
    return replace(job, state=JobState.FAILED, failure=told, updated_at=now, ended_at=now)

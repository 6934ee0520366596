"""A job while it runs: its state, always written before it counts, and those who watch it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

from kartenwart.domain.audit import AuditEntry
from kartenwart.domain.catalogue import halted
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import READERS
from kartenwart.domain.jobs import TRANSITIONS, Job, JobProgress, JobResult, JobState, JobStep
from kartenwart.domain.ports.jobs import JobStore
from kartenwart.operations.newest import Newest
from kartenwart.operations.stopwatch import Part, Stopwatch
from kartenwart.operations.work import Ending

MOST_PROGRESS = 200
_SENT = "Der Auftrag ist beim Konnektor."
_SENT_TO_READER = "Der Auftrag ist beim Kartenleser."


def _nothing_lost() -> None:
    return None


class LiveJob:
    """Moves one job along its permitted states.

    `on_wire` is True once the first byte may have gone out, `answered` once the answer is there (both of the round at
    hand). `cancelling` is set once the wish to cancel what was sent is durable. `lost` says why its creator may not do
    this any more, None while it may. What the audit tells of a state is durable with it.
    """

    def __init__(
        self, job: Job, *, store: JobStore, clock: Clock, lost: Callable[[], Reason | None] = _nothing_lost
    ) -> None:
        self.news = Newest(job)
        self.cancelled = asyncio.Event()
        self.cancelling = asyncio.Event()
        self.cancel_reason = Reason.CANCELLED
        self.on_wire = False
        self.answered = False
        self._store = store
        self._clock = clock
        self._lost = lost
        self._turn = asyncio.Lock()
        self._stopwatch = Stopwatch(clock.monotonic)
        self._so_far = job.result
        self._unanswered: JobResult | None = None
        self._foreseen: tuple[JobProgress, ...] = ()

    @property
    def job(self) -> Job:
        """Return the job as it stands."""
        return self.news.value

    async def move(self, state: JobState) -> None:
        """Enter a state: durable first, then visible. WorldError STORE_FAILED leaves the job where it was."""
        async with self._turn:
            await self._move(state)

    async def send(self, *, job_number: str, record: AuditEntry, unanswered: JobResult | None) -> None:
        """Enter SENT, durable with all that is to be told should no answer ever come: since when, and at which pad.

        `unanswered` is the result then. Those who watch see neither before the first byte goes out (`goes_out`).
        """
        async with self._turn:
            self._unanswered = unanswered
            now = self._clock.now()
            sent = self._moved(JobState.SENT, now, job_number)
            steps = (JobProgress(step=JobStep.SENT, time=now, text=self._sent_words), *self._foreseen)
            await self._store.update_job(self._row(replace(sent, progress=(*sent.progress, *steps))), record)
            self.news.publish(sent)

    def goes_out(self) -> None:
        """Note that the first byte may go out from now on; tell so, and what is expected."""
        self.on_wire = True
        foreseen, self._foreseen = self._foreseen, ()
        self.tell(JobStep.SENT, self._sent_words)
        for one in foreseen:
            self.tell(one.step, one.text, terminal=one.terminal, terminal_label=one.terminal_label, expected=True)

    async def next_round(self, result: JobResult) -> None:
        """Go back to READY for another verb, what came out so far durable; WorldError CANCELLED, STORE_FAILED."""
        async with self._turn:
            self._so_far = result
            if self.job.state is JobState.CANCELLING:
                self.on_wire = False
                raise halted(Reason.CANCELLED)
            ready = replace(self._moved(JobState.READY, self._clock.now(), ""), result=result)
            await self._store.update_job(ready)
            self.on_wire = self.answered = False
            self._unanswered, self._foreseen = None, ()
            self.news.publish(ready)
            self.tell(JobStep.ROUND_FINISHED, "Ein Schritt ist erledigt; der nächste folgt.")

    def clocked(self, part: Part) -> AbstractContextManager[None]:
        """Count the time of a block as a part of the job's time."""
        return self._stopwatch.measuring(part)

    def stop(self) -> None:
        """End what was not sent: the agent itself ends."""
        self.cancel_reason = Reason.AGENT_RESTARTED
        self.cancelled.set()

    def require_wanted(self) -> None:
        """Raise WorldError where the job should end or its creator has lost its rights; for before the first byte."""
        reason = self.cancel_reason if self.cancelled.is_set() else self._lost()
        if reason is not None:
            raise halted(reason)

    async def wish_cancel(self) -> None:
        """Note that the job should end; what was sent is CANCELLING until its answer is there."""
        self.cancelled.set()
        async with self._turn:
            if self.job.state is JobState.SENT:
                whose = "des Kartenlesers" if self.job.back_end == READERS else "des Konnektors"
                self.tell(JobStep.CANCEL_REQUESTED, f"Der Abbruch ist gewünscht; die Antwort {whose} steht noch aus.")
                await self._move(JobState.CANCELLING)
                self.cancelling.set()

    def tell(
        self, step: JobStep, text: str, *, terminal: str = "", terminal_label: str = "", expected: bool = False
    ) -> None:
        """Add a step for those who watch; it is stored with the next state. What is expected is told once it is sent.

        Of the documents that the card signs one after the other only the newest is told: a batch has hundreds.
        """
        self._stopwatch.saw(step, expected=expected)
        now = self._clock.now()
        news = JobProgress(
            step=step, time=now, text=text, terminal=terminal, terminal_label=terminal_label, expected=expected
        )
        if expected and self.job.state is JobState.READY:
            self._foreseen = (*self._foreseen, news)
            return
        so_far = self.job.progress
        if step is JobStep.DOCUMENT_SIGNED and so_far and so_far[-1].step is step:
            so_far = so_far[:-1]
        if len(so_far) < MOST_PROGRESS and not self.job.state.ended:
            self.news.publish(replace(self.job, progress=(*so_far, news), updated_at=now))

    async def end(self, ending: Ending, record: AuditEntry) -> None:
        """Make the end durable, then visible; where the disk refuses, visible only, and WorldError."""
        async with self._turn:
            now = self._clock.now()
            moved = self._moved(ending.state, now)
            result = self._so_far if ending.result is None else ending.result
            ended = replace(moved, failure=ending.failure, result=result, ended_at=now)
            try:
                await self._store.update_job(ended, record)
            finally:
                self.news.publish(ended)

    async def rewrite(self, record: AuditEntry) -> None:
        """Write the end once more, where the disk refused it."""
        await self._store.update_job(self.job, record)

    @property
    def _sent_words(self) -> str:
        return _SENT_TO_READER if self.job.back_end == READERS else _SENT

    async def _move(self, state: JobState) -> None:
        now = self._clock.now()
        await self._store.update_job(self._row(self._moved(state, now)))
        self.news.publish(self._moved(state, now))

    def _row(self, job: Job) -> Job:
        """Return what a restart is to find of the job: of what is on the wire, how it ends without an answer."""
        waits = job.state in (JobState.SENT, JobState.CANCELLING)
        return replace(job, result=self._unanswered) if waits and self._unanswered is not None else job

    def _moved(self, state: JobState, now: datetime, job_number: str | None = None) -> Job:
        job = self.job
        if state not in TRANSITIONS[job.state]:
            raise RuntimeError(f"a job cannot go from {job.state} to {state}")
        number = job.job_number if job_number is None else job_number
        return replace(job, state=state, updated_at=now, job_number=number, times=self._stopwatch.times)

"""What the tests of the store share: a clock set by hand, the way to open a store, jobs."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from kartenwart.adapters.store import Store
from kartenwart.domain.jobs import Job, JobKind, JobState

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class HandClock:
    """A clock that moves only by hand, but a microsecond at each look."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        self.time += timedelta(microseconds=1)
        return self.time

    def monotonic(self) -> float:
        return (self.time - NOW).total_seconds()


class Opener(Protocol):
    def __call__(self, *, anchor_seconds: float = 0.01) -> AbstractAsyncContextManager[Store]: ...


def job(number: int, **changes: Any) -> Job:
    whole = Job(
        name=f"jobs/j-{number}",
        kind=JobKind.VERIFY_PIN,
        state=JobState.RECEIVED,
        creator="workstations/w-1",
        request_id=f"request-{number}",
        payload_hash="ab" * 32,
        context="contexts/empfang",
        mandant="praxis-a",
        card="cards/c-1",
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(whole, **changes)


def ended(number: int, at: datetime, **changes: Any) -> Job:
    return job(number, state=JobState.SUCCEEDED, updated_at=at, ended_at=at, **changes)

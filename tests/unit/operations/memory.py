"""Ports in memory for tests of the operations: small, honest, with a disk that may refuse and a clock that is set."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from kartenwart.domain.audit import GENESIS, AuditEntry, AuditRecord, AuditVerdict, chain_hash
from kartenwart.domain.catalogue import failure, refused
from kartenwart.domain.documents import Document
from kartenwart.domain.enrolment import EnrolmentToken
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import TRANSITIONS, Job, JobState
from kartenwart.domain.principals import User, Workstation

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = START
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.seconds

    def move(self, *, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.seconds += seconds


@dataclass
class MemoryStore:
    """All four stores. `refuse_from` counts down the writes that still succeed; None: the disk never refuses."""

    jobs: dict[str, Job] = field(default_factory=dict)
    history: dict[str, list[JobState]] = field(default_factory=dict)
    audit: list[AuditRecord] = field(default_factory=list)
    workstations: dict[str, Workstation] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, EnrolmentToken] = field(default_factory=dict)
    nonces: dict[str, datetime] = field(default_factory=dict)
    attempts: dict[tuple[str, Pin], int] = field(default_factory=dict)
    puk_attempts: dict[tuple[str, Pin], int] = field(default_factory=dict)
    checked: set[tuple[str, str]] = field(default_factory=set)
    mark: datetime | None = None
    refuse: bool = False
    refuse_audit: bool = False
    writes: int = 0

    async def _write(self) -> None:
        await asyncio.sleep(0)
        self.writes += 1
        if self.refuse:
            raise WorldError(failure(Reason.STORE_FAILED), sent=False)

    async def insert_job(self, job: Job) -> Job | None:
        await self._write()
        known = (one for one in self.jobs.values() if (one.creator, one.request_id) == (job.creator, job.request_id))
        other = next(known, None)
        if other is None:
            self.jobs[job.name] = job
            self.history[job.name] = [job.state]
            await asyncio.sleep(0)  # on the disk, and nobody knows yet
        return other

    async def update_job(self, job: Job, record: AuditEntry | None = None) -> None:
        await self._write()
        before = self.jobs[job.name].state
        if record is not None and not before.ended:
            self._chain(record)
        assert job.state == before or job.state in TRANSITIONS[before]
        self.jobs[job.name] = job
        self.history[job.name].append(job.state)

    async def get_job(self, name: str) -> Job | None:
        return self.jobs.get(name)

    async def list_jobs(
        self, *, creator: str | None, mandants: frozenset[str] | None, request_id: str, before: str, limit: int
    ) -> Sequence[Job]:
        found = [
            job
            for job in reversed(self.jobs.values())
            if creator in (None, job.creator)
            and (mandants is None or job.mandant in mandants)
            and request_id in ("", job.request_id)
        ]
        names = [job.name for job in found]
        start = names.index(before) + 1 if before in names else 0
        return found[start : start + limit]

    async def unfinished_jobs(self) -> Sequence[Job]:
        return [job for job in self.jobs.values() if not job.state.ended]

    async def append_audit(self, entry: AuditEntry) -> AuditRecord:
        await self._write()
        return self._chain(entry)

    def _chain(self, entry: AuditEntry) -> AuditRecord:
        if self.refuse_audit:
            raise WorldError(failure(Reason.STORE_FAILED), sent=False)
        previous = self.audit[-1].hash if self.audit else GENESIS
        number = len(self.audit) + 1
        record = AuditRecord(sequence=number, time=START, entry=entry, hash=chain_hash(previous, number, START, entry))
        self.audit.append(record)
        return record

    async def list_audit(self, *, mandants: frozenset[str] | None, before: int, limit: int) -> Sequence[AuditRecord]:
        found = [
            one
            for one in reversed(self.audit)
            if (not before or one.sequence < before)
            and (mandants is None or one.entry.mandant in mandants or not one.entry.mandant)
        ]
        return found[:limit]

    async def list_signatures(
        self, *, mandants: frozenset[str] | None, actor: str, before: int, limit: int
    ) -> Sequence[AuditRecord]:
        found = [
            one
            for one in await self.list_audit(mandants=mandants, before=before, limit=len(self.audit))
            if one.entry.action == "job.ended" and one.entry.detail.startswith("SIGN_DOCUMENTS ")
        ]
        return [one for one in found if actor in ("", one.entry.actor)][:limit]

    async def signature_sent(self, job: str) -> str:
        sent = (one.entry.detail for one in self.audit if one.entry.action == "job.sent")
        return next((detail for detail in sent if detail.startswith(f"SIGN_DOCUMENTS {job} ")), "")

    async def verify_audit(self) -> AuditVerdict:
        head = self.audit[-1].hash if self.audit else GENESIS
        return AuditVerdict(
            intact=True, checked=len(self.audit), first_broken_sequence=0, finding="heil", head_hash=head
        )

    async def save_workstation(self, workstation: Workstation) -> None:
        await self._write()
        self.workstations[workstation.name] = workstation

    async def list_workstations(self) -> Sequence[Workstation]:
        return sorted(self.workstations.values(), key=lambda one: one.name)

    async def save_user(self, user: User) -> None:
        await self._write()
        self.users[user.name] = user

    async def list_users(self) -> Sequence[User]:
        return sorted(self.users.values(), key=lambda one: one.name)

    async def save_token(self, token: EnrolmentToken) -> None:
        await self._write()
        self.tokens[token.secret_sha256] = token

    async def take_token(self, secret_sha256: str) -> EnrolmentToken | None:
        await self._write()
        return self.tokens.pop(secret_sha256, None)

    async def drop_tokens(self, now: datetime) -> None:
        self.tokens = {secret: token for secret, token in self.tokens.items() if token.expires_at > now}

    async def take_nonce(self, digest: str, expires_at: datetime, now: datetime) -> bool:
        await self._write()
        self.nonces = {one: end for one, end in self.nonces.items() if end > now}
        if digest in self.nonces:
            return False
        self.nonces[digest] = expires_at
        return True

    async def high_water(self) -> datetime | None:
        return self.mark

    async def raise_high_water(self, time: datetime) -> None:
        await self._write()
        self.mark = time if self.mark is None else max(time, self.mark)

    async def save_attempts(self, card: str, pin: Pin, attempts_left: int | None, *, puk: bool = False) -> None:
        await self._write()
        kept = self.puk_attempts if puk else self.attempts
        if attempts_left is None:
            kept.pop((card, pin), None)
        else:
            kept[card, pin] = attempts_left

    async def load_attempts(self, card: str, pin: Pin, *, puk: bool = False) -> int | None:
        return (self.puk_attempts if puk else self.attempts).get((card, pin))

    async def keep_online_check(self, seal: str, quarter: str) -> None:
        await self._write()
        self.checked = {(one, when) for one, when in self.checked if when >= quarter} | {(seal, quarter)}

    async def online_checked(self, seal: str, quarter: str) -> bool:
        return (seal, quarter) in self.checked


class MemoryVault:
    """Documents in a dictionary."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[Document, bytes]] = {}
        self.refuse_results = False
        self.free = 10**12

    async def create(self, document: Document) -> None:
        self.documents[document.name] = (document, b"")

    async def find(self, name: str) -> Document | None:
        found = self.documents.get(name)
        return found[0] if found else None

    async def append(self, name: str, offset: int, data: bytes) -> Document:
        document, held = self.documents[name]
        if held[offset : offset + len(data)] != data:
            if offset != len(held):
                raise refused(Reason.CONFLICT)
            held += data
        document = replace(document, received=len(held))
        if document.complete and hashlib.sha256(held).hexdigest() != document.sha256:
            del self.documents[name]
            raise refused(Reason.DOCUMENT_INCOMPLETE)
        self.documents[name] = (document, held)
        return document

    async def read(self, name: str, offset: int, length: int) -> bytes:
        return self.documents[name][1][offset : offset + length]

    async def store(self, document: Document, data: bytes) -> None:
        if self.refuse_results:
            raise WorldError(failure(Reason.STORE_FAILED))
        self.documents[document.name] = (document, data)

    async def delete(self, name: str) -> None:
        self.documents.pop(name, None)

    async def held(self, owner: str | None) -> tuple[Document, ...]:
        return tuple(document for document, _ in self.documents.values() if owner in (None, document.owner))

    async def room(self) -> int:
        return self.free

    async def sweep(self, now: datetime) -> None:
        self.documents = {name: one for name, one in self.documents.items() if one[0].gone_at > now}


async def until(happened: "asyncio.Future[None] | None" = None, *, ticks: int = 50) -> None:
    """Let the loop turn, so that every task that can go on has gone on."""
    for _ in range(ticks):
        await asyncio.sleep(0)
        if happened is not None and happened.done():
            return


async def first(values: AsyncIterator[Job], state: JobState) -> Job:
    """Return the first news of a job in that state."""
    async for job in values:
        if job.state is state:
            return job
    raise AssertionError(f"the job never was {state}")

"""What is kept over a restart besides jobs: workstations, users, tokens, audit, small facts.

Every write is durable on return. Each method raises WorldError(STORE_FAILED) when the disk refuses; then nothing is
half written.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from kartenwart.domain.audit import AuditEntry, AuditRecord, AuditVerdict
from kartenwart.domain.enrolment import EnrolmentToken
from kartenwart.domain.inventory import Pin
from kartenwart.domain.principals import User, Workstation


class AuditStore(Protocol):
    """The audit chain of this box."""

    async def append_audit(self, entry: AuditEntry) -> AuditRecord:
        """Append and return the record."""
        ...

    async def list_audit(self, *, mandants: frozenset[str] | None, before: int, limit: int) -> Sequence[AuditRecord]:
        """Return records, newest first, of the box and of mandants (None: all); before 0 means from the newest."""
        ...

    async def list_signatures(
        self, *, mandants: frozenset[str] | None, actor: str, before: int, limit: int
    ) -> Sequence[AuditRecord]:
        """Return the ends of signature jobs, newest first, of mandants (None: all) and an actor ("": of all)."""
        ...

    async def signature_sent(self, job: str) -> str:
        """Return the detail that was recorded when a signature job was first sent, "" where it never was."""
        ...

    async def verify_audit(self) -> AuditVerdict:
        """Recompute the chain and compare it with the anchor outside the database."""
        ...


class WorkstationStore(Protocol):
    """Workstations, users and one-time tokens."""

    async def save_workstation(self, workstation: Workstation) -> None:
        """Insert or replace."""
        ...

    async def list_workstations(self) -> Sequence[Workstation]:
        """Return all, sorted by name."""
        ...

    async def save_user(self, user: User) -> None:
        """Insert or replace."""
        ...

    async def list_users(self) -> Sequence[User]:
        """Return all, sorted by name."""
        ...

    async def save_token(self, token: EnrolmentToken) -> None:
        """Insert."""
        ...

    async def take_token(self, secret_sha256: str) -> EnrolmentToken | None:
        """Remove and return the token, or None: it can be redeemed once."""
        ...

    async def drop_tokens(self, now: datetime) -> None:
        """Remove the tokens that have expired."""
        ...


class FactStore(Protocol):
    """Small facts: the high-water mark of time and the last known attempts of refused PINs, a PUK's apart."""

    async def take_nonce(self, digest: str, expires_at: datetime, now: datetime) -> bool:
        """Keep a nonce's digest (hex) until it expires; False where it was taken before. Expired ones are dropped."""
        ...

    async def high_water(self) -> datetime | None:
        """Return the latest time ever persisted."""
        ...

    async def raise_high_water(self, time: datetime) -> None:
        """Persist a later time; an earlier one changes nothing."""
        ...

    async def save_attempts(self, card: str, pin: Pin, attempts_left: int | None, *, puk: bool = False) -> None:
        """Keep the attempts left after a refused PIN or PUK (None: forget, e.g. after a verified one)."""
        ...

    async def load_attempts(self, card: str, pin: Pin, *, puk: bool = False) -> int | None:
        """Return the attempts left as last known, or None."""
        ...

    async def keep_online_check(self, seal: str, quarter: str) -> None:
        """Keep that a patient's card, known by a keyed hash only, was checked in a quarter; earlier ones go."""
        ...

    async def online_checked(self, seal: str, quarter: str) -> bool:
        """True where that card was checked in that quarter."""
        ...

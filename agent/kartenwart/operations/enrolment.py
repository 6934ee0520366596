"""Enrolment: closed until a technician opens it; people compare codes; the key proves itself; or a one-time token."""

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kartenwart.domain import enrolment as rules
from kartenwart.domain.catalogue import refused, wrong_field
from kartenwart.domain.clock import Clock
from kartenwart.domain.enrolment import NONCE_BYTES, WINDOW, Enrolment, EnrolmentState, EnrolmentToken
from kartenwart.domain.failures import CallerError, Reason
from kartenwart.domain.ports.store import WorkstationStore
from kartenwart.domain.ports.vault import SiteAuthority
from kartenwart.domain.principals import Caller, Role, Scope, Workstation, is_label
from kartenwart.operations.attempts import Attempts
from kartenwart.operations.names import fresh_name
from kartenwart.operations.pending import Granted, PendingEnrolments
from kartenwart.operations.workstations import Workstations

TOKEN_LIFETIME = timedelta(days=1)
LONGEST_TOKEN_LIFETIME = timedelta(days=7)
CODE = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentAnswer:
    """Where an enrolment stands; certificate, root (DER) and workstation after approval."""

    state: EnrolmentState
    certificate: bytes = b""
    root: bytes = b""
    workstation: Workstation | None = None


class Enrolments:
    """Both sides of enrolment. `on_change` is called when it opens or closes (the mDNS record tells it)."""

    def __init__(
        self,
        *,
        authority: SiteAuthority,
        workstations: Workstations,
        store: WorkstationStore,
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
        each_peer: int = 20,
        all_peers: int = 400,
        wrong_codes: int = 5,
    ) -> None:
        self._authority = authority
        self._workstations = workstations
        self._store = store
        self._clock = clock
        self._on_change = on_change
        self._commits = Attempts(clock=clock, each=each_peer, total=all_peers)
        self._redeems = Attempts(clock=clock, each=each_peer, total=all_peers)
        self._wrong_codes = Attempts(clock=clock, each=wrong_codes, total=wrong_codes)
        self._pending = PendingEnrolments(clock=clock)
        self._close_at: tuple[datetime, float] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """True while new workstations may begin."""
        return self._close_at is not None and self._clock.monotonic() < self._close_at[1]

    def open(self, _caller: Caller) -> datetime:
        """Open for ten minutes from now; return when it closes."""
        seconds = WINDOW.total_seconds()
        closes = self._clock.now() + WINDOW
        self._close_at = (closes, self._clock.monotonic() + seconds)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds + 0.1, self._on_change)
        self._on_change()
        return closes

    def close(self, _caller: Caller) -> None:
        """Close; what is pending is rejected."""
        self._close_at = None
        if self._timer is not None:
            self._timer.cancel()
        self._pending.end_all(EnrolmentState.REJECTED)
        self._on_change()

    def list(self) -> tuple[Sequence[Enrolment], datetime | None]:
        """Return what is pending, oldest first and without codes, and when enrolment closes (None: closed)."""
        blank = [replace(one, code="") for one in self._pending.waiting()]
        return blank, self._close_at[0] if self._close_at is not None and self.is_open else None

    async def approve(self, caller: Caller, code: str, role: Role | None, scope: Scope) -> tuple[Workstation, str]:
        """Approve the one pending enrolment whose code was typed; return the workstation and the box's own code.

        CallerError INVALID_ARGUMENT, ENROLMENT_CODE_UNKNOWN, ENROLMENT_CODE_AMBIGUOUS, ENROLMENT_ATTEMPTS_EXCEEDED,
        CONFLICT (the key is enrolled already).
        """
        self._wrong_codes.check("typed")
        digits = code.replace(" ", "").replace("-", "")
        if not CODE.fullmatch(digits):
            raise wrong_field("code", "Erwartet werden sechs Ziffern.")
        self._workstations.check_scope(caller, scope, "scope")
        enrolment = self._the_one(digits)
        self._pending.take(enrolment)  # before anything is awaited, so that it is approved once
        try:
            workstation, leaf = await self._workstations.enrol(
                public_key=enrolment.public_key, role=role or enrolment.role, scope=scope, label=enrolment.label
            )
        except CallerError:
            self._pending.put(replace(self._pending.get(enrolment.name), state=EnrolmentState.REJECTED))
            raise
        finally:
            self._pending.release(enrolment)
        self._pending.grant(self._pending.get(enrolment.name), Granted(workstation=workstation, leaf=leaf))
        return workstation, enrolment.code

    def reject(self, _caller: Caller, name: str) -> None:
        """Reject a pending enrolment; CallerError NOT_FOUND."""
        found = next((one for one in self._pending.waiting() if one.name == name), None)
        if found is None:
            raise refused(Reason.NOT_FOUND)
        self._pending.put(replace(found, state=EnrolmentState.REJECTED))

    async def create_token(
        self, caller: Caller, role: Role, scope: Scope, lifetime: timedelta | None
    ) -> tuple[str, EnrolmentToken]:
        """Make a one-time token, never for a technician; only its hash is kept. CallerError INVALID_ARGUMENT."""
        if role is Role.TECHNICIAN:
            raise wrong_field("role", "Für Techniker gibt es keine Einmal-Kennwörter.")
        if lifetime is not None and not timedelta(0) < lifetime <= LONGEST_TOKEN_LIFETIME:
            raise wrong_field("lifetime", "Erlaubt sind höchstens sieben Tage.")
        self._workstations.check_scope(caller, scope, "scope")
        secret = secrets.token_urlsafe(32)
        token = EnrolmentToken(
            secret_sha256=_token_hash(secret),
            role=role,
            scope=scope,
            expires_at=self._clock.now() + (lifetime or TOKEN_LIFETIME),
        )
        await self._store.drop_tokens(self._clock.now())
        await self._store.save_token(token)
        return secret, token

    async def commit(
        self, peer_address: str, public_key: bytes, role: Role, label: str, commitment: bytes
    ) -> Enrolment:
        """Begin an enrolment. CallerError ENROLMENT_CLOSED, ENROLMENT_ATTEMPTS_EXCEEDED, INVALID_ARGUMENT."""
        if not self.is_open or self._close_at is None:
            raise refused(Reason.ENROLMENT_CLOSED)
        peer = rules.counted_as(peer_address)
        self._commits.check(peer)
        self._commits.count(peer)
        if not rules.is_p256_key(public_key):
            raise wrong_field("public_key", "Erwartet wird ein P-256-Schlüssel (SubjectPublicKeyInfo, DER).")
        if len(commitment) != 32:
            raise wrong_field("commitment", "Erwartet werden 32 Bytes.")
        _check_label(label)
        enrolment = Enrolment(
            name=fresh_name("enrolments", "e"),
            label=label,
            role=role,
            public_key=public_key,
            commitment=commitment,
            box_nonce=secrets.token_bytes(NONCE_BYTES),
            peer_address=peer_address,
            created_at=self._clock.now(),
            expires_at=self._close_at[0],
        )
        self._pending.add(enrolment)
        return enrolment

    async def reveal(self, name: str, nonce: bytes) -> None:
        """Open a commitment, once; a wrong one ends the enrolment. CallerError ENROLMENT_PROOF_INVALID, _EXPIRED."""
        enrolment = self._pending.get(name)
        if enrolment.state is EnrolmentState.EXPIRED:
            raise refused(Reason.ENROLMENT_EXPIRED)
        if enrolment.state is not EnrolmentState.COMMITTED:
            raise refused(Reason.ENROLMENT_PROOF_INVALID)
        key, role, label = enrolment.public_key, enrolment.role, enrolment.label
        opened = rules.commitment(workstation_nonce=nonce, public_key=key, role=role, label=label)
        if len(nonce) != NONCE_BYTES or not hmac.compare_digest(opened, enrolment.commitment):
            self._pending.put(replace(enrolment, state=EnrolmentState.REJECTED))
            raise refused(Reason.ENROLMENT_PROOF_INVALID)
        code = rules.code(
            box_id=self._authority.box_id,
            root_der=self._authority.root_der,
            public_key=key,
            role=role,
            label=label,
            box_nonce=enrolment.box_nonce,
            workstation_nonce=nonce,
        )
        self._pending.put(replace(enrolment, state=EnrolmentState.PENDING, code=code))

    async def poll(self, name: str, sequence: int, signature: bytes) -> EnrolmentAnswer:
        """Return where an enrolment stands to whoever proves its key; each number counts once.

        CallerError ENROLMENT_PROOF_INVALID, ENROLMENT_EXPIRED (unknown or forgotten).
        """
        enrolment = self._pending.get(name)
        fresh = enrolment.last_sequence < sequence < 2**63
        if not fresh or not self._proved(enrolment, sequence, signature):
            raise refused(Reason.ENROLMENT_PROOF_INVALID)
        self._pending.put(replace(enrolment, last_sequence=sequence))
        granted = self._pending.granted(name)
        if enrolment.state is not EnrolmentState.APPROVED or granted is None:
            return EnrolmentAnswer(state=enrolment.state)
        return self._answer(granted)

    async def redeem(self, peer_address: str, token: str, csr_der: bytes, label: str) -> EnrolmentAnswer:
        """Enrol by a one-time token. CallerError ENROLMENT_TOKEN_INVALID, _ATTEMPTS_EXCEEDED, INVALID_ARGUMENT."""
        peer = rules.counted_as(peer_address)
        self._redeems.check(peer)
        _check_label(label)
        public_key = self._workstations.proved_key(csr_der)
        taken = await self._store.take_token(_token_hash(token))
        if taken is None or self._clock.now() >= taken.expires_at:
            self._redeems.count(peer)
            raise refused(Reason.ENROLMENT_TOKEN_INVALID)
        workstation, leaf = await self._workstations.enrol(
            public_key=public_key, role=taken.role, scope=taken.scope, label=label
        )
        return self._answer(Granted(workstation=workstation, leaf=leaf))

    def _the_one(self, code: str) -> Enrolment:
        """Return the one pending enrolment with this code; two with the same are both rejected."""
        found = self._pending.with_code(code)
        if len(found) == 1:
            return found[0]
        self._wrong_codes.count("typed")
        for one in found:
            self._pending.put(replace(one, state=EnrolmentState.REJECTED))
        raise refused(Reason.ENROLMENT_CODE_AMBIGUOUS if found else Reason.ENROLMENT_CODE_UNKNOWN)

    def _proved(self, enrolment: Enrolment, sequence: int, signature: bytes) -> bool:
        message = rules.poll_message(enrolment=enrolment.name, box_nonce=enrolment.box_nonce, sequence=sequence)
        return self._authority.verify_key_signature(enrolment.public_key, signature, message)

    def _answer(self, granted: Granted) -> EnrolmentAnswer:
        return EnrolmentAnswer(
            state=EnrolmentState.APPROVED,
            certificate=granted.leaf,
            root=self._authority.root_der,
            workstation=granted.workstation,
        )


def _token_hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _check_label(label: str) -> None:
    if not is_label(label):
        raise wrong_field("label", "Erlaubt sind 1 bis 60 druckbare Zeichen.")

"""Enrolment with everything it needs, and a workstation's part played by the test."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from kartenwart.domain import enrolment as rules
from kartenwart.domain.enrolment import P256_KEY_PREFIX, Enrolment, EnrolmentState
from kartenwart.domain.principals import Role, Scope, Workstation
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.enrolment import Enrolments
from kartenwart.operations.people import People
from kartenwart.operations.time import TrustedTime
from kartenwart.operations.workstations import Workstations
from tests.unit.operations.memory import MemoryStore, SetClock
from tests.unit.operations.practice import CONTEXTS, DESK, caller

TECHNICIAN = caller("local/technik", Role.TECHNICIAN)
SCOPE = Scope(contexts=(DESK,))
NONCE = b"n" * 32


def key(number: int = 0) -> bytes:
    return P256_KEY_PREFIX + hashlib.sha512(str(number).encode()).digest()


class WrittenAuthority:
    """An authority whose certificates say in plain words what they are; a signature is the hash of key and message."""

    box_id = "box-test"
    root_der = b"root"
    fingerprint = "00"

    def __init__(self) -> None:
        self.issued: list[tuple[str, datetime]] = []

    def issue(self, *, workstation: str, public_key: bytes, not_after: datetime, now: datetime) -> bytes:
        if public_key.endswith(b"off the curve"):
            raise ValueError("not on the curve")
        assert now < not_after
        self.issued.append((workstation, not_after))
        return f"leaf of {workstation} for {public_key.hex()[-8:]}".encode()

    def key_of_request(self, request_der: bytes) -> bytes:
        if not request_der.startswith(b"csr "):
            raise ValueError("no request")
        return request_der[4:]

    def verify_key_signature(self, public_key: bytes, signature: bytes, message: bytes) -> bool:
        return signature == hashlib.sha256(public_key + message).digest()


@dataclass
class House:
    """Enrolment with everything it needs, and a workstation's part played by the test."""

    store: MemoryStore = field(default_factory=MemoryStore)
    clock: SetClock = field(default_factory=SetClock)
    authority: WrittenAuthority = field(default_factory=WrittenAuthority)
    changes: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        time = TrustedTime(clock=self.clock, facts=self.store)
        self.people = People(store=self.store, clock=time)
        self.workstations = Workstations(
            store=self.store,
            authority=self.authority,
            contexts=Contexts(contexts=CONTEXTS),
            people=self.people,
            clock=time,
        )
        self.enrolments = Enrolments(
            authority=self.authority,
            workstations=self.workstations,
            store=self.store,
            clock=time,
            on_change=lambda: self.changes.append(self.enrolments.is_open),
        )

    async def committed(
        self, number: int = 0, role: Role = Role.WORKSTATION, label: str = "Empfang", peer: str = "192.0.2.1"
    ) -> Enrolment:
        promise = rules.commitment(workstation_nonce=NONCE, public_key=key(number), role=role, label=label)
        return await self.enrolments.commit(peer, key(number), role, label, promise)

    async def revealed(self, number: int = 0, role: Role = Role.WORKSTATION, peer: str = "192.0.2.1") -> Enrolment:
        made = await self.committed(number, role, peer=peer)
        await self.enrolments.reveal(made.name, NONCE)
        return made

    def code(self, made: Enrolment) -> str:
        """Return the code as the workstation computes it."""
        return rules.code(
            box_id="box-test",
            root_der=b"root",
            public_key=made.public_key,
            role=made.role,
            label=made.label,
            box_nonce=made.box_nonce,
            workstation_nonce=NONCE,
        )

    async def state(self, made: Enrolment, sequence: int = 1) -> EnrolmentState:
        return (await self.enrolments.poll(made.name, sequence, self.proof(made, sequence))).state

    def proof(self, made: Enrolment, sequence: int) -> bytes:
        message = rules.poll_message(enrolment=made.name, box_nonce=made.box_nonce, sequence=sequence)
        return hashlib.sha256(made.public_key + message).digest()

    async def enrolled(self, number: int = 0) -> Workstation:
        """Return a workstation that was approved."""
        made = await self.revealed(number)
        workstation, _ = await self.enrolments.approve(TECHNICIAN, self.code(made), None, SCOPE)
        return workstation

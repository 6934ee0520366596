import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from kartenwart.domain import enrolment as rules
from kartenwart.domain.catalogue import failure
from kartenwart.domain.enrolment import P256_KEY_PREFIX, Enrolment, EnrolmentState
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.principals import Caller, Role, Scope, Workstation
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.enrolment import Enrolments
from kartenwart.operations.people import People
from kartenwart.operations.time import TrustedTime
from kartenwart.operations.workstations import LEAF_LIFETIME, Workstations
from tests.unit.operations.memory import START, MemoryStore, SetClock
from tests.unit.operations.practice import CONTEXTS, DESK, ROOM, caller

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


@pytest.fixture
async def house() -> House:
    made = House()
    made.enrolments.open(TECHNICIAN)
    return made


def reason(refused: pytest.ExceptionInfo[CallerError]) -> Reason:
    return refused.value.failure.reason


async def test_a_workstation_is_enrolled_by_the_code_that_both_computed(house: House) -> None:
    made = await house.revealed()
    assert await house.state(made, 1) is EnrolmentState.PENDING
    code = house.code(made)
    workstation, shown = await house.enrolments.approve(TECHNICIAN, f"{code[:3]} {code[3:]}", None, SCOPE)
    assert shown == code
    answer = await house.enrolments.poll(made.name, 2, house.proof(made, 2))
    assert answer.workstation == workstation
    assert answer.certificate == f"leaf of {workstation.name} for {made.public_key.hex()[-8:]}".encode()
    assert answer.root == b"root"
    found = house.workstations.by_key(hashlib.sha256(made.public_key).hexdigest())
    assert found == workstation
    assert (workstation.role, workstation.scope) == (Role.WORKSTATION, SCOPE)
    assert workstation.expires_at == START + LEAF_LIFETIME
    assert house.store.workstations == {workstation.name: workstation}


async def test_closed_by_default_and_again_after_ten_minutes() -> None:
    house = House()
    with pytest.raises(CallerError) as refused:
        await house.committed()
    assert reason(refused) is Reason.ENROLMENT_CLOSED
    assert house.enrolments.open(TECHNICIAN) == START + timedelta(minutes=10)
    pending = await house.revealed()
    house.clock.move(seconds=599)
    assert house.enrolments.list()[1] == START + timedelta(minutes=10)
    house.clock.move(seconds=1)
    assert not house.enrolments.is_open
    assert house.enrolments.list() == ([], None)
    assert await house.state(pending) is EnrolmentState.EXPIRED
    with pytest.raises(CallerError) as refused:
        await house.enrolments.approve(TECHNICIAN, house.code(pending), None, SCOPE)
    assert reason(refused) is Reason.ENROLMENT_CODE_UNKNOWN
    house.enrolments.close(TECHNICIAN)
    assert house.changes == [True, False]


async def test_closing_rejects_what_is_pending(house: House) -> None:
    made = await house.revealed()
    house.enrolments.close(TECHNICIAN)
    assert await house.state(made) is EnrolmentState.REJECTED


async def test_one_reveal_per_commit_and_a_wrong_one_ends_it(house: House) -> None:
    made = await house.revealed()
    with pytest.raises(CallerError) as refused:
        await house.enrolments.reveal(made.name, NONCE)
    assert reason(refused) is Reason.ENROLMENT_PROOF_INVALID
    other = await house.committed(1)
    for nonce in (b"x" * 32, NONCE):
        with pytest.raises(CallerError) as refused:
            await house.enrolments.reveal(other.name, nonce)
        assert reason(refused) is Reason.ENROLMENT_PROOF_INVALID
    assert await house.state(other) is EnrolmentState.REJECTED
    with pytest.raises(CallerError) as refused:
        await house.enrolments.reveal("enrolments/e-none", NONCE)
    assert reason(refused) is Reason.ENROLMENT_EXPIRED


async def test_what_is_not_revealed_cannot_be_approved(house: House) -> None:
    made = await house.committed()
    with pytest.raises(CallerError) as refused:
        await house.enrolments.approve(TECHNICIAN, house.code(made), None, SCOPE)
    assert reason(refused) is Reason.ENROLMENT_CODE_UNKNOWN


async def test_two_equal_codes_refuse_both(house: House) -> None:
    one, two = await house.revealed(0), await house.revealed(1)
    pending = house.enrolments._pending
    twin = pending.get(one.name)
    pending.put(replace(pending.get(two.name), code=twin.code))
    with pytest.raises(CallerError) as refused:
        await house.enrolments.approve(TECHNICIAN, twin.code, None, SCOPE)
    assert reason(refused) is Reason.ENROLMENT_CODE_AMBIGUOUS
    assert [await house.state(made) for made in (one, two)] == [EnrolmentState.REJECTED] * 2
    assert house.store.workstations == {}


async def test_polls_prove_the_key_and_each_number_counts_once(house: House) -> None:
    made = await house.revealed()
    proof = house.proof(made, 5)
    await house.enrolments.poll(made.name, 5, proof)
    for sequence, signature in ((5, proof), (4, house.proof(made, 4)), (6, proof), (0, house.proof(made, 0))):
        with pytest.raises(CallerError) as refused:
            await house.enrolments.poll(made.name, sequence, signature)
        assert reason(refused) is Reason.ENROLMENT_PROOF_INVALID
    assert await house.state(made, 6) is EnrolmentState.PENDING


async def test_wrong_codes_are_limited_for_technicians_too(house: House) -> None:
    made = await house.revealed()
    code = house.code(made)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        with pytest.raises(CallerError) as refused:
            await house.enrolments.approve(TECHNICIAN, wrong, None, SCOPE)
        assert reason(refused) is Reason.ENROLMENT_CODE_UNKNOWN
    with pytest.raises(CallerError) as refused:
        await house.enrolments.approve(TECHNICIAN, code, None, SCOPE)
    assert reason(refused) is Reason.ENROLMENT_ATTEMPTS_EXCEEDED
    house.clock.move(seconds=600)
    house.enrolments.open(TECHNICIAN)
    late = await house.revealed(9)
    await house.enrolments.approve(TECHNICIAN, house.code(late), None, SCOPE)


async def test_commits_are_limited_by_peer_and_in_all(house: House) -> None:
    for number in range(20):
        await house.committed(number)
    with pytest.raises(CallerError) as refused:
        await house.committed(21)
    assert reason(refused) is Reason.ENROLMENT_ATTEMPTS_EXCEEDED
    for number in range(30, 200):
        try:
            await house.committed(number, peer=f"192.0.2.{number}")
        except CallerError as error:
            assert error.failure.reason is Reason.ENROLMENT_ATTEMPTS_EXCEEDED  # noqa: PT017 - some are accepted
    assert len(house.enrolments._pending._enrolments) <= 64


async def test_what_a_workstation_says_of_itself_is_checked(house: House) -> None:
    good = b"c" * 32
    for public_key, label, promise, path in (
        (b"rsa", "Empfang", good, "public_key"),
        (key()[:-1], "Empfang", good, "public_key"),
        (key(), "", good, "label"),
        (key(), "x" * 61, good, "label"),
        (key(), "a\x00b", good, "label"),
        (key(), "Empfang", b"short", "commitment"),
    ):
        with pytest.raises(CallerError) as refused:
            await house.enrolments.commit("192.0.2.1", public_key, Role.VIEWER, label, promise)
        assert [one.field for one in refused.value.violations] == [path]


async def test_the_technician_grants_less_and_only_what_exists(house: House) -> None:
    made = await house.revealed(role=Role.SIGNER)
    code = house.code(made)
    for scope, path in (
        (Scope(contexts=(DESK, "contexts/x")), "scope.contexts[1]"),
        (Scope(users=("users/x",)), "scope.users[0]"),
    ):
        with pytest.raises(CallerError) as refused:
            await house.enrolments.approve(TECHNICIAN, code, None, scope)
        assert [one.field for one in refused.value.violations] == [path]
    with pytest.raises(CallerError) as refused:
        await house.enrolments.approve(TECHNICIAN, "12345", None, SCOPE)
    assert [one.field for one in refused.value.violations] == ["code"]
    workstation, _ = await house.enrolments.approve(TECHNICIAN, code, Role.VIEWER, SCOPE)
    assert workstation.role is Role.VIEWER


async def test_a_key_is_enrolled_once_also_after_it_was_revoked(house: House) -> None:
    made = await house.revealed()
    workstation, _ = await house.enrolments.approve(TECHNICIAN, house.code(made), None, SCOPE)
    await house.workstations.revoke(TECHNICIAN, workstation.name)
    again = await house.revealed()
    with pytest.raises(CallerError) as refused:
        await house.enrolments.approve(TECHNICIAN, house.code(again), None, SCOPE)
    assert reason(refused) is Reason.CONFLICT
    assert await house.state(again) is EnrolmentState.REJECTED


async def test_a_disk_that_refuses_leaves_the_enrolment_pending(house: House) -> None:
    made = await house.revealed()
    house.store.refuse = True
    with pytest.raises(WorldError):
        await house.enrolments.approve(TECHNICIAN, house.code(made), None, SCOPE)
    house.store.refuse = False
    await house.enrolments.approve(TECHNICIAN, house.code(made), None, SCOPE)
    assert await house.state(made) is EnrolmentState.APPROVED


async def test_rejecting_tells_the_workstation(house: House) -> None:
    made = await house.revealed()
    assert [(one.name, one.code) for one in house.enrolments.list()[0]] == [(made.name, "")]
    house.enrolments.reject(TECHNICIAN, made.name)
    assert await house.state(made) is EnrolmentState.REJECTED
    with pytest.raises(CallerError) as refused:
        house.enrolments.reject(TECHNICIAN, made.name)
    assert reason(refused) is Reason.NOT_FOUND


async def test_a_token_enrols_once_while_enrolment_is_closed() -> None:
    house = House()
    secret, token = await house.enrolments.create_token(TECHNICIAN, Role.SIGNER, SCOPE, None)
    assert secret not in str(house.store.tokens)
    assert token.expires_at == START + timedelta(days=1)
    answer = await house.enrolments.redeem("192.0.2.1", secret, b"csr " + key(), "Empfang")
    assert answer.workstation is not None
    assert (answer.workstation.role, answer.workstation.scope) == (Role.SIGNER, SCOPE)
    with pytest.raises(CallerError) as refused:
        await house.enrolments.redeem("192.0.2.1", secret, b"csr " + key(1), "Empfang")
    assert reason(refused) is Reason.ENROLMENT_TOKEN_INVALID


async def test_tokens_are_bounded_in_time_role_and_attempts() -> None:
    house = House()
    for role, lifetime in (
        (Role.TECHNICIAN, None),
        (Role.VIEWER, timedelta(days=8)),
        (Role.VIEWER, timedelta(seconds=-1)),
    ):
        with pytest.raises(CallerError) as refused:
            await house.enrolments.create_token(TECHNICIAN, role, SCOPE, lifetime)
        assert reason(refused) is Reason.INVALID_ARGUMENT
    secret, _ = await house.enrolments.create_token(TECHNICIAN, Role.VIEWER, SCOPE, timedelta(minutes=1))
    with pytest.raises(CallerError) as refused:
        await house.enrolments.redeem("192.0.2.1", secret, b"garbage", "Empfang")
    assert reason(refused) is Reason.INVALID_ARGUMENT
    assert house.store.tokens
    house.clock.move(seconds=60)
    for _ in range(20):
        with pytest.raises(CallerError) as refused:
            await house.enrolments.redeem("192.0.2.1", secret, b"csr " + key(), "Empfang")
        assert reason(refused) is Reason.ENROLMENT_TOKEN_INVALID
    with pytest.raises(CallerError) as refused:
        await house.enrolments.redeem("192.0.2.1", secret, b"csr " + key(), "Empfang")
    assert reason(refused) is Reason.ENROLMENT_ATTEMPTS_EXCEEDED


async def enrolled(house: House, number: int = 0) -> Workstation:
    made = await house.revealed(number)
    workstation, _ = await house.enrolments.approve(TECHNICIAN, house.code(made), None, SCOPE)
    return workstation


async def test_rights_change_at_once_durably_and_streams_are_told(house: House) -> None:
    told: list[Workstation] = []
    house.workstations.on_rights_changed(told.append)
    before = await enrolled(house)
    renamed = await house.workstations.update(TECHNICIAN, before.name, "Tresen", None, None, None)
    assert (renamed.label, told) == ("Tresen", [])
    moved = await house.workstations.update(TECHNICIAN, before.name, None, Role.VIEWER, (ROOM, DESK), None)
    assert told == [moved]
    assert (moved.label, moved.role, moved.scope.default_context) == ("Tresen", Role.VIEWER, ROOM)
    with pytest.raises(CallerError):
        await house.workstations.update(TECHNICIAN, before.name, None, None, ("contexts/x",), None)
    revoked = await house.workstations.revoke(TECHNICIAN, before.name)
    assert told == [moved, revoked]
    assert house.workstations.by_key(before.key_sha256) == revoked
    assert house.store.workstations[before.name].revoked_at == START
    assert await house.workstations.revoke(TECHNICIAN, before.name) == revoked
    with pytest.raises(CallerError) as refused:
        await house.workstations.update(TECHNICIAN, before.name, "x", None, None, None)
    assert reason(refused) is Reason.CONFLICT
    for attempt in (
        house.workstations.revoke(TECHNICIAN, "workstations/w-none"),
        house.workstations.update(TECHNICIAN, "workstations/w-none", None, None, None, None),
    ):
        with pytest.raises(CallerError) as refused:
            await attempt
        assert reason(refused) is Reason.NOT_FOUND


async def test_a_revocation_that_the_disk_refuses_is_said_and_not_pretended(house: House) -> None:
    before = await enrolled(house)
    house.store.refuse = True
    with pytest.raises(WorldError) as refused:
        await house.workstations.revoke(TECHNICIAN, before.name)
    assert refused.value.failure == failure(Reason.STORE_FAILED)
    assert house.workstations.by_key(before.key_sha256) == before


async def test_the_registry_outlives_a_restart(house: House) -> None:
    before = await enrolled(house)
    restarted = House(store=house.store)
    await restarted.workstations.load()
    assert restarted.workstations.list(TECHNICIAN) == [before]
    assert restarted.workstations.by_key(before.key_sha256) == before


async def test_renewal_keeps_the_key_or_takes_a_new_one_without_locking_out(house: House) -> None:
    before = await enrolled(house)
    me = Caller(name=before.name, role=before.role, scope=before.scope, mandants=frozenset())
    house.clock.move(seconds=3600)
    await house.workstations.renew(me, b"csr " + key(0))
    same = house.workstations.by_key(before.key_sha256)
    assert same is not None
    assert same.expires_at == START + timedelta(hours=1) + LEAF_LIFETIME
    await house.workstations.renew(me, b"csr " + key(7))
    assert house.workstations.by_key(before.key_sha256) is not None
    new = house.workstations.by_key(hashlib.sha256(key(7)).hexdigest())
    assert new is not None
    assert new.name == before.name
    assert house.workstations.by_key(before.key_sha256) is None
    house.enrolments.open(TECHNICIAN)
    other = await enrolled(house, 3)
    for request, expected in ((b"csr " + key(3), Reason.CONFLICT), (b"garbage", Reason.INVALID_ARGUMENT)):
        with pytest.raises(CallerError) as refused:
            await house.workstations.renew(me, request)
        assert reason(refused) is expected
    assert other.key_sha256 in house.workstations._by_key


async def test_what_is_issued_never_lies_before_the_time_seen_before_a_power_cut() -> None:
    store = MemoryStore(mark=START + timedelta(days=365))
    house = House(store=store)
    await house.workstations._clock.load()
    secret, _ = await house.enrolments.create_token(TECHNICIAN, Role.VIEWER, SCOPE, None)
    answer = await house.enrolments.redeem("192.0.2.1", secret, b"csr " + key(), "Empfang")
    assert answer.workstation is not None
    assert house.authority.issued == [(answer.workstation.name, START + timedelta(days=365) + LEAF_LIFETIME)]

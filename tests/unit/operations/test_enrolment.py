import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from kartenwart.domain.enrolment import EnrolmentState
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.principals import Role, Scope, Workstation
from kartenwart.operations.workstations import LEAF_LIFETIME
from tests.unit.operations.house import NONCE, SCOPE, TECHNICIAN, House, key
from tests.unit.operations.memory import START, MemoryStore
from tests.unit.operations.practice import DESK


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


async def test_an_ipv6_network_is_one_peer(house: House) -> None:
    for number in range(20):
        await house.committed(number, peer=f"2001:db8::{number + 1:x}:2:3:4")
    with pytest.raises(CallerError) as refused:
        await house.committed(21, peer="2001:db8::ffff:2:3:4")
    assert reason(refused) is Reason.ENROLMENT_ATTEMPTS_EXCEEDED
    await house.committed(22, peer="2001:db8:0:1::1")


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


async def test_strangers_who_never_reveal_keep_no_honest_workstation_out(house: House) -> None:
    honest = await house.revealed(500, peer="192.0.2.200")
    begun = await house.committed(501, peer="192.0.2.201")
    for number in range(80):
        await house.committed(number, peer=f"192.0.2.{number // 20}")
    late = await house.revealed(502, peer="192.0.2.202")
    await house.enrolments.reveal(begun.name, NONCE)
    for made in (honest, begun, late):
        assert await house.state(made) is EnrolmentState.PENDING
    assert len(house.enrolments._pending._enrolments) <= 64


async def test_expired_tokens_are_not_kept(house: House) -> None:
    for _ in range(3):
        await house.enrolments.create_token(TECHNICIAN, Role.VIEWER, SCOPE, None)
        house.clock.move(seconds=24 * 3600)
    assert len(house.store.tokens) == 1


async def test_what_a_workstation_says_of_itself_is_checked(house: House) -> None:
    good = b"c" * 32
    for public_key, label, promise, path in (
        (b"rsa", "Empfang", good, "public_key"),
        (key()[:-1], "Empfang", good, "public_key"),
        (key(), "", good, "label"),
        (key(), "x" * 61, good, "label"),
        (key(), "x" * 60 + " ", good, "label"),
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


class SlowStore(MemoryStore):
    """A disk that lets a workstation wait until it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    async def save_workstation(self, workstation: Workstation) -> None:
        self.asked.set()
        await self.go_on.wait()
        await super().save_workstation(workstation)


async def test_who_asks_while_the_approval_is_written_still_waits() -> None:
    store = SlowStore()
    house = House(store=store)
    house.enrolments.open(TECHNICIAN)
    made = await house.revealed()
    approval = asyncio.create_task(house.enrolments.approve(TECHNICIAN, house.code(made), None, SCOPE))
    await store.asked.wait()
    assert await house.state(made, 1) is EnrolmentState.PENDING
    with pytest.raises(CallerError):  # approved once, and no longer rejected
        await house.enrolments.approve(TECHNICIAN, house.code(made), None, SCOPE)
    with pytest.raises(CallerError):
        house.enrolments.reject(TECHNICIAN, made.name)
    store.go_on.set()
    await approval
    assert await house.state(made, 2) is EnrolmentState.APPROVED
    with pytest.raises(CallerError):  # a proof counts once, also over an approval
        await house.state(made, 1)


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

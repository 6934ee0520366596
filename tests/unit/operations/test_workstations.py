import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.principals import Caller, Role, Workstation
from kartenwart.operations.workstations import LEAF_LIFETIME
from tests.unit.operations.house import SCOPE, TECHNICIAN, House, key
from tests.unit.operations.memory import START, MemoryStore, until
from tests.unit.operations.practice import DESK, ROOM


def reason(refused: pytest.ExceptionInfo[CallerError]) -> Reason:
    return refused.value.failure.reason


async def test_rights_change_at_once_durably_and_streams_are_told(house: House) -> None:
    told: list[Workstation] = []
    house.workstations.on_rights_changed(told.append)
    before = await house.enrolled()
    renamed = await house.workstations.update(TECHNICIAN, before.name, "Tresen", None, None, None)
    assert (renamed.label, told) == ("Tresen", [])
    moved = await house.workstations.update(TECHNICIAN, before.name, None, Role.VIEWER, (ROOM, DESK), None)
    assert told == [moved]
    assert (moved.label, moved.role, moved.scope.default_context) == ("Tresen", Role.VIEWER, ROOM)
    with pytest.raises(CallerError):
        await house.workstations.update(TECHNICIAN, before.name, None, None, ("contexts/x",), None)
    asserting = await house.workstations.update(TECHNICIAN, before.name, None, None, None, None, comfort=True)
    assert (asserting.scope.comfort, asserting.scope.contexts) == (True, moved.scope.contexts)
    revoked = await house.workstations.revoke(TECHNICIAN, before.name)
    assert told == [moved, asserting, revoked]
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


async def test_users_of_another_practice_are_not_given_away_but_may_stay(house: House) -> None:
    for name, mandants in (("ours", {"m1"}), ("theirs", {"m2"}), ("new", set[str]())):
        await house.people.create(f"users/{name}", name, frozenset(mandants))
    everywhere = replace(TECHNICIAN, mandants=None)
    before = await house.enrolled()
    with pytest.raises(CallerError) as refused:
        await house.workstations.update(TECHNICIAN, before.name, None, None, None, ("users/ours", "users/theirs"))
    assert [violation.field for violation in refused.value.violations] == ["workstation.scope.users[1]"]
    await house.workstations.update(everywhere, before.name, None, None, None, ("users/theirs",))
    changed = await house.workstations.update(
        TECHNICIAN, before.name, None, None, None, ("users/theirs", "users/ours", "users/new")
    )
    assert changed.scope.users == ("users/theirs", "users/ours", "users/new")


async def test_what_a_workstation_lost_since_its_call(house: House) -> None:
    before = await house.enrolled()
    me = Caller(name=before.name, role=before.role, scope=before.scope, mandants=frozenset())
    assert house.workstations.lost(me) is None
    assert house.workstations.lost(TECHNICIAN) is None
    await house.workstations.update(TECHNICIAN, before.name, "Tresen", None, None, None)
    assert house.workstations.lost(me) is None
    await house.workstations.update(TECHNICIAN, before.name, None, Role.VIEWER, None, None)
    assert house.workstations.lost(me) is Reason.CANCELLED
    await house.workstations.update(TECHNICIAN, before.name, None, before.role, (ROOM,), None)
    assert house.workstations.lost(me) is Reason.CANCELLED
    await house.workstations.revoke(TECHNICIAN, before.name)
    assert house.workstations.lost(me) is Reason.REVOKED


async def test_a_revocation_that_the_disk_refuses_is_said_and_not_pretended(house: House) -> None:
    before = await house.enrolled()
    house.store.refuse = True
    with pytest.raises(WorldError) as refused:
        await house.workstations.revoke(TECHNICIAN, before.name)
    assert refused.value.failure == failure(Reason.STORE_FAILED)
    assert house.workstations.by_key(before.key_sha256) == before


async def test_the_registry_outlives_a_restart(house: House) -> None:
    before = await house.enrolled()
    restarted = House(store=house.store)
    await restarted.workstations.load()
    assert restarted.workstations.list(TECHNICIAN) == [before]
    assert restarted.workstations.by_key(before.key_sha256) == before


async def test_renewal_keeps_the_key_or_takes_a_new_one_without_locking_out(house: House) -> None:
    before = await house.enrolled()
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
    other = await house.enrolled(3)
    for request, expected in ((b"csr " + key(3), Reason.CONFLICT), (b"garbage", Reason.INVALID_ARGUMENT)):
        with pytest.raises(CallerError) as refused:
            await house.workstations.renew(me, request)
        assert reason(refused) is expected
    assert other.key_sha256 in house.workstations._by_key


async def test_a_renewal_tried_again_leaves_two_keys_at_most(house: House) -> None:
    before = await house.enrolled()
    me = Caller(name=before.name, role=before.role, scope=before.scope, mandants=frozenset())
    first, second, third = (hashlib.sha256(key(one)).hexdigest() for one in (7, 8, 9))
    for number in (7, 8, 9):
        await house.workstations.renew(me, b"csr " + key(number))
    assert house.workstations.by_key(first) is None
    assert house.workstations.by_key(second) is None
    assert house.workstations.by_key(before.key_sha256) is not None
    await house.workstations.renew(me, b"csr " + key(0))
    assert house.workstations.by_key(third) is None
    assert house.workstations.by_key(before.key_sha256) is not None
    await house.workstations.renew(me, b"csr " + key(9))
    assert house.workstations.by_key(third) is not None
    assert house.workstations.by_key(before.key_sha256) is None


async def test_a_renewal_whose_answer_got_lost_locks_nobody_out_even_over_a_restart(house: House) -> None:
    before = await house.enrolled()
    me = Caller(name=before.name, role=before.role, scope=before.scope, mandants=frozenset())
    await house.workstations.renew(me, b"csr " + key(7))
    restarted = House(store=house.store)
    await restarted.workstations.load()
    old = restarted.workstations.by_key(before.key_sha256)
    assert old is not None
    assert old.name == before.name
    assert restarted.workstations.by_key(hashlib.sha256(key(7)).hexdigest()) is not None
    assert restarted.workstations.by_key(before.key_sha256) is None
    await until()
    again = House(store=house.store)
    await again.workstations.load()
    assert again.workstations.by_key(before.key_sha256) is None


async def test_what_is_issued_never_lies_before_the_time_seen_before_a_power_cut() -> None:
    store = MemoryStore(mark=START + timedelta(days=365))
    house = House(store=store)
    await house.workstations._clock.load()
    secret, _ = await house.enrolments.create_token(TECHNICIAN, Role.VIEWER, SCOPE, None)
    answer = await house.enrolments.redeem("192.0.2.1", secret, b"csr " + key(), "Empfang")
    assert answer.workstation is not None
    assert house.authority.issued == [(answer.workstation.name, START + timedelta(days=365) + LEAF_LIFETIME)]

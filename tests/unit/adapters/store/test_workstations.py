"""Workstations, users, tokens and facts survive a restart."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kartenwart.adapters.store import Store
from kartenwart.domain.enrolment import EnrolmentToken
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Pin
from kartenwart.domain.principals import Role, Scope, User, Workstation
from tests.unit.adapters.store.scene import NOW, Opener

SCOPE = Scope(contexts=("contexts/a", "contexts/b"), users=("users/u",), comfort=True)


def workstation(name: str) -> Workstation:
    return Workstation(
        name=name,
        label="Empfang 1",
        role=Role.SIGNER,
        scope=SCOPE,
        key_sha256="ab" * 32,
        enrolled_at=NOW,
        expires_at=NOW + timedelta(days=90),
    )


def token(secret: str) -> EnrolmentToken:
    return EnrolmentToken(secret_sha256=secret, role=Role.VIEWER, scope=SCOPE, expires_at=NOW)


async def test_workstations_are_replaced_by_name_and_kept(opener: Opener) -> None:
    first, second = workstation("workstations/w-2"), workstation("workstations/w-1")
    revoked = replace(first, revoked_at=NOW)
    async with opener() as store:
        for each in (first, second, revoked):
            await store.workstations.save_workstation(each)
    async with opener() as store:
        assert await store.workstations.list_workstations() == [second, revoked]


async def test_users_are_replaced_by_name_and_kept(opener: Opener) -> None:
    user = User(name="users/u", label="Dr. A", konnektor_user_id="secret")
    bound = replace(user, card="cards/c", bound_at=NOW)
    async with opener() as store:
        await store.workstations.save_user(user)
        await store.workstations.save_user(bound)
    async with opener() as store:
        assert await store.workstations.list_users() == [bound]


async def test_a_token_is_taken_once(store: Store) -> None:
    await store.workstations.save_token(token("aa"))
    taken = await asyncio.gather(*(store.workstations.take_token("aa") for _ in range(20)))
    assert [found for found in taken if found] == [token("aa")]
    assert await store.workstations.take_token("bb") is None


async def test_expired_tokens_are_dropped(store: Store) -> None:
    late = replace(token("bb"), expires_at=NOW + timedelta(seconds=1))
    for each in (token("aa"), late):
        await store.workstations.save_token(each)
    await store.workstations.drop_tokens(NOW)
    assert await store.workstations.take_token("aa") is None
    assert await store.workstations.take_token("bb") == late


async def test_a_token_is_not_saved_twice(store: Store) -> None:
    await store.workstations.save_token(token("aa"))
    with pytest.raises(WorldError) as caught:
        await store.workstations.save_token(token("aa"))
    assert caught.value.failure.reason is Reason.STORE_FAILED


async def test_a_taken_token_does_not_come_back(opener: Opener, state: Path) -> None:
    async with opener() as store:
        await store.workstations.save_token(token("aa"))
        await store.workstations.take_token("aa")
    async with opener() as store:
        assert await store.workstations.take_token("aa") is None


async def test_the_high_water_mark_only_rises(opener: Opener) -> None:
    later = NOW + timedelta(microseconds=1)
    async with opener() as store:
        assert await store.facts.high_water() is None
        for time in (NOW, later, NOW):
            await store.facts.raise_high_water(time)
    async with opener() as store:
        assert await store.facts.high_water() == later


async def test_attempts_belong_to_card_and_pin(opener: Opener) -> None:
    async with opener() as store:
        await store.facts.save_attempts("cards/a", Pin.CH, 2)
        await store.facts.save_attempts("cards/a", Pin.CH, 1)
        await store.facts.save_attempts("cards/a", Pin.QES, 0)
    async with opener() as store:
        await store.facts.save_attempts("cards/a", Pin.CH, 7, puk=True)
        assert await store.facts.load_attempts("cards/a", Pin.CH, puk=True) == 7
        assert await store.facts.load_attempts("cards/a", Pin.QES, puk=True) is None
        assert await store.facts.load_attempts("cards/a", Pin.CH) == 1
        assert await store.facts.load_attempts("cards/a", Pin.QES) == 0
        assert await store.facts.load_attempts("cards/b", Pin.CH) is None
        await store.facts.save_attempts("cards/a", Pin.CH, None)
        assert await store.facts.load_attempts("cards/a", Pin.CH) is None
        assert await store.facts.load_attempts("cards/a", Pin.QES) == 0


async def test_a_nonce_is_taken_once_also_after_a_restart(opener: Opener) -> None:
    later = NOW + timedelta(minutes=2)
    async with opener() as store:
        taken = await asyncio.gather(*(store.facts.take_nonce("aa", later, NOW) for _ in range(20)))
        assert taken.count(True) == 1
    async with opener() as store:
        assert not await store.facts.take_nonce("aa", later, NOW)
        assert await store.facts.take_nonce("bb", later, NOW)
        assert await store.facts.take_nonce("aa", later, later)

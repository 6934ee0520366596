import asyncio

import pytest

from kartenwart.operations.locks import CardLocks, Claim
from tests.unit.operations.memory import until

PAD = (Claim(key="pad"),)
CARD = (Claim(key="card"),)
BOTH = (Claim(key="pad"), Claim(key="card"))
SHARED = (Claim(key="smcb", capacity=2),)


async def test_first_come_first_served_for_each_thing() -> None:
    locks, order = CardLocks(), []

    async def use(name: str, claims: tuple[Claim, ...]) -> None:
        await locks.acquire(claims)
        order.append(name)

    await locks.acquire(PAD)
    waiting = [asyncio.create_task(use(name, claims)) for name, claims in (("both", BOTH), ("card", CARD))]
    await until()
    assert order == []
    assert not locks.free(CARD)
    locks.release(PAD)
    await until()
    assert order == ["both"]
    locks.release(BOTH)
    await asyncio.gather(*waiting)
    assert order == ["both", "card"]


async def test_several_hold_a_card_that_serves_several() -> None:
    locks = CardLocks()
    await locks.acquire(SHARED)
    assert locks.free(SHARED)
    await locks.acquire(SHARED)
    assert not locks.free(SHARED)
    third = asyncio.create_task(locks.acquire(SHARED))
    await until()
    assert not third.done()
    locks.release(SHARED)
    await third


async def test_a_claim_on_all_places_waits_for_all_and_keeps_later_ones_waiting() -> None:
    locks = CardLocks()
    one = (Claim(key="pads", capacity=9),)
    everything = (Claim(key="pads", capacity=9, takes=9),)
    for _ in range(2):
        await locks.acquire(one)
    alone = asyncio.create_task(locks.acquire(everything))
    await until()
    late = asyncio.create_task(locks.acquire(one))
    locks.release(one)
    await until()
    assert not alone.done()
    locks.release(one)
    await alone
    await until()
    assert not late.done()
    locks.release(everything)
    async with asyncio.timeout(1):
        await late


@pytest.mark.parametrize("served", [False, True])
async def test_whoever_is_cancelled_while_waiting_holds_nothing(served: bool) -> None:
    locks = CardLocks()
    await locks.acquire(PAD)
    waiting = asyncio.create_task(locks.acquire(PAD))
    await until()
    if served:
        locks.release(PAD)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    if not served:
        locks.release(PAD)
    assert locks.free(PAD)
    async with asyncio.timeout(1):
        await locks.acquire(PAD)


async def test_a_cancelled_one_no_longer_blocks_those_behind() -> None:
    locks = CardLocks()
    await locks.acquire(PAD)
    both = asyncio.create_task(locks.acquire(BOTH))
    behind = asyncio.create_task(locks.acquire(CARD))
    await until()
    assert not behind.done()
    both.cancel()
    await asyncio.gather(both, return_exceptions=True)
    async with asyncio.timeout(1):
        await behind

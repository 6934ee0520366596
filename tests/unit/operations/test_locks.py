"""Nobody starves, nothing is held by more than it may be, and whoever waits for a person blocks nothing else."""

import asyncio
from collections import Counter
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kartenwart.operations.locks import MOST_OVERTAKEN, CardLocks, Claim, Claims, Hold, Rank
from tests.unit.operations.memory import until

CARD, OTHER_CARD = (Claim(key="card"),), (Claim(key="other card"),)
PAD = (Claim(key="pad", rank=Rank.PAD),)
TWO_PADS = tuple(Claim(key=name, rank=Rank.PAD, guess=True) for name in ("pad", "other pad"))
OTHER_PAD = (Claim(key="other pad", rank=Rank.PAD),)
SHARED = (Claim(key="smcb", capacity=2, rank=Rank.PRACTICE_CARD),)


class Users:
    """Those who hold something, by name, in the order of their turns."""

    def __init__(self) -> None:
        self.locks = CardLocks()
        self.served: list[str] = []
        self.holds: dict[str, Hold] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def wants(self, name: str, *claims: Claim) -> None:
        """Let somebody queue up."""
        self.holds[name] = self.locks.hold()
        self.tasks[name] = asyncio.create_task(self._takes(name, claims))
        await until()

    async def _takes(self, name: str, claims: Claims) -> None:
        await self.holds[name].take(claims)
        self.served.append(name)

    async def goes(self, name: str) -> None:
        """Let somebody give back what it has, or leave the queue."""
        self.tasks[name].cancel()
        await asyncio.gather(self.tasks[name], return_exceptions=True)
        self.holds[name].__exit__()
        await until()


@pytest.fixture
def users() -> Users:
    return Users()


async def test_first_come_first_served_for_each_thing(users: Users) -> None:
    for name in ("a", "b", "c"):
        await users.wants(name, *CARD)
    assert not users.locks.free(CARD)
    await users.goes("a")
    await users.goes("b")
    assert users.served == ["a", "b", "c"]


async def test_several_hold_a_card_that_serves_several(users: Users) -> None:
    for name in ("a", "b", "c"):
        await users.wants(name, *SHARED)
    assert users.served == ["a", "b"]
    await users.goes("b")
    assert users.served == ["a", "b", "c"]


async def test_whoever_waits_for_a_card_keeps_no_pad_from_others(users: Users) -> None:
    await users.wants("types elsewhere", *CARD)
    await users.wants("waits", *PAD, *CARD)
    await users.wants("other card", *OTHER_CARD, *PAD)
    assert users.served == ["types elsewhere", "other card"]
    await users.goes("types elsewhere")
    assert not users.locks.free(CARD)
    await users.goes("other card")
    assert users.served == ["types elsewhere", "other card", "waits"]


async def test_whoever_waits_for_one_of_two_pads_leaves_the_free_one_to_others(users: Users) -> None:
    await users.wants("types", *PAD)
    await users.wants("either", *TWO_PADS)
    await users.wants("beside", *OTHER_PAD)
    await users.wants("behind", *PAD)
    assert users.served == ["types", "beside"]
    await users.goes("types")
    assert users.served == ["types", "beside", "behind"]
    await users.goes("beside")
    await users.goes("behind")
    assert users.served[-1] == "either"


async def test_but_it_is_overtaken_only_so_often(users: Users) -> None:
    names = count()
    await users.wants("types", *PAD)
    await users.wants("either", *TWO_PADS)
    for _ in range(MOST_OVERTAKEN):
        name = str(next(names))
        await users.wants(name, *OTHER_PAD)
        await users.goes(name)
    await users.wants("late", *OTHER_PAD)
    assert "late" not in users.served
    await users.goes("types")
    assert users.served[-1] == "either"
    await users.goes("either")
    assert users.served[-1] == "late"


@pytest.mark.parametrize("real", ["pad", "other pad", "a third"])
async def test_a_guess_ends_where_the_konnektor_names_the_pad(users: Users, real: str) -> None:
    await users.wants("types", *CARD, *TWO_PADS)
    assert not users.locks.free(PAD)
    users.holds["types"].settle(real)
    free = {name: users.locks.free((Claim(key=name, rank=Rank.PAD),)) for name in ("pad", "other pad", "a third")}
    assert free == {name: name != real for name in free}
    assert not users.locks.free(CARD)
    await users.goes("types")
    assert users.locks.free((*CARD, *TWO_PADS, Claim(key="a third")))


async def test_what_is_certain_is_kept_whatever_is_named(users: Users) -> None:
    await users.wants("types", *CARD, *PAD)
    users.holds["types"].settle("other pad")
    assert not users.locks.free(PAD)
    assert users.locks.free(OTHER_PAD)


async def test_a_pad_that_another_holds_is_not_held_twice(users: Users) -> None:
    await users.wants("types", *OTHER_PAD)
    await users.wants("guesses", *PAD, Claim(key="third", rank=Rank.PAD, guess=True))
    users.holds["guesses"].settle("other pad")
    await users.goes("types")
    assert users.locks.free(OTHER_PAD)


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


async def test_a_cancelled_one_no_longer_blocks_those_behind(users: Users) -> None:
    await users.wants("types", *PAD)
    await users.wants("gives up", *CARD, *PAD)
    await users.wants("behind", *CARD)
    assert users.served == ["types"]
    await users.goes("gives up")
    assert users.served == ["types", "behind"]


THINGS = {
    "hba": Claim(key="hba"),
    "egk": Claim(key="egk"),
    "pin": Claim(key="pin"),
    "smcb": Claim(key="smcb", capacity=3, rank=Rank.PRACTICE_CARD),
    "p1": Claim(key="p1", rank=Rank.PAD, guess=True),
    "p2": Claim(key="p2", rank=Rank.PAD, guess=True),
    "p3": Claim(key="p3", rank=Rank.PAD, guess=True),
    "k1": Claim(key="k1", capacity=4, rank=Rank.KONNEKTOR),
}
NEEDS = st.sets(st.sampled_from(sorted(THINGS)), min_size=1, max_size=5)
SCRIPTS = st.lists(st.tuples(NEEDS, st.integers(0, 6), st.sampled_from(["stays", "settles", "leaves"])), max_size=25)


class Crowd:
    """People with needs who come one after the other, stay some ticks, and keep a ledger of their own."""

    def __init__(self) -> None:
        self.locks = CardLocks()
        self.ledger: Counter[str] = Counter()
        self.done = 0
        self.arrived: dict[str, list[int]] = {}
        self.served: dict[str, list[int]] = {}

    async def _stays(self, hold: Hold, claims: Claims) -> None:
        await hold.take(claims)
        await asyncio.sleep(1)

    async def person(self, number: int, needs: set[str], ticks: int, manner: str) -> None:
        claims = tuple(THINGS[need] for need in sorted(needs))
        if len(claims) == 1:
            self.arrived.setdefault(claims[0].key, []).append(number)
        with self.locks.hold() as hold:
            if manner == "leaves":
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(self._stays(hold, claims), 0.0001)
                if len(claims) == 1:
                    self.arrived[claims[0].key].remove(number)
                return
            await hold.take(claims)
            if len(claims) == 1:
                self.served.setdefault(claims[0].key, []).append(number)
            mine = Counter(claim.key for claim in claims)
            self.ledger += mine
            assert all(self.ledger[claim.key] <= claim.capacity for claim in THINGS.values())
            for _ in range(ticks):
                await asyncio.sleep(0)
            self.ledger -= mine
            if manner == "settles":
                hold.settle("p1")
                await asyncio.sleep(0)
        self.done += 1


@settings(max_examples=150, deadline=None)
@given(SCRIPTS)
def test_everybody_is_served_in_order_and_nothing_is_held_by_too_many(
    script: list[tuple[set[str], int, str]],
) -> None:
    crowd = Crowd()

    async def play() -> None:
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            for number, (needs, ticks, manner) in enumerate(script):
                group.create_task(crowd.person(number, needs, ticks, manner))
                await asyncio.sleep(0)

    asyncio.run(play())
    assert crowd.done == sum(manner != "leaves" for _, _, manner in script)
    assert crowd.served == {key: numbers for key, numbers in crowd.arrived.items() if numbers}
    assert crowd.locks.free(tuple(THINGS.values()))

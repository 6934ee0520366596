"""Who may use a card, a pad or a Konnektor now: in fair order, one at a time or a few at once.

What a call needs is claimed rank by rank: first cards, then memory for large documents, then the pad, then a place at
the Konnektor. So nobody keeps a pad while it waits for a card on which somebody types elsewhere, or for memory, and no
ring of waiters can close. Within a rank it is
first come first served for each thing. Where one of several pads will be needed and nobody knows which (a guess), all
are claimed; whoever waits for one of them leaves the free ones to others, but is overtaken only so often.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import groupby
from typing import Self

MOST_OVERTAKEN = 4


class Rank(IntEnum):
    """In which order things are claimed."""

    CARD = 0
    PRACTICE_CARD = 1
    MEMORY = 2
    PAD = 3
    KONNEKTOR = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many calls may be under way at once on one practice card (SMC-B, HSM-B), and at one Konnektor in all.

    People at pads count for neither.
    """

    practice_card: int = 10
    konnektor: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A thing to hold: its name, how many may hold it at once, and for how many of them this one counts.

    `guess`: one of several, only one will be needed.
    """

    key: str
    capacity: int = 1
    weight: int = 1
    rank: Rank = Rank.CARD
    guess: bool = False


Claims = tuple[Claim, ...]


@dataclass(eq=False, slots=True)
class _Waiter:
    claims: Claims
    turn: asyncio.Future[None]
    overtaken: int = field(default=0)

    @property
    def keys(self) -> set[str]:
        return {claim.key for claim in self.claims}


class CardLocks:
    """Locks over several things at once; `acquire` takes all or none, `hold` takes rank by rank."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()
        self._queue: list[_Waiter] = []
        self._blocked: set[str] = set()

    def hold(self) -> "Hold":
        """Return what holds nothing yet, and gives everything back when its context ends."""
        return Hold(self)

    def free(self, claims: Iterable[Claim]) -> bool:
        """True where `acquire` would not wait."""
        return not self.busy(claims)

    def busy(self, claims: Iterable[Claim]) -> Claims:
        """Return those for which `acquire` would wait."""
        return tuple(claim for claim in claims if not self._fits(claim) or claim.key in self._blocked)

    def acquire_now(self, claims: Claims) -> bool:
        """Take all where nobody has to be waited for; True where they were taken."""
        if free := self.free(claims):
            self._take(claims)
        return free

    async def acquire(self, claims: Claims) -> None:
        """Wait for one's turn; whoever is cancelled while waiting holds nothing."""
        waiter = _Waiter(claims, asyncio.get_running_loop().create_future())
        self._queue.append(waiter)
        self._serve()
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled():
                self.release(claims)
            else:
                self._serve()
            raise

    def release(self, claims: Iterable[Claim]) -> None:
        """Give back what was acquired."""
        for claim in claims:
            self._held[claim.key] -= claim.weight
        self._held += Counter()  # forgets what nobody holds
        self._serve()

    def _fits(self, claim: Claim) -> bool:
        return self._held[claim.key] + claim.weight <= claim.capacity

    def _take(self, claims: Claims) -> None:
        for claim in claims:
            self._held[claim.key] += claim.weight

    def _serve(self) -> None:
        """Give their turn to all who need not wait for someone before them.

        A waiter blocks what it lacks; once it was overtaken often enough, everything it needs.
        """
        self._blocked = set()
        waiting: list[_Waiter] = []
        for waiter in self._queue:
            if waiter.turn.done():
                continue
            if lacking := {one.key for one in waiter.claims if one.key in self._blocked or not self._fits(one)}:
                self._blocked |= lacking if waiter.overtaken < MOST_OVERTAKEN else waiter.keys
                waiting.append(waiter)
                continue
            self._take(waiter.claims)
            waiter.turn.set_result(None)
            for passed in waiting:
                passed.overtaken += not passed.keys.isdisjoint(waiter.keys)
        self._queue = waiting


class Hold(AbstractContextManager["Hold"]):
    """What one caller holds; leaving the context gives it back."""

    def __init__(self, locks: CardLocks) -> None:
        self._locks = locks
        self._claims: list[Claim] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back(self._claims)

    def busy(self, claims: Claims) -> Claims:
        """Return those for which `take` would wait."""
        return self._locks.busy(self._lacking(claims))

    def take_now(self, claims: Claims) -> bool:
        """Take what is lacking where nobody has to be waited for; True where all is held."""
        lacking = self._lacking(claims)
        if taken := self._locks.acquire_now(lacking):
            self._claims += lacking
        return taken

    async def take(self, claims: Claims) -> None:
        """Take what is lacking, rank by rank; what was taken stays held where a later wait is cancelled."""
        for _, rank in groupby(sorted(self._lacking(claims), key=_rank), key=_rank):
            group = tuple(rank)
            await self._locks.acquire(group)
            self._claims += group

    def settle(self, key: str) -> None:
        """Give back what was claimed on a guess: it is this one, whether it was among them or not."""
        guessed = [claim for claim in self._claims if claim.guess and claim.key != key]
        known = Claim(key=key, rank=Rank.PAD)
        if guessed and self._lacking((known,)):
            self.take_now((known,))
        self._give_back(guessed)

    def _lacking(self, claims: Claims) -> Claims:
        held = {claim.key for claim in self._claims}
        return tuple({claim.key: claim for claim in claims if claim.key not in held}.values())

    def _give_back(self, claims: Sequence[Claim]) -> None:
        given = list(claims)
        self._claims = [claim for claim in self._claims if claim not in given]
        if given:
            self._locks.release(given)


def _rank(claim: Claim) -> Rank:
    return claim.rank

"""Who may use a card or a pad now: in fair order, one at a time, or a few at once where a card can serve several."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

CALLS_PER_PRACTICE_CARD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A thing to hold: its name, how many may hold it at once, and how many of these places the claim takes."""

    key: str
    capacity: int = 1
    takes: int = 1


Claims = tuple[Claim, ...]


class CardLocks:
    """Locks over several things at once: all or none, first come first served for each thing."""

    def __init__(self) -> None:
        self.released = 0  # how often something was given back: who has looked before must look again
        self._held: Counter[str] = Counter()
        self._queue: list[tuple[Claims, asyncio.Future[None]]] = []

    def free(self, claims: Claims) -> bool:
        """True where `acquire` would not wait."""
        awaited = {claim.key for waiting, _ in self._queue for claim in waiting}
        return self._fits(claims) and awaited.isdisjoint(claim.key for claim in claims)

    async def acquire(self, claims: Claims) -> None:
        """Wait for one's turn; whoever is cancelled while waiting holds nothing."""
        turn = asyncio.get_running_loop().create_future()
        self._queue.append((claims, turn))
        self._serve()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release(claims)
            else:
                self._queue = [entry for entry in self._queue if entry[1] is not turn]
                self._serve()
            raise

    def release(self, claims: Claims) -> None:
        """Give back what was acquired."""
        self.released += 1
        self._held.subtract({claim.key: claim.takes for claim in claims})
        self._held += Counter()  # forgets what nobody holds
        self._serve()

    def _fits(self, claims: Iterable[Claim]) -> bool:
        return all(self._held[claim.key] + claim.takes <= claim.capacity for claim in claims)

    def _serve(self) -> None:
        """Give their turn to all who need not wait for someone before them."""
        blocked: set[str] = set()
        waiting = []
        for claims, turn in self._queue:
            keys = {claim.key for claim in claims}
            if self._fits(claims) and blocked.isdisjoint(keys) and not turn.done():
                self._held.update({claim.key: claim.takes for claim in claims})
                turn.set_result(None)
            elif not turn.done():
                blocked |= keys
                waiting.append((claims, turn))
        self._queue = waiting

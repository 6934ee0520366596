"""Edges in a bounded memory: numbered from 1, the oldest forgotten first, a gap is said."""

from collections import deque
from collections.abc import AsyncIterator

from kartenwart.domain.events import Event
from kartenwart.operations.newest import Newest

PAGE = 256


def visible(event: Event, contexts: frozenset[str] | None) -> bool:
    """True where callers of these contexts (None: all) may see the event."""
    return contexts is None or not event.contexts.isdisjoint(contexts)


class EventRing:
    """The newest events; the writer never waits."""

    def __init__(self, *, capacity: int = 4096) -> None:
        self._events: deque[tuple[int, Event]] = deque(maxlen=capacity)
        self._newest = Newest(0)

    @property
    def newest(self) -> int:
        """Return the number of the newest event, 0 before the first."""
        return self._newest.value

    def add(self, event: Event) -> int:
        """Add an event and return its number."""
        number = self.newest + 1
        self._events.append((number, event))
        self._newest.publish(number)
        return number

    def after(self, number: int, limit: int) -> tuple[list[tuple[int, Event]], bool]:
        """Return at most `limit` events after a number, oldest first, and whether some between are forgotten.

        A number from the future belongs to nobody: all that is kept is returned, and a gap is said.
        """
        if not 0 <= number <= self.newest:
            return self.after(0, limit)[0], True
        oldest = self._events[0][0] if self._events else 1
        start = max(0, number + 1 - oldest)
        stop = min(len(self._events), start + limit)
        return [self._events[index] for index in range(start, stop)], number + 1 < oldest

    async def wait(self, number: int, seconds: float) -> None:
        """Return when there is an event after `number`, or after so many seconds."""
        await self._newest.wait(lambda newest: newest > number, seconds)

    async def watch(self, number: int) -> AsyncIterator[tuple[int, Event | None, bool]]:
        """Yield events after a number for ever; (number before the next, None, True) where some are forgotten."""
        async with self._newest.watch() as watcher:
            async for _ in watcher:
                while number != self.newest:
                    events, gap = self.after(number, PAGE)
                    if gap:
                        number = events[0][0] - 1 if events else self.newest
                        yield number, None, True
                    for number, event in events:
                        yield number, event, False

"""A value whose watchers each have one slot for the newest: a slow reader misses what lies between, nobody waits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Watcher(Generic[T]):
    """Iterates over the newest values, the present one first; ends after `close` and the last value."""

    def __init__(self, value: T) -> None:
        self._slot: list[T] = [value]
        self._ready = asyncio.Event()
        self._ready.set()
        self._closed = False

    def __aiter__(self) -> "Watcher[T]":
        return self

    async def __anext__(self) -> T:
        await self._ready.wait()
        if not self._slot:
            raise StopAsyncIteration
        if not self._closed:
            self._ready.clear()
        return self._slot.pop()

    def offer(self, value: T) -> None:
        """Put a value into the slot, over one that was not fetched."""
        self._slot[:] = [value]
        self._ready.set()

    def close(self) -> None:
        """End the iteration after what is in the slot."""
        self._closed = True
        self._ready.set()


class Newest(Generic[T]):
    """Holds a value and tells its watchers of a new one."""

    def __init__(self, value: T) -> None:
        self.value = value
        self._watchers: set[Watcher[T]] = set()
        self._closed = False

    def publish(self, value: T) -> None:
        """Replace the value; never waits."""
        self.value = value
        for watcher in self._watchers:
            watcher.offer(value)

    def close(self) -> None:
        """Say that no other value will come."""
        self._closed = True
        for watcher in self._watchers:
            watcher.close()

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[Watcher[T]]:
        """Watch while the context is open."""
        watcher = Watcher(self.value)
        if self._closed:
            watcher.close()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    async def wait(self, wanted: Callable[[T], bool], seconds: float) -> T:
        """Return the value once it is as wanted, or as it is after so many seconds."""
        if wanted(self.value) or seconds <= 0:
            return self.value
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self.watch() as watcher:
                async for value in watcher:
                    if wanted(value):
                        return value
        return self.value

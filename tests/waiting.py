"""Waiting for something that has to become true soon."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(look: Callable[[], Awaitable[T | None]], within: float = 20.0, every: float = 0.05) -> T:
    """Return what `look` finds, once it finds anything; TimeoutError after so many seconds."""
    async with asyncio.timeout(within):
        while True:
            found = await look()
            if found:
                return found
            await asyncio.sleep(every)

"""What the service manager hears while the agent starts and stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from kartenwart.adapters.systemd import Notifier

EXTENSION = 30.0
LONGEST_PATIENCE = 300.0


@asynccontextmanager
async def patience(notifier: Notifier) -> AsyncIterator[None]:
    """Ask for more time as long as the loop turns, for five minutes at most (a disk that is slow, a long migration)."""
    asking = asyncio.create_task(_ask_for_time(notifier))
    try:
        yield
    finally:
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking


async def _ask_for_time(notifier: Notifier) -> None:
    for _ in range(int(LONGEST_PATIENCE / (EXTENSION / 3))):
        notifier.more_time(EXTENSION)
        await asyncio.sleep(EXTENSION / 3)

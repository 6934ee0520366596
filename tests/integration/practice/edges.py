"""The events that a workstation sees, in their order."""

import asyncio

from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.client import Kartenwart


class Edges:
    """The events that a workstation sees."""

    def __init__(self, box: Kartenwart, cursor: str) -> None:
        self._gaps = asyncio.Event()
        self._events: asyncio.Queue[inventory_pb2.Event] = asyncio.Queue()
        self._task = asyncio.create_task(self._watch(box, cursor))

    async def seen(
        self, kind: inventory_pb2.EventType.ValueType, *, confirmed: bool | None = None, within: float = 10.0
    ) -> inventory_pb2.Event:
        """Return the next event of this kind, told by a poll (confirmed), by a CETP event (not), or by either."""
        async with asyncio.timeout(within):
            while True:
                event = await self._events.get()
                if event.type == kind and confirmed in (None, event.confirmed):
                    return event

    async def gap(self, within: float = 10.0) -> None:
        """Wait until the box has said that events are lost."""
        await asyncio.wait_for(self._gaps.wait(), within)

    async def close(self) -> None:
        """Watch no more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self, box: Kartenwart, cursor: str) -> None:
        async for message in box.inventory.watch_events(cursor):
            if message.gap:
                self._gaps.set()
            if message.HasField("event"):
                self._events.put_nowait(message.event)


async def edges_from_now(box: Kartenwart) -> Edges:
    """Watch the events that come from now on."""
    cursor = ""
    while (page := await box.inventory.events(cursor, 1000)).events:
        cursor = page.cursor
    return Edges(box, page.cursor)

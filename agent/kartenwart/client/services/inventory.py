"""The whole picture and its changes."""

from collections.abc import AsyncIterator

from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.client.wire import CALL_SECONDS, Wire, duration, resumed


class Inventory:
    """InventoryService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def get(self, cursor: str = "", wait: float = 0.0) -> inventory_pb2.GetInventoryResponse:
        """Return the picture at once, or with a cursor when it changed or `wait` seconds (at most 25) have passed."""
        request = inventory_pb2.GetInventoryRequest(cursor=cursor, wait=duration(wait))
        return await self._wire.call(request, inventory_pb2.GetInventoryResponse, CALL_SECONDS + wait)

    async def watch(self) -> AsyncIterator[inventory_pb2.Inventory]:
        """Yield the picture at once and on each change, for ever; a broken connection is opened again."""
        request = inventory_pb2.WatchInventoryRequest()
        async for message in resumed(
            lambda: self._wire.stream(request, inventory_pb2.WatchInventoryResponse), endless=True
        ):
            yield message.inventory

    async def events(self, cursor: str = "", size: int = 0, wait: float = 0.0) -> inventory_pb2.ListEventsResponse:
        """Return events after a cursor; without one, the oldest kept."""
        request = inventory_pb2.ListEventsRequest(cursor=cursor, page_size=size, wait=duration(wait))
        return await self._wire.call(request, inventory_pb2.ListEventsResponse, CALL_SECONDS + wait)

    async def watch_events(self, cursor: str = "") -> AsyncIterator[inventory_pb2.WatchEventsResponse]:
        """Yield events after a cursor (without one: from now on), for ever.

        After a broken connection it goes on behind the last event seen; a message with `gap` says that some are lost.
        """
        seen = cursor

        def behind_the_last_seen() -> AsyncIterator[inventory_pb2.WatchEventsResponse]:
            request = inventory_pb2.WatchEventsRequest(cursor=seen)
            return self._wire.stream(request, inventory_pb2.WatchEventsResponse)

        async for message in resumed(behind_the_last_seen, endless=True):
            seen = message.cursor
            yield message

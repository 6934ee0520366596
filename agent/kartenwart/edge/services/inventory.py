"""InventoryService: the whole picture and its changes, and the edges."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator

from kartenwart.api.inventory.v1.inventory_service_pb2 import (
    GetInventoryRequest,
    GetInventoryResponse,
    ListEventsRequest,
    ListEventsResponse,
    WatchEventsRequest,
    WatchEventsResponse,
    WatchInventoryRequest,
    WatchInventoryResponse,
)
from kartenwart.domain.events import Event
from kartenwart.edge.call import Call
from kartenwart.edge.convert.basics import seconds
from kartenwart.edge.convert.events import event_message
from kartenwart.edge.cursors import Cursors
from kartenwart.edge.services.views import Contexts, Views, contexts_of
from kartenwart.edge.shared import Shared
from kartenwart.operations.events import EventRing, visible
from kartenwart.operations.inventory import InventoryKeeper

PAGE = 100
REMEMBERED = 256


class InventoryService:
    """Pictures from `views`, edges from `events`."""

    def __init__(self, *, keeper: InventoryKeeper, events: EventRing, views: Views, box: str) -> None:
        self._keeper = keeper
        self._events = events
        self._views = views
        self._pictures = picture_cursors(box, keeper)
        self._edges = Cursors(kind="e", box=box, boot=keeper.boot)
        self._told: OrderedDict[int, Shared] = OrderedDict()

    async def get_inventory(self, request: GetInventoryRequest, call: Call) -> Shared:
        """Answer at once, or with a cursor of ours when something changed since."""
        contexts = contexts_of(call)
        known = self._pictures.decode(request.cursor, self._keeper.picture.version)
        wait = seconds(request.wait) if known is not None else 0.0
        found = await self._views.changed(contexts, known or 0, wait)
        answer, gap = found.reply.message, bool(request.cursor) and known is None
        assert isinstance(answer, WatchInventoryResponse)  # noqa: S101 - made by Views
        return found.shared(
            ("inventory", gap),
            lambda: GetInventoryResponse(inventory=answer.inventory, cursor=answer.cursor, gap=gap),
        )

    async def watch_inventory(self, request: WatchInventoryRequest, call: Call) -> AsyncGenerator[Shared, None]:  # noqa: ARG002
        """Stream the picture, first at once; one slot per watcher, so a slow reader gets the newest."""
        contexts, last = contexts_of(call), None
        async with self._keeper.watch() as watcher:
            async for _ in watcher:
                found = self._views.of(contexts)
                if found.reply is not last:
                    last = found.reply
                    yield last

    async def list_events(self, request: ListEventsRequest, call: Call) -> ListEventsResponse:
        """Return a page of events, waiting for the first where there is none yet."""
        contexts, loop = contexts_of(call), asyncio.get_running_loop()
        until = loop.time() + seconds(request.wait)
        known = self._edges.decode(request.cursor, self._events.newest)
        gap, number, limit = bool(request.cursor) and known is None, known or 0, request.page_size or PAGE
        events, number, lost = self._page(number, limit, contexts)
        while not events and not (gap or lost) and (left := until - loop.time()) > 0:
            await self._events.wait(number, left)
            events, number, lost = self._page(number, limit, contexts)
        return ListEventsResponse(
            events=[event_message(event) for event in events],
            cursor=self._edges.encode(number),
            gap=gap or (lost and bool(request.cursor)),
        )

    async def watch_events(self, request: WatchEventsRequest, call: Call) -> AsyncGenerator[Shared, None]:
        """Stream events after the cursor; without one, those from now on."""
        contexts = contexts_of(call)
        number = self._edges.decode(request.cursor, self._events.newest) if request.cursor else self._events.newest
        if number is None:
            number = 0
            yield self._lost(number)
        async for at, event, _ in self._events.watch(number):
            if event is None:
                yield self._lost(at)
            elif visible(event, contexts):
                yield self._edge(at, event)

    def _lost(self, number: int) -> Shared:
        return Shared(WatchEventsResponse(cursor=self._edges.encode(number), gap=True))

    def _edge(self, number: int, event: Event) -> Shared:
        """Return an event as all get it who may see it: made once, however many watch."""
        known = self._told.get(number)
        if known is None:
            message = WatchEventsResponse(event=event_message(event), cursor=self._edges.encode(number))
            known = self._told[number] = Shared(message)
            if len(self._told) > REMEMBERED:
                self._told.popitem(last=False)
        return known

    def _page(self, number: int, limit: int, contexts: Contexts) -> tuple[list[Event], int, bool]:
        """Return visible events after `number`, the number of the last one looked at, and whether some are lost."""
        found: list[Event] = []
        lost = False
        while len(found) < limit:
            chunk, gap = self._events.after(number, limit)
            lost = lost or gap
            if not chunk:
                break
            for at, event in chunk:
                number = at
                if visible(event, contexts):
                    found.append(event)
                if len(found) == limit:
                    break
        return found, number, lost


def picture_cursors(box: str, keeper: InventoryKeeper) -> Cursors:
    """Return the cursors of pictures."""
    return Cursors(kind="i", box=box, boot=keeper.boot)

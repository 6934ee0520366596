"""ReaderService: the readers plugged into the box."""

from kartenwart.api.reader.v1.reader_service_pb2 import (
    GetReaderRequest,
    GetReaderResponse,
    ListReadersRequest,
    ListReadersResponse,
    ResetReaderRequest,
    ResetReaderResponse,
)
from kartenwart.domain.catalogue import refused
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import Inventory
from kartenwart.domain.readers import Reader
from kartenwart.edge.call import Call
from kartenwart.edge.convert.inventory import card_places, reader_message, readers_condition
from kartenwart.edge.services.operations import Operations
from kartenwart.edge.services.views import Views, contexts_of
from kartenwart.edge.shared import Shared


class ReaderService:
    """Readers of the picture, as the caller's contexts see them."""

    def __init__(self, operations: Operations, views: Views) -> None:
        self._readers = operations.readers
        self._views = views

    async def list_readers(self, request: ListReadersRequest, call: Call) -> Shared:  # noqa: ARG002
        """Return the readers that the caller may use."""
        seen = self._views.of(contexts_of(call))
        return seen.shared("readers", lambda: _readers(seen.inventory))

    async def get_reader(self, request: GetReaderRequest, call: Call) -> GetReaderResponse:
        """Return one."""
        inventory = self._views.of(contexts_of(call)).inventory
        return GetReaderResponse(reader=reader_message(_found(inventory, request.name), card_places(inventory)))

    async def reset_reader(self, request: ResetReaderRequest, call: Call) -> ResetReaderResponse:
        """Reset one that the caller may see."""
        _found(self._views.of(contexts_of(call)).inventory, request.name)
        await self._readers.reset(request.name)
        return ResetReaderResponse()


def _readers(inventory: Inventory) -> ListReadersResponse:
    places = card_places(inventory)
    return ListReadersResponse(
        readers=[reader_message(one, places) for one in inventory.readers],
        enabled=inventory.reader_service is not None,
        condition=readers_condition(inventory),
    )


def _found(inventory: Inventory, name: str) -> Reader:
    found = inventory.reader(name)
    if found is None:
        raise refused(Reason.NOT_FOUND)
    return found

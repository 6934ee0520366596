"""TerminalService: the card terminals, and people asked at them for cards."""

from math import ceil

from google.protobuf.duration_pb2 import Duration

from kartenwart.api.terminal.v1.terminal_service_pb2 import (
    EjectCardRequest,
    EjectCardResponse,
    ListTerminalsRequest,
    ListTerminalsResponse,
    RequestCardRequest,
    RequestCardResponse,
)
from kartenwart.domain.inventory import CardType, Inventory
from kartenwart.edge.call import Call
from kartenwart.edge.convert.basics import seconds
from kartenwart.edge.convert.inventory import CARD_TYPES, card_places, terminal_message
from kartenwart.edge.convert.jobs import job_message
from kartenwart.edge.services.operations import Operations
from kartenwart.edge.services.settling import settled
from kartenwart.edge.services.views import Views, contexts_of
from kartenwart.edge.shared import Shared
from kartenwart.operations.card_requests import EjectCardOrder, RequestCardOrder

USUAL_SECONDS = 20


class TerminalService:
    """Terminals of the picture; cards asked for are jobs."""

    def __init__(self, operations: Operations, views: Views) -> None:
        self._requests = operations.card_requests
        self._jobs = operations.jobs
        self._views = views

    async def list_terminals(self, request: ListTerminalsRequest, call: Call) -> Shared:  # noqa: ARG002
        """Return the terminals that the caller may reach."""
        seen = self._views.of(contexts_of(call))
        return seen.shared("terminals", lambda: _terminals(seen.inventory))

    async def request_card(self, request: RequestCardRequest, call: Call) -> RequestCardResponse:
        """Ask for a card."""
        order = RequestCardOrder(
            request_id=request.request_id.lower(),
            terminal=request.terminal,
            slot_id=request.slot_id,
            context=request.context,
            seconds=_time_out(request.timeout),
            card_type=CARD_TYPES.member(request.card_type, CardType),
            display_text=request.display_text,
        )
        job = await self._requests.request(call.principal.caller, order)
        return RequestCardResponse(job=job_message(await settled(self._jobs, job, call, request.wait)))

    async def eject_card(self, request: EjectCardRequest, call: Call) -> EjectCardResponse:
        """Ask to take a card out."""
        order = EjectCardOrder(
            request_id=request.request_id.lower(),
            card=request.card,
            context=request.context,
            seconds=_time_out(request.timeout),
            display_text=request.display_text,
        )
        job = await self._requests.eject(call.principal.caller, order)
        return EjectCardResponse(job=job_message(await settled(self._jobs, job, call, request.wait)))


def _time_out(duration: Duration) -> int:
    """Return whole seconds: what a terminal counts in."""
    return ceil(seconds(duration)) or USUAL_SECONDS


def _terminals(inventory: Inventory) -> ListTerminalsResponse:
    places = card_places(inventory)
    return ListTerminalsResponse(terminals=[terminal_message(one, places) for one in inventory.terminals])

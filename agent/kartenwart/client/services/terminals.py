"""The card terminals, and people asked at them for cards."""

from collections.abc import Sequence

from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.terminal.v1 import terminal_pb2, terminal_service_pb2
from kartenwart.client.services.jobs import started
from kartenwart.client.wire import Wire


class Terminals:
    """TerminalService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def list(self) -> Sequence[terminal_pb2.Terminal]:
        """Return the terminals that this workstation may reach."""
        request = terminal_service_pb2.ListTerminalsRequest()
        return (await self._wire.call(request, terminal_service_pb2.ListTerminalsResponse)).terminals

    async def request_card(self, request: terminal_service_pb2.RequestCardRequest) -> job_pb2.Job:
        """Ask at a terminal for a card; the same request_id re-attaches, so a broken connection is no loss."""
        return await started(self._wire, request, terminal_service_pb2.RequestCardResponse)

    async def eject_card(self, request: terminal_service_pb2.EjectCardRequest) -> job_pb2.Job:
        """Ask to take a card out; the same request_id re-attaches."""
        return await started(self._wire, request, terminal_service_pb2.EjectCardResponse)

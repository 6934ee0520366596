"""PinService: PIN states, and what people do with PINs at terminals, as jobs."""

from typing import Any

from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.pin.v1.pin_service_pb2 import (
    ChangePinRequest,
    ChangePinResponse,
    DisablePinRequest,
    DisablePinResponse,
    EnablePinRequest,
    EnablePinResponse,
    GetPinMatrixRequest,
    GetPinMatrixResponse,
    GetPinStatusRequest,
    GetPinStatusResponse,
    UnblockPinRequest,
    UnblockPinResponse,
    UnlockPracticeCardsRequest,
    UnlockPracticeCardsResponse,
    VerifyPinRequest,
    VerifyPinResponse,
)
from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import Job, JobKind
from kartenwart.edge.call import Call
from kartenwart.edge.convert.inventory import PINS, pin_state_message
from kartenwart.edge.convert.jobs import job_message
from kartenwart.edge.convert.pins import cell_message, pin_order, unlock_order
from kartenwart.edge.services.operations import Operations
from kartenwart.edge.services.settling import settled
from kartenwart.operations.pins import VerifyPinOrder


class PinService:
    """PIN states, and PIN entries as jobs."""

    def __init__(self, operations: Operations) -> None:
        self._jobs = operations.jobs
        self._pins = operations.pins
        self._changes = operations.pin_changes
        self._matrix = operations.pin_matrix
        self._unlocking = operations.unlocking

    async def get_pin_status(self, request: GetPinStatusRequest, call: Call) -> GetPinStatusResponse:
        """Ask the Konnektor for the state of a PIN."""
        pin = PINS.required(request.pin, Pin)
        state = await self._pins.status(call.principal.caller, request.card, request.context, pin, request.user)
        return GetPinStatusResponse(pin_state=pin_state_message(state))

    async def get_pin_matrix(self, request: GetPinMatrixRequest, call: Call) -> GetPinMatrixResponse:
        """Ask for all states, and where each PIN would be typed."""
        cells = await self._matrix.read(call.principal.caller, request.user)
        return GetPinMatrixResponse(cells=[cell_message(cell) for cell in cells])

    async def verify_pin(self, request: VerifyPinRequest, call: Call) -> VerifyPinResponse:
        """Start a PIN entry."""
        order = VerifyPinOrder(
            request_id=request.request_id.lower(),
            card=request.card,
            context=request.context,
            pin=PINS.required(request.pin, Pin),
            user=request.user,
            force=request.force,
            accept_last_attempt=request.accept_last_attempt,
            accept_unknown_attempts=request.accept_unknown_attempts,
        )
        job = await self._pins.verify(call.principal.caller, order)
        return VerifyPinResponse(job=await self._told(job, request, call))

    async def change_pin(self, request: ChangePinRequest, call: Call) -> ChangePinResponse:
        """Start changing a PIN."""
        return ChangePinResponse(job=await self._started(JobKind.CHANGE_PIN, request, call))

    async def unblock_pin(self, request: UnblockPinRequest, call: Call) -> UnblockPinResponse:
        """Start unblocking a PIN."""
        return UnblockPinResponse(job=await self._started(JobKind.UNBLOCK_PIN, request, call))

    async def enable_pin(self, request: EnablePinRequest, call: Call) -> EnablePinResponse:
        """Start switching a PIN on."""
        return EnablePinResponse(job=await self._started(JobKind.ENABLE_PIN, request, call))

    async def disable_pin(self, request: DisablePinRequest, call: Call) -> DisablePinResponse:
        """Start switching a PIN off."""
        return DisablePinResponse(job=await self._started(JobKind.DISABLE_PIN, request, call))

    async def unlock_practice_cards(
        self, request: UnlockPracticeCardsRequest, call: Call
    ) -> UnlockPracticeCardsResponse:
        """Start guided unlocking."""
        job = await self._unlocking.start(call.principal.caller, unlock_order(request))
        return UnlockPracticeCardsResponse(job=await self._told(job, request, call))

    async def _started(self, kind: JobKind, request: Any, call: Call) -> job_pb2.Job:
        job = await self._changes.start(call.principal.caller, kind, pin_order(request))
        return await self._told(job, request, call)

    async def _told(self, job: Job, request: Any, call: Call) -> job_pb2.Job:
        return job_message(await settled(self._jobs, job, call, request.wait))

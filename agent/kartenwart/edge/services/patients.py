"""PatientCardService: what is read of patients' cards."""

from kartenwart.api.patient.v1.patient_card_service_pb2 import (
    ReadKvkRequest,
    ReadKvkResponse,
    ReadVsdRequest,
    ReadVsdResponse,
)
from kartenwart.domain.patients import OnlineCheck
from kartenwart.edge.call import Call
from kartenwart.edge.convert.patients import ONLINE_CHECKS, reading_message
from kartenwart.operations.patient_cards import PatientCards, ReadVsdOrder


class PatientCardService:
    """Readings; nobody but the caller sees them."""

    def __init__(self, patient_cards: PatientCards) -> None:
        self._cards = patient_cards

    async def read_vsd(self, request: ReadVsdRequest, call: Call) -> ReadVsdResponse:
        """Read an eGK, or hand out what was read since its insertion."""
        order = ReadVsdOrder(
            card=request.card,
            context=request.context,
            authority=request.authority,
            user=request.user,
            online_check=ONLINE_CHECKS.member(request.online_check, OnlineCheck) or OnlineCheck.FIRST_OF_QUARTER,
        )
        reading = await self._cards.read_vsd(call.principal.caller, order)
        return ReadVsdResponse(reading=reading_message(reading))

    async def read_kvk(self, request: ReadKvkRequest, call: Call) -> ReadKvkResponse:
        """Read an old health insurance card."""
        reading = await self._cards.read_kvk(call.principal.caller, request.card, request.context)
        return ReadKvkResponse(reading=reading_message(reading))

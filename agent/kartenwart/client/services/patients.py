"""Patients' cards: what is read of them is for the caller's eyes only."""

from kartenwart.api.patient.v1 import patient_card_pb2, patient_card_service_pb2
from kartenwart.client.wire import Wire

# As long as the box works for a call: an online check may take half a minute, and a card waits for its turn.
READING_SECONDS = 60.0


class PatientCards:
    """PatientCardService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def read_vsd(
        self,
        card: str,
        *,
        context: str = "",
        authority: str = "",
        user: str = "",
        online_check: patient_card_pb2.OnlineCheck.ValueType = patient_card_pb2.ONLINE_CHECK_UNSPECIFIED,
    ) -> patient_card_pb2.CardReading:
        """Read an eGK, or get what was read of it since it was inserted; look at `failure` before anything else."""
        request = patient_card_service_pb2.ReadVsdRequest(
            card=card, context=context, authority=authority, user=user, online_check=online_check
        )
        answer = await self._wire.call(request, patient_card_service_pb2.ReadVsdResponse, READING_SECONDS)
        return answer.reading

    async def read_kvk(self, card: str, *, context: str = "") -> patient_card_pb2.CardReading:
        """Read an old health insurance card."""
        request = patient_card_service_pb2.ReadKvkRequest(card=card, context=context)
        answer = await self._wire.call(request, patient_card_service_pb2.ReadKvkResponse, READING_SECONDS)
        return answer.reading

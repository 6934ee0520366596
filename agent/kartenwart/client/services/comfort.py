"""Comfort sessions, the assertions that trigger signatures in them, and the journal of signatures."""

import secrets
from datetime import UTC, datetime

from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.signature.v1 import comfort_signature_service_pb2 as comfort_pb2
from kartenwart.api.signature.v1 import person_assertion_pb2
from kartenwart.api.signature.v1 import signature_journal_service_pb2 as journal_pb2
from kartenwart.client.services.jobs import started
from kartenwart.client.wire import LONGEST_READ_SECONDS, Wire


def person_assertion(user: str, act: person_assertion_pb2.PersonAct.ValueType) -> person_assertion_pb2.PersonAssertion:
    """Return the word that a person has just confirmed a signature by `act`: made anew for each call, never kept."""
    made = person_assertion_pb2.PersonAssertion(user=user, act=act, nonce=secrets.token_bytes(16))
    made.time.FromDatetime(datetime.now(UTC))
    return made


class Comfort:
    """ComfortSignatureService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def activate(self, request: comfort_pb2.ActivateComfortSignatureRequest) -> job_pb2.Job:
        """Begin a session: a person enters PIN.QES once. The same request_id re-attaches."""
        return await started(self._wire, request, comfort_pb2.ActivateComfortSignatureResponse)

    async def state(self, card: str, *, user: str, context: str = "") -> comfort_pb2.ComfortSignature:
        """Return what is left of a user's session."""
        request = comfort_pb2.GetComfortSignatureRequest(card=card, context=context, user=user)
        answer = await self._wire.call(request, comfort_pb2.GetComfortSignatureResponse, LONGEST_READ_SECONDS)
        return answer.comfort_signature

    async def deactivate(self, card: str, *, user: str, end_all_sessions: bool, context: str = "") -> bool:
        """End all sessions of a card, of whoever began them; False where there was none."""
        request = comfort_pb2.DeactivateComfortSignatureRequest(
            card=card, context=context, user=user, end_all_sessions=end_all_sessions
        )
        answer = await self._wire.call(request, comfort_pb2.DeactivateComfortSignatureResponse, LONGEST_READ_SECONDS)
        return answer.had_sessions


class SignatureJournal:
    """SignatureJournalService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def page(self, size: int = 0, token: str = "") -> journal_pb2.ListSignaturesResponse:
        """Return a page of signature jobs, newest first."""
        request = journal_pb2.ListSignaturesRequest(page_size=size, page_token=token)
        return await self._wire.call(request, journal_pb2.ListSignaturesResponse)

"""ComfortSignatureService, SignatureJournalService: sessions without a PIN for each signature, and who signed what."""

from kartenwart.api.signature.v1.comfort_signature_service_pb2 import (
    ActivateComfortSignatureRequest,
    ActivateComfortSignatureResponse,
    DeactivateComfortSignatureRequest,
    DeactivateComfortSignatureResponse,
    GetComfortSignatureRequest,
    GetComfortSignatureResponse,
)
from kartenwart.api.signature.v1.signature_journal_service_pb2 import ListSignaturesRequest, ListSignaturesResponse
from kartenwart.edge.call import Call
from kartenwart.edge.convert.comfort import comfort_message, signature_message
from kartenwart.edge.convert.jobs import job_message
from kartenwart.edge.cursors import page_number, page_token
from kartenwart.edge.services.settling import settled
from kartenwart.operations.comfort import ActivateComfortOrder, Comfort
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.signature_journal import SignatureJournal

PAGE = 100


class ComfortSignatureService:
    """Comfort sessions."""

    def __init__(self, *, comfort: Comfort, jobs: Jobs) -> None:
        self._comfort = comfort
        self._jobs = jobs

    async def activate_comfort_signature(
        self, request: ActivateComfortSignatureRequest, call: Call
    ) -> ActivateComfortSignatureResponse:
        """Begin a session."""
        order = ActivateComfortOrder(
            request_id=request.request_id.lower(),
            card=request.card,
            context=request.context,
            user=request.user,
            accept_last_attempt=request.accept_last_attempt,
            accept_unknown_attempts=request.accept_unknown_attempts,
        )
        job = await self._comfort.activate(call.principal.caller, order)
        settled_job = await settled(self._jobs, job, call, request.wait)
        return ActivateComfortSignatureResponse(job=job_message(settled_job))

    async def get_comfort_signature(
        self,
        request: GetComfortSignatureRequest,
        call: Call,  # noqa: ARG002
    ) -> GetComfortSignatureResponse:
        """Ask the Konnektor for a session."""
        known = await self._comfort.state(request.card, request.context, request.user)
        return GetComfortSignatureResponse(comfort_signature=comfort_message(known))

    async def deactivate_comfort_signature(
        self,
        request: DeactivateComfortSignatureRequest,
        call: Call,  # noqa: ARG002
    ) -> DeactivateComfortSignatureResponse:
        """End all sessions of a card."""
        had = await self._comfort.deactivate(
            request.card, request.context, request.user, end_all_sessions=request.end_all_sessions
        )
        return DeactivateComfortSignatureResponse(had_sessions=had)


class SignatureJournalService:
    """Who signed what."""

    def __init__(self, *, journal: SignatureJournal) -> None:
        self._journal = journal

    async def list_signatures(self, request: ListSignaturesRequest, call: Call) -> ListSignaturesResponse:
        """Return a page of entries; one more is read than shown, to know whether there is a next page."""
        limit, before = request.page_size or PAGE, page_number(request.page_token)
        found = await self._journal.list(call.principal.caller, before, limit + 1)
        shown, more = list(found)[:limit], len(found) > limit
        return ListSignaturesResponse(
            signatures=[signature_message(one) for one in shown],
            next_page_token=page_token(shown[-1].sequence) if more else "",
        )

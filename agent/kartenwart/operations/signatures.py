"""Signatures: what a caller may be wrong about is told at once, before a job is made or anyone is asked."""

from dataclasses import dataclass

from kartenwart.domain.catalogue import refused, wrong_field
from kartenwart.domain.documents import SHORT_TEXT, Document, DocumentToSign, SignatureFormat
from kartenwart.domain.failures import Reason, Violation
from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import Job, JobKind
from kartenwart.domain.ports.vault import DocumentInspector
from kartenwart.domain.principals import Caller, Role
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.pad_watch import PadWatch
from kartenwart.operations.people import People
from kartenwart.operations.reach import Reach
from kartenwart.operations.signing import Signing, SigningTools
from kartenwart.operations.work import Ticket, payload_hash

PDF = "application/pdf"
PDFA_PARTS = ("1", "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignDocumentsOrder:
    """What a caller asks: names are full, context and user are in its scope."""

    request_id: str
    card: str
    context: str
    user: str
    documents: tuple[DocumentToSign, ...]
    accept_last_attempt: bool = False
    accept_unknown_attempts: bool = False


class Signatures:
    """Signature verbs."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        contexts: Contexts,
        people: People,
        keeper: InventoryKeeper,
        inspector: DocumentInspector,
        tools: SigningTools,
    ) -> None:
        self._jobs = jobs
        self._contexts = contexts
        self._people = people
        self._keeper = keeper
        self._inspector = inspector
        self._tools = tools

    async def sign(self, caller: Caller, order: SignDocumentsOrder) -> Job:
        """Let a card sign a document, as a job.

        CallerError INVALID_ARGUMENT, NOT_FOUND, CARD_TYPE_WRONG, ROLE_MISSING, USER_NOT_BOUND, CONFLICT (the document
        is being signed already) and the DOCUMENT_ family.
        """
        ticket = Ticket(
            kind=JobKind.SIGN_DOCUMENTS,
            request_id=order.request_id,
            payload_hash=payload_hash(JobKind.SIGN_DOCUMENTS, order),
            context=order.context,
            mandant=self._contexts.get(order.context).mandant,
            card=order.card,
            documents=tuple(one.document for one in order.documents),
        )

        async def work() -> Signing:
            return await self._signing(caller, order)

        return await self._jobs.start(caller, ticket, work)

    async def _signing(self, caller: Caller, order: SignDocumentsOrder) -> Signing:
        wanted = _the_one(order.documents)
        reach = self._reach(caller, order)
        return Signing(
            tools=self._tools,
            reach=reach,
            document=await self._document(caller, wanted),
            format=wanted.format,
            short_text=wanted.short_text,
            accept_last=order.accept_last_attempt,
            accept_unknown=order.accept_unknown_attempts,
            watch=PadWatch(
                keeper=self._keeper,
                pads=self._tools.cards.pads,
                reach=reach,
                pin=Pin.QES if reach.card.type.is_person else None,
            ),
        )

    def _reach(self, caller: Caller, order: SignDocumentsOrder) -> Reach:
        """Return the card; a doctor's card signs for its own user only."""
        reach = self._tools.cards.reach(order.card, order.context, order.user)
        if reach.card.type.is_person:
            if caller.role is not Role.SIGNER:
                raise refused(Reason.ROLE_MISSING)
            if self._people.get(order.user).card != reach.card.name:
                raise refused(Reason.USER_NOT_BOUND)
        return reach

    async def _document(self, caller: Caller, wanted: DocumentToSign) -> Document:
        """Return the document, checked: complete, and of a kind that this form of signature takes."""
        document = await self._tools.documents.complete(caller, wanted.document)
        if wanted.format is SignatureFormat.PADES:
            await self._check_pdfa(document)
        return document

    async def _check_pdfa(self, document: Document) -> None:
        """PAdES takes PDF/A-1 and PDF/A-2 only (A_18780); a Konnektor would answer 4024 after the PIN."""
        if document.mime_type != PDF:
            raise refused(
                Reason.DOCUMENT_TYPE_WRONG,
                Violation(field="documents[0].format", description="PAdES gibt es nur für PDF-Dokumente."),
            )
        part = await self._inspector.pdfa_part(await self._tools.documents.content(document))
        if part is None or not part.startswith(PDFA_PARTS):
            said = f"PDF/A-{part}" if part else "kein PDF/A"
            raise refused(
                Reason.DOCUMENT_PDFA_PART_WRONG if part else Reason.DOCUMENT_NOT_PDFA,
                Violation(field="documents[0].document", description=f"Das Dokument ist nach eigener Angabe {said}."),
            )


def _the_one(documents: tuple[DocumentToSign, ...]) -> DocumentToSign:
    if len(documents) != 1:
        raise wrong_field("documents", "Diese Version signiert genau ein Dokument je Auftrag.")
    if not SHORT_TEXT.fullmatch(documents[0].short_text):
        raise wrong_field(
            "documents[0].short_text", "Erlaubt sind 1 bis 30 Zeichen: Buchstaben (A-Z), Ziffern, Leerzeichen, _ . -"
        )
    return documents[0]

"""Signatures of others, and one's own: verified by a Konnektor, with its report kept for whoever asked."""

import asyncio
from dataclasses import dataclass

from kartenwart.domain.documents import Document
from kartenwart.domain.principals import Caller
from kartenwart.domain.verification import SignedForm, Verification, VerificationOrder
from kartenwart.operations.contexts import Contexts, require_konnektor
from kartenwart.operations.documents import Documents
from kartenwart.operations.reach import Cards

AT_ONCE = 2  # documents in memory: each stands there several times while it is in base64 and XML
REPORT_TYPE = "text/xml"
_FORMS = {"application/pdf": SignedForm.PDF, "text/xml": SignedForm.XML}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The Konnektor's word and the document that holds its report; None where it gave none."""

    verification: Verification
    report: Document | None


class Verifications:
    """Verifies documents, a few at a time. The documents stay until they are deleted or expire."""

    def __init__(self, *, contexts: Contexts, cards: Cards, documents: Documents) -> None:
        self._contexts = contexts
        self._cards = cards
        self._documents = documents
        self._few = asyncio.Semaphore(AT_ONCE)

    async def verify(self, caller: Caller, *, context: str, document: str, signature: str) -> Verified:
        """Let the context's Konnektor verify a document.

        `signature` names a CMS structure beside `document`; where it is empty, the signature is inside: in a PDF, in
        XML, or around the content (any other MIME type). CallerError NOT_FOUND, DOCUMENT_INCOMPLETE; WorldError of
        the Konnektor, with 4253 where it finds no signature.
        """
        chosen = self._contexts.get(context)
        require_konnektor(chosen)
        main = await self._documents.complete(caller, document)
        beside = await self._documents.complete(caller, signature) if signature else None
        async with self._few:
            order = await self._order(main, beside)
            async with self._cards.place(chosen):
                said = await self._cards.konnektor(chosen).verify_document(chosen, order)
        kept = await self._documents.keep(caller.name, said.report, REPORT_TYPE) if said.report else None
        return Verified(verification=said, report=kept)

    async def _order(self, main: Document, beside: Document | None) -> VerificationOrder:
        content = await self._documents.content(main)
        if beside is not None:
            signature = await self._documents.content(beside)
            return VerificationOrder(
                form=SignedForm.CMS, mime_type=main.mime_type, document=content, signature=signature
            )
        form = _FORMS.get(main.mime_type, SignedForm.CMS)
        if form is SignedForm.CMS:
            return VerificationOrder(form=form, mime_type="", signature=content)
        return VerificationOrder(form=form, mime_type=main.mime_type, document=content)

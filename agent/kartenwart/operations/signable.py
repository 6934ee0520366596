"""What can be signed in one job, told before a job is made or anyone is asked; each refusal has a reason of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from kartenwart.domain.catalogue import refused, wrong_field
from kartenwart.domain.documents import (
    MOST_DOCUMENTS,
    MOST_SIGNED_BYTES,
    SHORT_TEXT,
    Document,
    DocumentToSign,
    SignatureFormat,
)
from kartenwart.domain.failures import Reason, Violation
from kartenwart.domain.ports.vault import DocumentInspector
from kartenwart.domain.principals import Caller
from kartenwart.operations.batches import ToSign
from kartenwart.operations.documents import Documents

PDF = "application/pdf"
PDFA_PARTS = ("1", "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signable:
    """Checks documents: complete, of one kind, not too many, and what their form of signature takes."""

    documents: Documents
    inspector: DocumentInspector

    async def checked(self, caller: Caller, wanted: Sequence[DocumentToSign]) -> tuple[ToSign, ...]:
        """Return the documents of a job.

        CallerError INVALID_ARGUMENT, NOT_FOUND, DOCUMENT_INCOMPLETE, DOCUMENTS_TOO_MANY, DOCUMENTS_TOO_LARGE,
        DOCUMENTS_MIXED, DOCUMENT_TYPE_WRONG, DOCUMENT_NOT_PDFA, DOCUMENT_PDFA_PART_WRONG.
        """
        _check_request(wanted)
        found = tuple(
            [
                ToSign(
                    document=await self.documents.complete(caller, one.document),
                    format=one.format,
                    short_text=one.short_text,
                )
                for one in wanted
            ]
        )
        _check_together(found)
        for place, one in enumerate(found):
            if one.format is SignatureFormat.PADES:
                await self._check_pdfa(one.document, f"documents[{place}]")
        return found

    async def _check_pdfa(self, document: Document, place: str) -> None:
        """PAdES takes PDF/A-1 and PDF/A-2 only (A_18780); a Konnektor would answer 4024 after the PIN."""
        if document.mime_type != PDF:
            raise refused(
                Reason.DOCUMENT_TYPE_WRONG,
                Violation(field=f"{place}.format", description="PAdES gibt es nur für PDF-Dokumente."),
            )
        part = await self.inspector.pdfa_part(await self.documents.content(document))
        if part is None or not part.startswith(PDFA_PARTS):
            said = f"PDF/A-{part}" if part else "kein PDF/A"
            raise refused(
                Reason.DOCUMENT_PDFA_PART_WRONG if part else Reason.DOCUMENT_NOT_PDFA,
                Violation(field=f"{place}.document", description=f"Das Dokument ist nach eigener Angabe {said}."),
            )


def _check_request(wanted: Sequence[DocumentToSign]) -> None:
    if not wanted:
        raise wrong_field("documents", "Es fehlen die Dokumente, die signiert werden sollen.")
    if len(wanted) > MOST_DOCUMENTS:
        raise refused(
            Reason.DOCUMENTS_TOO_MANY,
            Violation(field="documents", description=f"Ein Auftrag hat höchstens {MOST_DOCUMENTS} Dokumente."),
        )
    seen: set[str] = set()
    for place, one in enumerate(wanted):
        if not SHORT_TEXT.fullmatch(one.short_text):
            raise wrong_field(
                f"documents[{place}].short_text",
                "Erlaubt sind 1 bis 30 Zeichen: Buchstaben (A-Z), Ziffern, Leerzeichen, _ . -",
            )
        if one.document in seen:
            raise wrong_field(f"documents[{place}].document", "Dieses Dokument steht im Auftrag schon weiter vorn.")
        seen.add(one.document)


def _check_together(found: Sequence[ToSign]) -> None:
    """A Konnektor takes documents of one type in a call, and each form of signature has rules of its own."""
    first = found[0]
    for place, one in enumerate(found):
        if (one.document.mime_type, one.format) != (first.document.mime_type, first.format):
            other = "document" if one.document.mime_type != first.document.mime_type else "format"
            raise refused(
                Reason.DOCUMENTS_MIXED,
                Violation(field=f"documents[{place}].{other}", description="Anders als beim ersten Dokument."),
            )
    if sum(one.document.size for one in found) > MOST_SIGNED_BYTES:
        most = MOST_SIGNED_BYTES // 1_000_000
        raise refused(
            Reason.DOCUMENTS_TOO_LARGE,
            Violation(field="documents", description=f"Zusammen dürfen sie höchstens {most} MB groß sein."),
        )

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
from kartenwart.domain.failures import CallerError, Reason, Violation
from kartenwart.domain.inventory import CardType
from kartenwart.domain.ports.vault import DocumentInspector
from kartenwart.domain.presets import Preset, presets
from kartenwart.domain.principals import Caller
from kartenwart.operations.batches import ToSign
from kartenwart.operations.documents import Documents

PDF = "application/pdf"
XML = "text/xml"
PDFA_PARTS = ("1", "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signable:
    """Checks documents: complete, of one kind, not too many, and what their form of signature takes."""

    documents: Documents
    inspector: DocumentInspector

    async def checked(self, caller: Caller, wanted: Sequence[DocumentToSign], card: CardType) -> tuple[ToSign, ...]:
        """Return the documents of a job for a card.

        CallerError INVALID_ARGUMENT, CARD_TYPE_WRONG, NOT_FOUND, DOCUMENT_INCOMPLETE, DOCUMENTS_TOO_MANY,
        DOCUMENTS_TOO_LARGE, DOCUMENTS_MIXED, DOCUMENT_TYPE_WRONG, DOCUMENT_NOT_PDFA, DOCUMENT_PDFA_PART_WRONG,
        SIGNATURE_POLICY_NEEDED.
        """
        _check_request(wanted)
        chosen = [_preset(one, f"documents[{place}]", card) for place, one in enumerate(wanted)]
        pairs = enumerate(zip(wanted, chosen, strict=True))
        found = [await self._found(caller, one, preset, place) for place, (one, preset) in pairs]
        _check_together(found)
        if found[0].format.is_xades and card.is_person:
            words = "XAdES gibt es hier nur mit der SMC-B."
            raise refused(Reason.SIGNATURE_POLICY_NEEDED, Violation(field="documents[0].format", description=words))
        for place, (one, preset) in enumerate(zip(found, chosen, strict=True)):
            await self._check_content(one, preset, f"documents[{place}]")
        return tuple(found)

    async def _found(self, caller: Caller, wanted: DocumentToSign, preset: Preset | None, place: int) -> ToSign:
        form = preset.format if preset else wanted.format
        if form is None:
            raise wrong_field(f"documents[{place}].format", "Es fehlt die Form der Signatur.")
        text = wanted.short_text or (preset.short_text_of(place + 1) if preset else "")
        if not SHORT_TEXT.fullmatch(text):
            raise wrong_field(
                f"documents[{place}].short_text",
                "Erlaubt sind 1 bis 30 Zeichen: Buchstaben (A-Z), Ziffern, Leerzeichen, _ . -",
            )
        document = await self.documents.complete(caller, wanted.document)
        return ToSign(document=document, format=form, short_text=text, preset=preset.name if preset else "")

    async def _check_content(self, one: ToSign, preset: Preset | None, place: str) -> None:
        if preset is not None and one.document.mime_type not in preset.mime_types:
            words = f"{preset.title} gibt es nur als {' oder '.join(preset.mime_types)}."
            raise _wrong_type(f"{place}.document", words)
        if one.format is SignatureFormat.PADES:
            await self._check_pdfa(one.document, place)
        if one.format.is_xades:
            await self._check_xml(one.document, one.format, place)
        if preset is not None and preset.root:
            await self._check_root(one.document, preset, place)

    async def _check_xml(self, document: Document, form: SignatureFormat, place: str) -> None:
        """XAdES takes well-formed XML without a document type; a Konnektor would answer 4022.

        A signature goes around an element: what stands beside it would be lost.
        """
        if document.mime_type != XML:
            raise _wrong_type(f"{place}.format", "XAdES gibt es nur für XML-Dokumente.")
        content = await self.documents.content(document)
        if not await self.inspector.xml_canonical(content):
            words = "Kein wohlgeformtes XML, oder mit Dokumenttyp, relativen Namensräumen oder zu vielen Elementen."
            raise _wrong_type(f"{place}.document", words)
        if form is SignatureFormat.XADES_ENVELOPING and not await self.inspector.xml_stands_alone(content):
            words = "Kommentare und Anweisungen neben dem äußersten XML-Element gingen in der Signatur verloren."
            raise _wrong_type(f"{place}.document", words)

    async def _check_root(self, document: Document, preset: Preset, place: str) -> None:
        root = await self.inspector.xml_root(await self.documents.content(document))
        if root != preset.root:
            words = f"{preset.title} beginnt mit dem XML-Element {preset.root}; dieses Dokument nicht."
            raise _wrong_type(f"{place}.document", words)

    async def _check_pdfa(self, document: Document, place: str) -> None:
        """PAdES takes PDF/A-1 and PDF/A-2 only (A_18780); a Konnektor would answer 4024 after the PIN."""
        if document.mime_type != PDF:
            raise _wrong_type(f"{place}.format", "PAdES gibt es nur für PDF-Dokumente.")
        part = await self.inspector.pdfa_part(await self.documents.content(document))
        if part is None or not part.startswith(PDFA_PARTS):
            said = f"PDF/A-{part}" if part else "kein PDF/A"
            raise refused(
                Reason.DOCUMENT_PDFA_PART_WRONG if part else Reason.DOCUMENT_NOT_PDFA,
                Violation(field=f"{place}.document", description=f"Das Dokument ist nach eigener Angabe {said}."),
            )


def _wrong_type(field: str, words: str) -> CallerError:
    return refused(Reason.DOCUMENT_TYPE_WRONG, Violation(field=field, description=words))


def _preset(wanted: DocumentToSign, place: str, card: CardType) -> Preset | None:
    """Return the preset that is named; one for doctors' cards is refused for every other card."""
    if not wanted.preset:
        return None
    preset = presets().get(wanted.preset)
    if preset is None:
        raise wrong_field(f"{place}.preset", f"Vorlagen sind: {', '.join(sorted(presets()))}.")
    if preset.qualified and not card.is_person:
        words = f"{preset.title} wird nur mit dem Heilberufsausweis signiert."
        raise refused(Reason.CARD_TYPE_WRONG, Violation(field=f"{place}.preset", description=words))
    return preset


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

"""The documents of a SignDocument call: what each demands, and what no Konnektor would sign."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Literal

from firmware_sim.konnektor.xml import Element, XmlError, child, expanded, parse, text
from firmware_sim.signing import pdfa_part
from firmware_sim.world.codes import KonnektorError

CADES = "urn:ietf:rfc:5652"
PADES = "http://uri.etsi.org/02778/3"
XADES = "urn:ietf:rfc:3275"
MOST_BYTES = 250 * 1024 * 1024
_SHORT_TEXT = re.compile(r"[a-zA-Z 0-9_.\-äöüÄÖÜß]{0,30}")
_PDF = "application/pdf-a"
_PARTS = ("1A", "1B", "2A", "2B", "2U")


Kind = Literal["CAdES", "PAdES", "XAdES"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One SignRequest; `place` is where in the XML an enveloped signature goes (XPathFirstChildOf)."""

    request_id: str
    kind: Kind
    enveloping: bool
    place: str | None
    mime_type: str
    short_text: str = field(repr=False)
    content: bytes = field(repr=False)


def read_documents(request: Element, prefix: str, *, qes: bool, most: int) -> list[Document]:
    """All documents of a call, checked. Raises `KonnektorError`: one bad document ends the whole call."""
    requests = request.findall(expanded(f"{prefix}:SignRequest"))
    if len(requests) > most:
        raise KonnektorError(4000, f"at most {most} SignRequest")
    documents = [_document(each, prefix, qes) for each in requests]
    if len({document.request_id for document in documents}) != len(documents):
        raise KonnektorError(4000, "a RequestID stands twice")
    if sum(len(document.content) for document in documents) > MOST_BYTES:
        raise KonnektorError(4283)
    if len({document.mime_type for document in documents}) > 1:
        raise KonnektorError(4000, "documents of one call have one type")
    return documents


def _document(request: Element, prefix: str, qes: bool) -> Document:
    given = request.find(expanded(f"{prefix}:Document"))
    if given is None:
        raise KonnektorError(4000, "Document is missing")
    short_text = given.get("ShortText")
    if (qes and not short_text) or not _SHORT_TEXT.fullmatch(short_text or ""):
        raise KonnektorError(4000, "ShortText: 1 to 30 letters, digits, spaces or _.- are needed for a QES")
    xml = child(given, "CONN:Base64XML")
    data = child(given, "dss:Base64Data")
    mime_type = "text/xml" if xml is not None else (data.get("MimeType") or "" if data is not None else "")
    content = _decode(xml if xml is not None else data)
    kind = _kind(text(request, f"{prefix}:OptionalInputs/dss:SignatureType"), mime_type, xml is not None)
    place = None
    if kind == "PAdES":
        _check_pdf(content, mime_type)
    if kind == "XAdES":
        place = _place(request, given, prefix, qes=qes)
        _check_xml(content)
    return Document(
        request_id=request.get("RequestID", ""),
        kind=kind,
        enveloping=text(request, f"{prefix}:OptionalInputs/{prefix}:IncludeEContent") in ("true", "1"),
        place=place,
        mime_type=mime_type,
        short_text=short_text or "",
        content=content,
    )


def _decode(given: Element | None) -> bytes:
    try:
        return base64.b64decode("".join((given.text or "").split()) if given is not None else "", validate=True)
    except binascii.Error as error:
        raise KonnektorError(4000, "the document is no base64") from error


def _kind(signature_type: str, mime_type: str, xml: bool) -> Kind:
    """The signature type, or the default for the document's type; S/MIME is not simulated (4111)."""
    if signature_type == CADES:
        return "CAdES"
    if signature_type == PADES:
        return "PAdES"
    if (signature_type or XADES) == XADES and xml:
        return "XAdES"
    if signature_type or xml:
        raise KonnektorError(4111)
    return "PAdES" if mime_type == _PDF else "CAdES"


def _place(request: Element, given: Element, prefix: str, *, qes: bool) -> str | None:
    """Where an enveloped signature goes, None for an enveloping one.

    A QES as XAdES needs a signature policy, of which none is simulated; what names neither place nor object would be
    detached, which is not allowed (4111 each).
    """
    if qes:
        raise KonnektorError(4111, "a QES as XAdES needs a signature policy")
    inputs, named = f"{prefix}:OptionalInputs", given.get("ID", "")
    placement = child(request, f"{inputs}/dss:SignaturePlacement")
    included = child(request, f"{inputs}/{prefix}:IncludeObjects/dss:IncludeObject")
    if placement is not None and placement.get("WhichDocument", named) == named:
        place = text(placement, "dss:XPathFirstChildOf")
        if not place:
            raise KonnektorError(4111, "only XPathFirstChildOf is simulated")
        return place
    if included is not None and named and included.get("WhichDocument") == named:
        return None
    raise KonnektorError(4111, "neither SignaturePlacement nor IncludeObject names the document")


def _check_xml(content: bytes) -> None:
    try:
        parse(content)
    except XmlError as error:
        raise KonnektorError(4022, str(error)) from error


def _check_pdf(content: bytes, mime_type: str) -> None:
    """PAdES takes PDF/A-1 and PDF/A-2 that declare themselves; PDF/A-3 is forbidden (A_18780)."""
    if mime_type != _PDF:
        raise KonnektorError(4110, mime_type)
    try:
        part = pdfa_part(content)
    except ValueError as error:
        raise KonnektorError(4024, "no PDF") from error
    if part not in _PARTS:
        raise KonnektorError(4024, f"PDF/A-{part}" if part else "no PDF/A")

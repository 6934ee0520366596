"""SignatureService 7.4 and 7.5: GetJobNumber, SignDocument and StopSignature."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lxml import etree

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.binary import read_base64, write_base64
from kartenwart.codecs.soap.exchange import CallContext, Exchange, add, add_context, ask, root
from kartenwart.codecs.soap.fault import Fault, read_status
from kartenwart.codecs.soap.namespaces import COMMON, DSS
from kartenwart.codecs.soap.xml import Element, text
from kartenwart.domain.documents import SignatureFormat

SERVICE = "SignatureService"
MEBIBYTE = 1024 * 1024
CADES = "urn:ietf:rfc:5652"

_JOB_NUMBER = re.compile("[A-Z]{3}-[0-9]{3}")
_PADES = "http://uri.etsi.org/02778/3"
_XADES = "urn:ietf:rfc:3275"
_XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
_ROOT = "/*"
_TYPES = {
    SignatureFormat.PADES: _PADES,
    SignatureFormat.CADES_DETACHED: CADES,
    SignatureFormat.CADES_ENVELOPING: CADES,
    SignatureFormat.XADES_ENVELOPED: _XADES,
    SignatureFormat.XADES_ENVELOPING: _XADES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """One document to sign. `short_text` (at most 30 characters) is what the pad can show."""

    request_id: str
    format: SignatureFormat
    mime_type: str
    short_text: str
    document: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAnswer:
    """The signed PDF (PAdES), the CMS structure (CAdES) or the XML with its signature (XAdES); else None.

    `error` says why there is none, if that was told.
    """

    data: bytes | None = field(default=None, repr=False)
    error: Fault | None = None


def get_job_number(context: CallContext, *, namespace: str) -> Exchange[str]:
    """Ask for a job number ("ABC-123"); `namespace` is that of the version in use."""
    content = root(namespace, "GetJobNumber")
    add_context(content, context)
    return ask(SERVICE, content, lambda answer: _read_job_number(answer, namespace))


def stop_signature(context: CallContext, *, job_number: str, namespace: str) -> Exchange[None]:
    """Ask a SignDocument call that is under way to stop."""
    content = root(namespace, "StopSignature")
    add_context(content, context)
    add(content, namespace, "JobNumber", job_number)
    return ask(SERVICE, content, lambda _: None)


def sign_document(
    context: CallContext,
    *,
    handle: str,
    job_number: str,
    requests: Sequence[SignRequest],
    namespace: str,
    crypt: bool,
) -> Exchange[tuple[SignedAnswer, ...]]:
    """Let the card sign with its ECC key; the answers are in the order of the requests.

    `crypt` False leaves Crypt out: SignatureService 7.4.0 does not allow it.
    """
    content = root(namespace, "SignDocument")
    add(content, COMMON, "CardHandle", handle)
    if crypt:
        add(content, namespace, "Crypt", "ECC")
    add_context(content, context)
    add(content, namespace, "TvMode", "NONE")
    add(content, namespace, "JobNumber", job_number)
    for request in requests:
        _add_request(content, request, namespace)
    return ask(
        SERVICE,
        content,
        lambda answer: _read_all(answer, requests, namespace),
        answer_limit=answer_limit(len(request.document) for request in requests),
        huge=True,
    )


def answer_limit(sizes: Iterable[int]) -> int:
    """Return the cap in bytes for an answer to documents of such sizes: base64 of each, certificates, a seal, air."""
    return MEBIBYTE + sum(2 * size + MEBIBYTE for size in sizes)


def _add_request(content: Element, request: SignRequest, namespace: str) -> None:
    element = add(content, namespace, "SignRequest")
    element.set("RequestID", request.request_id)
    options = add(element, namespace, "OptionalInputs")
    add(options, DSS, "SignatureType", _TYPES[request.format])
    document = etree.Element(f"{{{namespace}}}Document", ShortText=request.short_text)
    if request.format.is_xades:
        _add_xml(options, document, request, namespace)
    else:
        _add_data(options, document, request, namespace)
    element.append(document)
    add(element, namespace, "IncludeRevocationInfo", "false")


def _add_xml(options: Element, document: Element, request: SignRequest, namespace: str) -> None:
    """Say where the signature goes: as the first child of the root, or around the document."""
    name = f"document-{request.request_id}"
    document.set("ID", name)
    add(document, COMMON, "Base64XML", write_base64(request.document))
    if request.format is SignatureFormat.XADES_ENVELOPED:
        placement = add(options, DSS, "SignaturePlacement")
        placement.set("WhichDocument", name)
        add(placement, DSS, "XPathFirstChildOf", _ROOT)
    else:
        add(add(options, namespace, "IncludeObjects"), DSS, "IncludeObject").set("WhichDocument", name)


def _add_data(options: Element, document: Element, request: SignRequest, namespace: str) -> None:
    if request.format is not SignatureFormat.PADES:
        enveloping = request.format is SignatureFormat.CADES_ENVELOPING
        add(options, namespace, "IncludeEContent", "true" if enveloping else "false")
    data = etree.SubElement(document, f"{{{DSS}}}Base64Data", MimeType=_mime_type(request))
    data.text = write_base64(request.document)


def _mime_type(request: SignRequest) -> str:
    """Return what the Konnektor wants to hear: PAdES takes PDF/A only, under a name of its own (A_18780)."""
    return "application/pdf-a" if request.format is SignatureFormat.PADES else request.mime_type


def _read_job_number(answer: Element, namespace: str) -> str:
    number = text(answer, f"{{{namespace}}}JobNumber")
    if _JOB_NUMBER.fullmatch(number) is None:
        raise MalformedError("a JobNumber of another form")
    return number


def _read_all(answer: Element, requests: Sequence[SignRequest], namespace: str) -> tuple[SignedAnswer, ...]:
    responses: dict[str | None, Element] = {}
    for response in answer.iterchildren(f"{{{namespace}}}SignResponse"):
        if response.get("RequestID") in responses:
            raise MalformedError("two SignResponse for one request")
        responses[response.get("RequestID")] = response
    found = [responses.get(request.request_id) for request in requests]
    if all(response is None for response in found):
        raise MalformedError("no SignResponse for any request")
    return tuple(
        SignedAnswer() if response is None else _read_signed(response, request, namespace)
        for request, response in zip(requests, found, strict=True)
    )


def _read_signed(response: Element, request: SignRequest, namespace: str) -> SignedAnswer:
    signed, error = _signed(response, request.format, namespace), read_status(response)
    if signed is None and error is None:
        raise MalformedError("a SignResponse with neither signature nor error")
    return SignedAnswer(data=signed, error=error)


def _signed(response: Element, form: SignatureFormat, namespace: str) -> bytes | None:
    """Return the signature from where a form of signature has it; around XML it may stand there as XML itself."""
    inside = f"{{{namespace}}}OptionalOutputs/{{{namespace}}}DocumentWithSignature"
    if form is SignatureFormat.XADES_ENVELOPING:
        around = response.find(f"{{{DSS}}}SignatureObject/{{{_XMLDSIG}}}Signature")
        if around is not None:
            return etree.tostring(around, with_tail=False)
    place = {
        SignatureFormat.PADES: f"{inside}/{{{DSS}}}Base64Data",
        SignatureFormat.XADES_ENVELOPED: f"{inside}/{{{COMMON}}}Base64XML",
    }.get(form, f"{{{DSS}}}SignatureObject/{{{DSS}}}Base64Signature")
    signed = response.find(place)
    return None if signed is None else read_base64(signed, "the signature")

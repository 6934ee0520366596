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
_TYPES = {
    SignatureFormat.PADES: _PADES,
    SignatureFormat.CADES_DETACHED: CADES,
    SignatureFormat.CADES_ENVELOPING: CADES,
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
    """The signed PDF (PAdES) or the CMS structure (CAdES); None where there is none and `error`, if told, says why."""

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
    if request.format is not SignatureFormat.PADES:
        enveloping = request.format is SignatureFormat.CADES_ENVELOPING
        add(options, namespace, "IncludeEContent", "true" if enveloping else "false")
    document = add(element, namespace, "Document")
    document.set("ShortText", request.short_text)
    data = etree.SubElement(document, f"{{{DSS}}}Base64Data", MimeType=_mime_type(request))
    data.text = write_base64(request.document)
    add(element, namespace, "IncludeRevocationInfo", "false")


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
    path = f"{{{DSS}}}SignatureObject/{{{DSS}}}Base64Signature"
    if request.format is SignatureFormat.PADES:
        path = f"{{{namespace}}}OptionalOutputs/{{{namespace}}}DocumentWithSignature/{{{DSS}}}Base64Data"
    signed, error = response.find(path), read_status(response)
    if signed is None and error is None:
        raise MalformedError("a SignResponse with neither signature nor error")
    return SignedAnswer(data=read_base64(signed, "the signature") if signed is not None else None, error=error)

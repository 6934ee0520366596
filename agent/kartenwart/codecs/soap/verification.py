"""SignatureService 7.4 and 7.5: VerifyDocument with its report (OASIS DSS-X verification report)."""

from lxml import etree

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.binary import write_base64
from kartenwart.codecs.soap.exchange import CallContext, Exchange, add, add_context, ask, root
from kartenwart.codecs.soap.namespaces import COMMON, DSS
from kartenwart.codecs.soap.signatures import CADES, SERVICE
from kartenwart.codecs.soap.xml import Element, text
from kartenwart.codecs.times import read_datetime
from kartenwart.domain.verification import (
    SignedForm,
    TimestampType,
    Verification,
    VerificationOrder,
    VerificationResult,
)

REPORT = "urn:oasis:names:tc:dss-x:1.0:profiles:verificationreport:schema#"
ANSWER_LIMIT = 16 * 1024 * 1024
_PDFA = "application/pdf-a"


def verify_document(context: CallContext, *, order: VerificationOrder, namespace: str) -> Exchange[Verification]:
    """Let a Konnektor verify a signature and ask for its report; nobody is asked, nothing is changed."""
    content = root(namespace, "VerifyDocument")
    add_context(content, context)
    options = add(content, namespace, "OptionalInputs")
    add(options, REPORT, "ReturnVerificationReport")
    if order.document:
        _add_document(add(content, namespace, "Document"), order)
    if order.signature:
        signature = add(add(content, DSS, "SignatureObject"), DSS, "Base64Signature", write_base64(order.signature))
        signature.set("Type", CADES)
    add(content, namespace, "IncludeRevocationInfo", "false")
    return ask(SERVICE, content, lambda answer: _read(answer, namespace), answer_limit=ANSWER_LIMIT, huge=True)


def _add_document(parent: Element, order: VerificationOrder) -> None:
    if order.form is SignedForm.XML:
        add(parent, COMMON, "Base64XML", write_base64(order.document))
        return
    mime_type = _PDFA if order.form is SignedForm.PDF else order.mime_type
    add(parent, DSS, "Base64Data", write_base64(order.document)).set("MimeType", mime_type)


def _read(answer: Element, namespace: str) -> Verification:
    found = f"{{{namespace}}}VerificationResult/{{{namespace}}}"
    try:
        result = VerificationResult(text(answer, found + "HighLevelResult"))
        kind = TimestampType(text(answer, found + "TimestampType").removesuffix("_TIMESTAMP"))
    except ValueError:
        raise MalformedError("a verification result that does not exist") from None
    when = read_datetime(text(answer, found + "Timestamp"))
    if when is None:
        raise MalformedError("a verification's Timestamp that is none")
    report = answer.find(f"{{{namespace}}}OptionalOutputs/{{{REPORT}}}VerificationReport")
    return Verification(
        result=result,
        timestamp_type=kind,
        timestamp=when,
        report=b"" if report is None else _document(report),
    )


def _document(report: Element) -> bytes:
    return etree.tostring(report, xml_declaration=True, encoding="UTF-8", with_tail=False)

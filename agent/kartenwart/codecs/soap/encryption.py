"""EncryptionService 6.1: EncryptDocument and DecryptDocument, always as CMS."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.binary import read_base64, write_base64
from kartenwart.codecs.soap.exchange import CallContext, Exchange, add, add_context, ask, root
from kartenwart.codecs.soap.fault import Fault, read_status
from kartenwart.codecs.soap.namespaces import COMMON, DSS, ENCRYPTION
from kartenwart.codecs.soap.xml import Element

SERVICE = "EncryptionService"
DOCUMENT_ANSWER_LIMIT = 80 * 1024 * 1024

_CMS = "urn:ietf:rfc:5652"
# The official WSDL spells DecryptDocument's SOAPAction with another path than the namespace.
_DECRYPT_ACTION = "http://ws.gematik.de/conn/crypt/EncryptionService/v6.1#DecryptDocument"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentAnswer:
    """The document; None where there is none and `error` says why. With a document `error` is a warning."""

    document: bytes | None = field(repr=False)
    error: Fault | None


def encrypt_document(
    context: CallContext, *, certificates: Sequence[bytes], handle: str, mime_type: str, document: bytes
) -> Exchange[DocumentAnswer]:
    """Encrypt for certificates (DER) and, with a `handle`, for C.ENC of that card."""
    content = root(ENCRYPTION, "EncryptDocument")
    add_context(content, context)
    recipients = add(content, ENCRYPTION, "RecipientKeys")
    if handle:
        _add_key(recipients, "CertificateOnCard", handle)
    for der in certificates:
        add(recipients, ENCRYPTION, "Certificate", write_base64(der))
    _add_document(content, document, mime_type)
    add(add(content, ENCRYPTION, "OptionalInputs"), ENCRYPTION, "EncryptionType", _CMS)
    return ask(SERVICE, content, _read, answer_limit=DOCUMENT_ANSWER_LIMIT, huge=True)


def decrypt_document(context: CallContext, *, handle: str, document: bytes) -> Exchange[DocumentAnswer]:
    """Open a document with C.ENC of a card."""
    content = root(ENCRYPTION, "DecryptDocument")
    add_context(content, context)
    _add_key(content, "PrivateKeyOnCard", handle)
    _add_document(content, document, "application/pkcs7-mime")
    limit = DOCUMENT_ANSWER_LIMIT
    return ask(SERVICE, content, _read, answer_limit=limit, huge=True, action=_DECRYPT_ACTION)


def _add_key(parent: Element, name: str, handle: str) -> None:
    """Add a card's key; Crypt is left out: version 6.1.0 does not know it, and a card has keys of one kind here."""
    key = add(parent, ENCRYPTION, name)
    add(key, COMMON, "CardHandle", handle)
    add(key, ENCRYPTION, "KeyReference", "C.ENC")


def _add_document(content: Element, document: bytes, mime_type: str) -> None:
    holder = add(content, COMMON, "Document")
    data = etree.SubElement(holder, f"{{{DSS}}}Base64Data", MimeType=mime_type)
    data.text = write_base64(document)


def _read(answer: Element) -> DocumentAnswer:
    holder, error = answer.find(f"{{{COMMON}}}Document"), read_status(answer)
    data = next((each for each in holder.iterchildren() if each.tag in _DATA), None) if holder is not None else None
    if data is None and error is None:
        raise MalformedError("an answer with neither document nor error")
    return DocumentAnswer(document=read_base64(data, "the document") if data is not None else None, error=error)


_DATA = frozenset({f"{{{DSS}}}Base64Data", f"{{{COMMON}}}Base64XML"})

"""AuthSignatureService 7.4: ExternalAuthenticate, a hash signed with C.AUT."""

from dataclasses import dataclass, field

from lxml import etree

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.binary import read_base64, write_base64
from kartenwart.codecs.soap.exchange import CallContext, Exchange, add, add_context, ask, root
from kartenwart.codecs.soap.fault import Fault, read_status
from kartenwart.codecs.soap.namespaces import COMMON, DSS, SIGNATURES_7_4
from kartenwart.codecs.soap.xml import Element
from kartenwart.domain.authentication import SignatureScheme

SERVICE = "AuthSignatureService"

_RSA = "urn:ietf:rfc:3447"
_ECDSA = "urn:bsi:tr:03111:ecdsa"
_SCHEMES = {
    SignatureScheme.RSASSA_PSS: "RSASSA-PSS",
    SignatureScheme.RSASSA_PKCS1_V1_5: "RSASSA-PKCS1-v1_5",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationAnswer:
    """The signature, ECDSA as DER; None where the card signed nothing and `error` says why."""

    signature: bytes | None = field(repr=False)
    error: Fault | None


def external_authenticate(
    context: CallContext, *, handle: str, scheme: SignatureScheme, digest: bytes
) -> Exchange[AuthenticationAnswer]:
    """Let a card sign a hash; which hash it is the Konnektor tells by the length.

    The operation's namespace is that of SignatureService 7.4, whatever service it belongs to.
    """
    content = root(SIGNATURES_7_4, "ExternalAuthenticate")
    add(content, COMMON, "CardHandle", handle)
    add_context(content, context)
    options = add(content, SIGNATURES_7_4, "OptionalInputs")
    add(options, DSS, "SignatureType", _ECDSA if scheme.is_ecdsa else _RSA)
    if scheme in _SCHEMES:
        add(options, SIGNATURES_7_4, "SignatureSchemes", _SCHEMES[scheme])
    holder = add(content, SIGNATURES_7_4, "BinaryString")
    data = etree.SubElement(holder, f"{{{DSS}}}Base64Data", MimeType="application/octet-stream")
    data.text = write_base64(digest)
    return ask(SERVICE, content, _read)


def _read(answer: Element) -> AuthenticationAnswer:
    signed, error = answer.find(f"{{{DSS}}}SignatureObject/{{{DSS}}}Base64Signature"), read_status(answer)
    if signed is None and error is None:
        raise MalformedError("an answer with neither signature nor error")
    return AuthenticationAnswer(
        signature=read_base64(signed, "the signature") if signed is not None else None, error=error
    )

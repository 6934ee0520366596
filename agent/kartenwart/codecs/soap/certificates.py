"""CertificateService 6.0: ReadCardCertificate."""

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.binary import read_base64
from kartenwart.codecs.soap.exchange import CallContext, Exchange, add, add_context, ask, root
from kartenwart.codecs.soap.namespaces import CERTIFICATES, CERTIFICATES_COMMON, COMMON
from kartenwart.codecs.soap.xml import Element, child, optional_text
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm

SERVICE = "CertificateService"


def read_card_certificate(
    context: CallContext, *, handle: str, reference: CertificateReference, algorithm: KeyAlgorithm | None
) -> Exchange[bytes | None]:
    """Ask for a certificate, DER; None where the card has none.

    `algorithm` None leaves Crypt out, as CertificateService 6.0.0 demands (a device answers 4000 otherwise); what
    comes then is the card's RSA certificate.
    """
    content = root(CERTIFICATES, "ReadCardCertificate")
    add(content, COMMON, "CardHandle", handle)
    add_context(content, context)
    add(add(content, CERTIFICATES, "CertRefList"), CERTIFICATES, "CertRef", f"C.{reference.value}")
    if algorithm is not None:
        add(content, CERTIFICATES, "Crypt", algorithm.value)
    return ask(SERVICE, content, lambda answer: _read_certificate(answer, f"C.{reference.value}"))


def _read_certificate(answer: Element, wanted: str) -> bytes | None:
    listed = child(answer, f"{{{CERTIFICATES_COMMON}}}X509DataInfoList")
    for info in listed.iterchildren(f"{{{CERTIFICATES_COMMON}}}X509DataInfo"):
        if optional_text(info, f"{{{CERTIFICATES_COMMON}}}CertRef") == wanted:
            data = info.find(f"{{{CERTIFICATES_COMMON}}}X509Data/{{{CERTIFICATES_COMMON}}}X509Certificate")
            return read_base64(data, "X509Certificate") if data is not None else None
    raise MalformedError("an X509DataInfoList without the reference asked for")

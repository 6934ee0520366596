"""CertificateService 6.0: ReadCardCertificate, CheckCertificateExpiration and VerifyCertificate."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.binary import read_base64, write_base64
from kartenwart.codecs.soap.exchange import CallContext, Exchange, add, add_context, ask, root
from kartenwart.codecs.soap.namespaces import CERTIFICATES, CERTIFICATES_COMMON, COMMON
from kartenwart.codecs.soap.xml import Element, child, optional_text, text
from kartenwart.codecs.times import read_date
from kartenwart.domain.certificates import CertificateStatus
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm

SERVICE = "CertificateService"
_MOST_EXPIRATIONS = 1000
_MOST_ROLES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiration:
    """When the certificate of one card ends; ct_id and handle are empty for the gSMC-K. Names have no repr."""

    ct_id: str
    handle: str
    iccsn: str = field(repr=False)
    common_name: str = field(repr=False)
    valid_until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The verdict on a certificate, and the profession OIDs that were found in it."""

    status: CertificateStatus
    roles: tuple[str, ...]


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


def check_certificate_expiration(
    context: CallContext, *, handle: str = "", algorithm: KeyAlgorithm | None = None
) -> Exchange[tuple[Expiration, ...]]:
    """Ask when certificates end: of one card, or without a handle of all that the mandant sees.

    With an algorithm a single card without such keys is a fault (4258); version 6.0.0 must not be asked for one.
    """
    content = root(CERTIFICATES, "CheckCertificateExpiration")
    if handle:
        add(content, COMMON, "CardHandle", handle)
    add_context(content, context)
    if algorithm is not None:
        add(content, CERTIFICATES, "Crypt", algorithm.value)
    return ask(SERVICE, content, _read_expirations)


def verify_certificate(context: CallContext, *, der: bytes, at: datetime | None) -> Exchange[Verification]:
    """Ask whether a certificate (DER) holds at an aware time; None means now."""
    content = root(CERTIFICATES, "VerifyCertificate")
    add_context(content, context)
    add(content, CERTIFICATES_COMMON, "X509Certificate", write_base64(der))
    if at is not None:
        add(content, CERTIFICATES, "VerificationTime", f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    return ask(SERVICE, content, _read_verification)


def _read_expirations(answer: Element) -> tuple[Expiration, ...]:
    child(answer, f"{{{COMMON}}}Status")
    found = answer.findall(f"{{{CERTIFICATES}}}CertificateExpiration")
    if len(found) > _MOST_EXPIRATIONS:
        raise MalformedError("more expirations than any Konnektor has cards")
    return tuple(_expiration(one) for one in found)


def _expiration(entry: Element) -> Expiration:
    valid_until = read_date(optional_text(entry, f"{{{CERTIFICATES}}}validity"))
    if valid_until is None:
        raise MalformedError("an expiration without a date")
    return Expiration(
        ct_id=optional_text(entry, f"{{{CERTIFICATES}}}CtID"),
        handle=optional_text(entry, f"{{{COMMON}}}CardHandle"),
        iccsn=optional_text(entry, f"{{{CERTIFICATES}}}ICCSN"),
        common_name=optional_text(entry, f"{{{CERTIFICATES}}}subject_commonName"),
        valid_until=valid_until,
    )


def _read_verification(answer: Element) -> Verification:
    result = text(child(answer, f"{{{CERTIFICATES}}}VerificationStatus"), f"{{{CERTIFICATES}}}VerificationResult")
    if result not in CertificateStatus.__members__:
        raise MalformedError("a VerificationResult that is not known")
    roles = answer.findall(f"{{{CERTIFICATES}}}RoleList/{{{CERTIFICATES}}}Role")[:_MOST_ROLES]
    named = ((role.text or "").strip() for role in roles)
    return Verification(status=CertificateStatus[result], roles=tuple(role for role in named if role))

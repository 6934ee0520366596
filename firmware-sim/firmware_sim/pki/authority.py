"""A certification authority, and the certificate requests it signs (X.509 v3, ecdsa-with-SHA256)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ObjectIdentifier

from firmware_sim.pki.keys import PublicKey, certificate_pem, key_pem, load_ec_key

# Fixed, so that a card may be older than the PKI, and a box without a clock still finds its root valid.
CA_VALID_FROM = datetime(2019, 1, 1, tzinfo=UTC)
CA_VALID_UNTIL = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
Extension = tuple[x509.ExtensionType, bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Validity:
    """From when until when a certificate holds, both in UTC and inclusive."""

    start: datetime
    end: datetime

    @classmethod
    def ending_in(cls, days: int) -> "Validity":
        """Ends at the last second of the day `days` from now (negative: expired) and spans five years or more."""
        if not -3650 <= days <= 7300:
            raise ValueError(f"{days} days of validity are out of range; choose -3650 to 7300")
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        end = today + timedelta(days=days)
        start = min(today - timedelta(days=1), end - timedelta(days=1826))
        return cls(start=max(start, CA_VALID_FROM), end=end + timedelta(hours=23, minutes=59, seconds=59))


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a certificate shall say; the issuer, serial number and key identifiers come from the authority."""

    subject: x509.Name
    validity: Validity
    usage: frozenset[str]
    policies: tuple[str, ...] = ()
    extended_usage: tuple[ObjectIdentifier, ...] = ()
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Authority:
    """A CA with its key; a root when its certificate is its own."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def root(cls, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, path_length: int) -> "Authority":
        """A new self-signed root."""
        certificate = _sign(_ca_request(subject, path_length), key.public_key(), subject, key)
        return cls(certificate=certificate, key=key)

    @classmethod
    def from_pem(cls, certificate: bytes, key: bytes) -> "Authority":
        """Read what `files` gave."""
        return cls(certificate=x509.load_pem_x509_certificate(certificate), key=load_ec_key(key))

    def subordinate(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> "Authority":
        """A CA below this one, which issues end entities only."""
        return Authority(certificate=self.issue(_ca_request(subject, 0), key.public_key()), key=key)

    def issue(self, request: Request, public_key: PublicKey) -> x509.Certificate:
        """Sign a certificate for this public key."""
        return _sign(request, public_key, self.certificate.subject, self.key)

    def files(self, name: str) -> dict[str, bytes]:
        """Certificate and key as they lie on disk."""
        return {f"{name}.pem": certificate_pem(self.certificate), f"{name}.key": key_pem(self.key)}


def _ca_request(subject: x509.Name, path_length: int) -> Request:
    return Request(
        subject=subject,
        validity=Validity(start=CA_VALID_FROM, end=CA_VALID_UNTIL),
        usage=frozenset({"key_cert_sign", "crl_sign"}),
        extensions=((x509.BasicConstraints(ca=True, path_length=path_length), True),),
    )


def _sign(
    request: Request, public_key: PublicKey, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(request.validity.start)
        .not_valid_after(request.validity.end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for extension, critical in _extensions(request):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, hashes.SHA256())


def _extensions(request: Request) -> Sequence[Extension]:
    extensions: list[Extension] = [(x509.KeyUsage(**{usage: usage in request.usage for usage in _USAGES}), True)]
    if request.policies:
        policies = [x509.PolicyInformation(ObjectIdentifier(oid), None) for oid in request.policies]
        extensions.append((x509.CertificatePolicies(policies), False))
    if request.extended_usage:
        extensions.append((x509.ExtendedKeyUsage(request.extended_usage), False))
    if not any(isinstance(extension, x509.BasicConstraints) for extension, _ in request.extensions):
        extensions += [(x509.BasicConstraints(ca=False, path_length=None), True), (_ocsp(), False)]
    return [*extensions, *request.extensions]


def _ocsp() -> x509.AuthorityInformationAccess:
    """Real certificates name an OCSP responder; this one can never exist (RFC 6761)."""
    address = x509.UniformResourceIdentifier("http://ocsp.kartenwart.invalid/")
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, address)])

"""The workstation's key: P-256, made here, and it never leaves this machine."""

import hashlib
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey

_DER = serialization.Encoding.DER
_PEM = serialization.Encoding.PEM


def new_key() -> Key:
    """Make a key."""
    return ec.generate_private_key(ec.SECP256R1())


def load_key(pem: str) -> Key:
    """Read a key from PKCS#8 PEM; raises ValueError where it is none of P-256."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("the key is not P-256")
    return key


def key_pem(key: Key) -> str:
    """Return the key as PKCS#8 PEM, unencrypted: whoever keeps it must guard the file."""
    none = serialization.NoEncryption()
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, none).decode()


def public_der(key: Key) -> bytes:
    """Return the public key as SubjectPublicKeyInfo, DER."""
    return key.public_key().public_bytes(_DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def sign(key: Key, message: bytes) -> bytes:
    """Return the ECDSA signature (SHA-256, DER) over `message`."""
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def certificate_request(key: Key, label: str) -> bytes:
    """Return a PKCS#10 request, DER; the box decides on every name in the certificate, the label is only a hint."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, label[:60] or "workstation")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256()).public_bytes(_DER)


def certificate_pem(der: bytes) -> str:
    """Return a DER certificate as PEM."""
    return x509.load_der_x509_certificate(der).public_bytes(_PEM).decode()


def certificate_der(pem: str) -> bytes:
    """Return a PEM certificate as DER."""
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(_DER)


def fingerprint(der: bytes) -> str:
    """Return the SHA-256 of a certificate, lower-case hex."""
    return hashlib.sha256(der).hexdigest()


def is_signed_by(certificate: bytes, issuer: bytes) -> bool:
    """True where `issuer` (DER) is a CA that signed `certificate` (DER)."""
    above = x509.load_der_x509_certificate(issuer)
    try:
        constraints = above.extensions.get_extension_for_class(x509.BasicConstraints).value
        x509.load_der_x509_certificate(certificate).verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return constraints.ca


def belongs_to(certificate: bytes, key: Key) -> bool:
    """True where the certificate (DER) is for this key."""
    shown = x509.load_der_x509_certificate(certificate).public_key()
    return shown.public_bytes(_DER, serialization.PublicFormat.SubjectPublicKeyInfo) == public_der(key)


def dns_names(certificate: bytes) -> tuple[str, ...]:
    """Return the DNS names of a certificate (DER)."""
    extensions = x509.load_der_x509_certificate(certificate).extensions
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(names.get_values_for_type(x509.DNSName))


def box_id(certificate: bytes) -> str:
    """Return the box id that a server certificate (DER) names; empty where it names none."""
    return next((name for name in dns_names(certificate) if name.startswith("box-") and "." not in name), "")


def renewal_due(pem: str, now: datetime) -> bool:
    """True where two thirds of the certificate's life are over at `now` (aware, UTC)."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return now.astimezone(UTC) >= start + (end - start) * 2 / 3


def has_expired(pem: str, now: datetime) -> bool:
    """True where the certificate's life is over at `now` (aware, UTC)."""
    return now.astimezone(UTC) > x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc

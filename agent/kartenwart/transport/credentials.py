"""Our client certificate (from PKCS#12 or PEM) and Basic login, read once and checked with clear words.

The words are German: a technician reads them at set-up. They never contain a password.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID


class CredentialsError(ValueError):
    """The credentials cannot be used; the message says in German what is wrong and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """A certificate chain with its key, PEM; `brainpool` where the key lies on a brainpool curve."""

    chain_pem: bytes
    key_pem: bytes = field(repr=False)
    brainpool: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicLogin:
    """User and password for HTTP Basic (mode SOAP2); only ever sent inside TLS."""

    user: str
    password: str = field(repr=False)


def from_pkcs12(data: bytes, password: str) -> ClientCertificate:
    """Return the certificate of a PKCS#12 file as a Konnektor exports it: old (3DES, RC2) and new ciphers, DER or BER.

    CredentialsError says whether the file, the password, the key or the certificate is wrong.
    """
    from asn1crypto import pkcs12 as asn1_pkcs12  # only a box whose Konnektor wants a PKCS#12 waits for it

    try:
        whole = asn1_pkcs12.Pfx.load(data, strict=True)
        _ = whole["version"].native, whole["auth_safe"].native  # parsing is lazy
    except (ValueError, TypeError, KeyError):
        raise CredentialsError(_no_pkcs12(data)) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that it is BER: so do old devices export
            key, certificate, others = pkcs12.load_key_and_certificates(data, password.encode("utf-8"))
    except UnsupportedAlgorithm:
        raise CredentialsError(
            "Die PKCS#12-Datei ist mit einem Verfahren verschlüsselt, das hier nicht unterstützt wird. "
            "Bitte mit einem neueren Verfahren (AES) exportieren."
        ) from None
    except (ValueError, x509.InvalidVersion):
        raise CredentialsError("Das Kennwort der PKCS#12-Datei stimmt nicht, oder die Datei ist beschädigt.") from None
    if key is None:
        raise CredentialsError("In der PKCS#12-Datei fehlt der private Schlüssel.")
    if certificate is None:
        raise CredentialsError("In der PKCS#12-Datei fehlt das Zertifikat zum Schlüssel.")
    return _checked(key, [certificate, *others])


def _no_pkcs12(data: bytes) -> str:
    if b"-----BEGIN" in data:
        return (
            "Die Datei ist im PEM-Format und keine PKCS#12-Datei: client_cert und client_key statt client_p12 angeben."
        )
    try:
        x509.load_der_x509_certificate(data)
    except (ValueError, x509.InvalidVersion):
        return "Die Datei ist keine PKCS#12-Datei (.p12, .pfx) oder nicht vollständig. Bitte neu exportieren."
    return (
        "Die Datei ist nur ein Zertifikat ohne Schlüssel, keine PKCS#12-Datei (.p12, .pfx). "
        "Bitte am Konnektor mit Schlüssel und Kennwort exportieren."
    )


def from_pem(certificates: bytes, key: bytes, password: str | None = None) -> ClientCertificate:
    """Return the certificate of PEM files: the chain, its own certificate first, and the key."""
    try:
        chain = x509.load_pem_x509_certificates(certificates)
    except (ValueError, x509.InvalidVersion):
        raise CredentialsError("Die Zertifikatsdatei enthält kein Zertifikat im PEM-Format.") from None
    try:
        private_key = load_pem_private_key(key, password.encode("utf-8") if password else None)
    except TypeError:
        raise CredentialsError(
            "Der Schlüssel ist mit einem Kennwort geschützt, oder es wurde eines zu viel genannt."
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise CredentialsError("Der Schlüssel ist kein PEM-Schlüssel, oder sein Kennwort stimmt nicht.") from None
    return _checked(private_key, chain)


def check_usage(certificate: ClientCertificate) -> None:
    """Raise CredentialsError where a certificate was not issued for TLS clients: the Konnektor would refuse it."""
    with _understood():
        told = x509.load_pem_x509_certificate(certificate.chain_pem).extensions
    try:
        purposes = set(told.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        purposes = {ExtendedKeyUsageOID.CLIENT_AUTH}
    if not purposes & {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}:
        raise CredentialsError(
            "Das Zertifikat ist nicht für Clients ausgestellt (erweiterte Schlüsselverwendung). "
            "Bitte am Konnektor ein Client-Zertifikat für dieses Clientsystem exportieren."
        )
    try:
        signs = told.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        signs = True
    if not signs:
        raise CredentialsError(
            "Mit dem Schlüssel des Zertifikats darf nicht signiert werden (Schlüsselverwendung), "
            "so ist keine Anmeldung möglich. Bitte am Konnektor ein Client-Zertifikat exportieren."
        )


def validity_doubt(certificate: ClientCertificate, now: datetime) -> str:
    """Return what is wrong with a certificate's time, in German, or "".

    No error: after a power cut the box may not know the time, and the Konnektor decides.
    """
    own = x509.load_pem_x509_certificate(certificate.chain_pem)
    if own.not_valid_after_utc < now:
        ended = own.not_valid_after_utc.strftime("%d.%m.%Y")
        return f"Das Client-Zertifikat ist am {ended} abgelaufen. Bitte am Konnektor ein neues exportieren."
    if own.not_valid_before_utc > now:
        begins = own.not_valid_before_utc.strftime("%d.%m.%Y")
        return f"Das Client-Zertifikat gilt erst ab dem {begins}. Bitte die Uhr der Box prüfen."
    return ""


def _checked(key: PrivateKeyTypes, chain: Sequence[x509.Certificate]) -> ClientCertificate:
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CredentialsError("Der Schlüssel ist weder RSA noch ECC; der Konnektor nimmt nur diese.")
    with _understood():
        certified = _spki(chain[0].public_key())
    if _spki(key.public_key()) != certified:
        raise CredentialsError("Schlüssel und Zertifikat gehören nicht zusammen.")
    return ClientCertificate(
        chain_pem=b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain),
        key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        brainpool=isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name.startswith("brainpool"),
    )


@contextmanager
def _understood() -> Iterator[None]:
    """Say in words where a part of a certificate, which is read when it is asked for, cannot be read."""
    try:
        yield
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension):
        raise CredentialsError(
            "Das Zertifikat ist beschädigt, oder sein Schlüssel ist von einer Art, die hier nicht unterstützt wird. "
            "Bitte am Konnektor neu exportieren."
        ) from None


def _spki(key: object) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return encoded

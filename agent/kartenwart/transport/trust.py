"""Whom we believe to be the peer, as TLS contexts: by the certificate's own hash, or by its issuer and name.

A Konnektor's certificate never names its address in the practice's network, so plain host-name checks do not work.
"""

import hmac
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from kartenwart.transport.credentials import ClientCertificate
from kartenwart.transport.troubles import UntrustedError


@dataclass(frozen=True, slots=True, kw_only=True)
class PinTrust:
    """Trust exactly one certificate: SHA-256 over its DER, 64 hexadecimal digits (colons and case do not matter)."""

    sha256: str

    def __post_init__(self) -> None:
        if len(self.digits) != 64 or not set(self.digits) <= set("0123456789abcdef"):
            raise ValueError("Ein Fingerabdruck besteht aus 64 hexadezimalen Ziffern (SHA-256).")

    @property
    def digits(self) -> str:
        """Return the fingerprint as plain lower-case digits."""
        return self.sha256.replace(":", "").replace(" ", "").lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityTrust:
    """Trust what these authorities (PEM) issued for `expected_name`; "" means the host in the address."""

    certificates_pem: str
    expected_name: str = ""


Trust = PinTrust | AuthorityTrust


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsClient:
    """A TLS client ready to connect: trust and context, built once."""

    trust: Trust
    context: ssl.SSLContext
    has_certificate: bool

    def server_name(self, host: str) -> str:
        """Return the name to send and to check."""
        return (self.trust.expected_name if isinstance(self.trust, AuthorityTrust) else "") or host

    def check(self, certificate: bytes | None) -> None:
        """Raise UntrustedError unless the peer's certificate (DER) is trusted; asked before any byte of a request."""
        if isinstance(self.trust, PinTrust):
            found = sha256(certificate or b"").hexdigest()
            if not hmac.compare_digest(found, self.trust.digits):
                raise UntrustedError("the peer shows another certificate than the pinned one")


def tls_client(trust: Trust, certificate: ClientCertificate | None = None) -> TlsClient:
    """Return a TLS 1.2/1.3 client; capped at TLS 1.2 where our key is brainpool, which TLS 1.3 does not know here.

    ValueError where the authorities are no PEM certificates.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if isinstance(trust, PinTrust):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _trust_authorities(context, trust.certificates_pem)
    if certificate is not None:
        _present(context, certificate)
    return TlsClient(trust=trust, context=context, has_certificate=certificate is not None)


def tls_server(certificate: ClientCertificate, *, authorities_pem: str = "") -> ssl.SSLContext:
    """Return a TLS server context, e.g. for events under CETP1.

    With `authorities_pem` the peer must show a certificate of these authorities (a single certificate may be its own);
    without, it is not asked: Python's ssl cannot ask for a certificate that it does not verify.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _present(context, certificate)
    if authorities_pem:
        context.verify_mode = ssl.CERT_REQUIRED
        _trust_authorities(context, authorities_pem)
    return context


def _trust_authorities(context: ssl.SSLContext, certificates_pem: str) -> None:
    try:
        context.load_verify_locations(cadata=certificates_pem)
    except (ssl.SSLError, ValueError, TypeError):
        raise ValueError("Die Datei der Zertifizierungsstelle enthält kein Zertifikat im PEM-Format.") from None
    # The field's trust anchors are often the issuing authority itself, not its root.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def _present(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    if certificate.brainpool:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    with _memory_file(certificate.chain_pem + certificate.key_pem) as path:
        context.load_cert_chain(path)


@contextmanager
def _memory_file(content: bytes) -> Iterator[str]:
    """Give `content` a path without writing it to a disk: `ssl` loads keys only by path."""
    descriptor = os.memfd_create("key", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)

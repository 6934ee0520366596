"""Whom we believe to be the peer, as TLS contexts: by the certificate's own hash, or by its issuer and name.

A Konnektor's certificate never names its address in the practice's network, so plain host-name checks do not work.
"""

import hmac
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from kartenwart.transport.credentials import ClientCertificate
from kartenwart.transport.troubles import UntrustedError


@dataclass(frozen=True, slots=True, kw_only=True)
class PinTrust:
    """Trust exactly one certificate: SHA-256 over its DER, 64 hexadecimal digits (colons and case do not matter).

    `others` are pins of further certificates, e.g. of the one that a device will show after its renewal.
    """

    sha256: str
    others: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for digits in self.digits:
            if len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):
                raise ValueError("Ein Fingerabdruck besteht aus 64 hexadezimalen Ziffern (SHA-256).")

    @property
    def digits(self) -> tuple[str, ...]:
        """Return all fingerprints as plain lower-case digits."""
        return tuple(one.replace(":", "").replace(" ", "").lower() for one in (self.sha256, *self.others))


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
            if not any(hmac.compare_digest(found, pinned) for pinned in self.trust.digits):
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


def live_tls_server(current: Callable[[], ClientCertificate], *, authorities_pem: str = "") -> ssl.SSLContext:
    """Return a server context as `tls_server` does whose every handshake shows the certificate that is current then."""
    shown = current()
    context = fresh = tls_server(shown, authorities_pem=authorities_pem)

    def on_hello(handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        nonlocal shown, fresh
        if (now := current()) != shown:
            shown, fresh = now, tls_server(now, authorities_pem=authorities_pem)
        handshake.context = fresh

    context.sni_callback = on_hello  # called by OpenSSL for every handshake, with a server name or without
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

"""A site's certificates, made with cryptography for the tests of both edges."""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from kartenwart.edge.identity import ServerIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def key_sha256(self) -> str:
        spki = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(spki).hexdigest()


class Site:
    """A P-256 CA."""

    def __init__(self, name: str = "Site") -> None:
        self.root = self._signed(name, ec.generate_private_key(ec.SECP256R1()), None, ca=True, days=365)

    @property
    def root_pem(self) -> bytes:
        return self.root.pem

    def leaf(self, name: str, *, days: float = 90, key: ec.EllipticCurvePrivateKey | None = None) -> Leaf:
        return self._signed(name, key or ec.generate_private_key(ec.SECP256R1()), self.root, ca=False, days=days)

    def server(self, name: str = "box-test") -> ServerIdentity:
        leaf = self.leaf(name)
        return ServerIdentity(chain_pem=leaf.pem, key_pem=leaf.key_pem, root_pem=self.root_pem)

    def _signed(
        self, name: str, key: ec.EllipticCurvePrivateKey, issuer: Leaf | None, *, ca: bool, days: float
    ) -> Leaf:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        signer = issuer.key if issuer else key
        names = [
            x509.DNSName(name.lower()),
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if not ca:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return Leaf(certificate=builder.sign(signer, hashes.SHA256()), key=key)

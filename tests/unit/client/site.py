"""A site as a box has one: a root, a server's leaf, workstations' leaves. Made with cryptography, not our code."""

import datetime as dt
import ssl
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
BOX = "box-testtest"


@dataclass(kw_only=True)
class Leaf:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Site:
    """A root that signs."""

    def __init__(self, box_id: str = BOX) -> None:
        self.box_id = box_id
        self.root = self._make("Site", None, ca=True, names=[])
        self.server = self.leaf(box_id, names=[x509.DNSName(box_id), x509.IPAddress(IPv4Address("127.0.0.1"))])

    def leaf(
        self,
        name: str,
        *,
        names: list[x509.GeneralName] | None = None,
        public: ec.EllipticCurvePublicKey | None = None,
        age: float = 0.0,
    ) -> Leaf:
        """A leaf of 90 days, `age` of which (in days) are over."""
        return self._make(name, self.root, ca=False, names=names or [x509.DNSName(name)], public=public, age=age)

    def tls(self, folder: Path, *, with_root: bool = True) -> ssl.SSLContext:
        """A server's context that presents leaf and root."""
        chain, key = folder / "chain.pem", folder / "server.key"
        chain.write_bytes(self.server.pem + (self.root.pem if with_root else b""))
        key.write_bytes(self.server.key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        return context

    def _make(
        self,
        name: str,
        issuer: Leaf | None,
        *,
        ca: bool,
        names: list[x509.GeneralName],
        public: ec.EllipticCurvePublicKey | None = None,
        age: float = 0.0,
    ) -> Leaf:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC) - dt.timedelta(days=age, hours=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(public or key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + dt.timedelta(days=90))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return Leaf(certificate=builder.sign(issuer.key if issuer else key, hashes.SHA256()), key=key)

"""The three kinds of certificate that a site has: its root, the box's server leaf, the workstations' client leaves.

All keys are P-256, all signatures ECDSA with SHA-256 (design decision 3).
"""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT_LIFETIME = timedelta(days=3653)
SERVER_LIFETIME = timedelta(days=90)
BACKDATED = timedelta(hours=1)

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


def root(key: ec.EllipticCurvePrivateKey, box_id: str, now: datetime) -> x509.Certificate:
    """Return the self-signed root: ten years, may sign leaves only."""
    name = _name(f"Kartenwart {box_id}")
    builder = _builder(name, key.public_key(), now - BACKDATED, now + ROOT_LIFETIME)
    builder = builder.issuer_name(name)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    return builder.sign(key, hashes.SHA256())


class Issuer:
    """The root with its key. Leaves never outlive it."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate = certificate
        self._key = key

    def server_leaf(
        self, public_key: ec.EllipticCurvePublicKey, box_id: str, names: Sequence[x509.GeneralName], now: datetime
    ) -> x509.Certificate:
        """Return the box's leaf for TLS servers, valid for SERVER_LIFETIME from `now`."""
        return self._leaf(
            subject=_name(box_id),
            public_key=public_key,
            names=names,
            purpose=ExtendedKeyUsageOID.SERVER_AUTH,
            not_before=now - BACKDATED,
            not_after=now + SERVER_LIFETIME,
        )

    def client_leaf(
        self, public_key: ec.EllipticCurvePublicKey, box_id: str, workstation: str, now: datetime, not_after: datetime
    ) -> x509.Certificate:
        """Return a workstation's leaf for TLS clients; its URI names box and workstation."""
        return self._leaf(
            subject=_name(workstation),
            public_key=public_key,
            names=[x509.UniformResourceIdentifier(f"kartenwart://{box_id}/{workstation}")],
            purpose=ExtendedKeyUsageOID.CLIENT_AUTH,
            not_before=now - BACKDATED,
            not_after=not_after,
        )

    def _leaf(
        self,
        *,
        subject: x509.Name,
        public_key: ec.EllipticCurvePublicKey,
        names: Sequence[x509.GeneralName],
        purpose: x509.ObjectIdentifier,
        not_before: datetime,
        not_after: datetime,
    ) -> x509.Certificate:
        end = min(not_after, self.certificate.not_valid_after_utc)
        builder = _builder(subject, public_key, max(not_before, self.certificate.not_valid_before_utc), end)
        builder = builder.issuer_name(self.certificate.subject)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage("digital_signature"), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(authority, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def server_names(box_id: str, names: Sequence[str]) -> list[x509.GeneralName]:
    """Return what the box answers to: its id, its mDNS name, and those of `names` that a certificate can carry.

    IP addresses may have a zone ("fe80::1%eth0"), which is left out; names that are neither are passed over, because
    a host with an odd name must still start.
    """
    found: dict[x509.GeneralName, None] = {x509.DNSName(box_id): None, x509.DNSName(f"{box_id}.local"): None}
    for name in sorted(set(names)):
        general = _general_name(name)
        if general is not None:
            found[general] = None
    return list(found)


def _general_name(name: str) -> x509.GeneralName | None:
    try:
        return x509.IPAddress(ipaddress.ip_address(name.partition("%")[0]))
    except ValueError:
        pass
    try:
        return x509.DNSName(name.rstrip(".").lower().encode("idna").decode()) if name.strip(".") else None
    except UnicodeError:
        return None


def _builder(
    subject: x509.Name, public_key: ec.EllipticCurvePublicKey, not_before: datetime, not_after: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).public_key(public_key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(not_before).not_valid_after(not_after)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*wanted: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in wanted for usage in _USAGES})

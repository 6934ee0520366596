"""The box's TLS server identity: one key for life, a leaf that is renewed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kartenwart.adapters.site.certificates import Issuer, server_names
from kartenwart.adapters.site.files import replace_file

CHAIN_FILE = "server.pem"
KEY_FILE = "server.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerIdentity:
    """Certificate chain (leaf, then root) and key, as PEM for gRPC and as files for `ssl`; `renew_at` is two thirds
    of the leaf's life."""

    chain_pem: bytes
    key_pem: bytes = field(repr=False)
    chain_file: Path
    key_file: Path
    renew_at: datetime


def server_identity(folder: Path, issuer: Issuer, box_id: str, names: Sequence[str], now: datetime) -> ServerIdentity:
    """Return the identity kept in `folder`; its leaf is issued anew when it is due, its names or the root changed.

    OSError when the new leaf cannot be written, ValueError when the key cannot be read.
    """
    key = _key(folder / KEY_FILE)
    now = max(now, issuer.certificate.not_valid_before_utc)  # a clock that fell back behind the root's birth
    wanted = server_names(box_id, names)
    leaf = _leaf_in(folder / CHAIN_FILE)
    if leaf is None or not _fits(leaf, issuer, key, wanted, now):
        leaf = issuer.server_leaf(key.public_key(), box_id, wanted, now)
        replace_file(folder / CHAIN_FILE, _pem(leaf) + _pem(issuer.certificate))
    return ServerIdentity(
        chain_pem=_pem(leaf) + _pem(issuer.certificate),
        key_pem=(folder / KEY_FILE).read_bytes(),
        chain_file=folder / CHAIN_FILE,
        key_file=folder / KEY_FILE,
        renew_at=_renew_at(leaf),
    )


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} holds no EC key")  # the file's content is wrong, not our type
    return key


def _leaf_in(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None  # absent or damaged: a leaf is issued anew, the key is what matters


def _fits(
    leaf: x509.Certificate,
    issuer: Issuer,
    key: ec.EllipticCurvePrivateKey,
    wanted: Sequence[x509.GeneralName],
    now: datetime,
) -> bool:
    if not leaf.not_valid_before_utc <= now < _renew_at(leaf) or leaf.public_key() != key.public_key():
        return False
    try:
        leaf.verify_directly_issued_by(issuer.certificate)
    except (InvalidSignature, TypeError, ValueError):
        return False  # of another root
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names) == set(wanted)


def _renew_at(leaf: x509.Certificate) -> datetime:
    return leaf.not_valid_before_utc + (leaf.not_valid_after_utc - leaf.not_valid_before_utc) * 2 / 3


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)

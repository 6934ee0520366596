"""Whether a certificate holds (as TUC_KON_037 does it): issuer in the trust list, time, revocation, and its roles."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """VALID, INCONCLUSIVE or INVALID, and profession OIDs."""

    result: str
    roles: tuple[str, ...]


def judge(
    certificate: x509.Certificate,
    authorities: Iterable[x509.Certificate],
    *,
    at: datetime,
    revoked: frozenset[bytes],
    online: bool,
) -> Verdict:
    """Judge a certificate at a time; without a line to the TI nobody tells whether it was revoked."""
    roles = _roles(certificate)
    if not any(_issued_by(certificate, authority) for authority in authorities):
        return Verdict(result="INVALID", roles=roles)
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        return Verdict(result="INVALID", roles=roles)
    if not online:
        return Verdict(result="INCONCLUSIVE", roles=roles)
    known_bad = certificate.public_bytes(Encoding.DER) in revoked
    return Verdict(result="INVALID" if known_bad else "VALID", roles=roles)


def _issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _roles(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        admissions = certificate.extensions.get_extension_for_class(x509.Admissions).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    infos = [info for admission in admissions for info in admission.profession_infos]
    return tuple(oid.dotted_string for info in infos for oid in info.profession_oids or ())

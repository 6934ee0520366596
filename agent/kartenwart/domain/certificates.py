"""How a certificate stands: expiry, kind of key, and the verdict on both."""

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path

from kartenwart.domain.failures import Failure
from kartenwart.domain.inventory import CardType, KeyAlgorithm

SOON_DAYS = 90  # a new SMC-B or HBA takes weeks
SOON_DAYS_KONNEKTOR = 180  # as EC_NK_Certificate_Expiring


class Bearer(StrEnum):
    """What carries a certificate: a card, a terminal (gSMC-KT), a Konnektor (gSMC-K)."""

    CARD = "CARD"
    TERMINAL = "TERMINAL"
    KONNEKTOR = "KONNEKTOR"


class CertificateVerdict(StrEnum):
    """How a certificate stands; UNKNOWN is never as good as OK."""

    OK = "OK"
    EXPIRES_SOON = "EXPIRES_SOON"
    EXPIRED = "EXPIRED"
    RSA_ONLY = "RSA_ONLY"
    UNKNOWN = "UNKNOWN"


class CertificateStatus(StrEnum):
    """The Konnektor's word on a certificate (CERT:VerificationResultType)."""

    VALID = "VALID"
    INCONCLUSIVE = "INCONCLUSIVE"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateCheck:
    """What a Konnektor answered to VerifyCertificate."""

    status: CertificateStatus
    profession_oids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateState:
    """What is known of the C.AUT of one card; None and empty mean unknown. `label` names the holder: no repr.

    `looks_at_key` is False where the kind of key does not matter or cannot be asked. `trouble` is what went wrong in
    the last look; what stands beside it may be of an earlier one, as of `checked_at`.
    """

    bearer: Bearer
    konnektor: str
    terminal: str = ""
    card: str = ""
    card_type: CardType | None = None
    label: str = field(default="", repr=False)
    looks_at_key: bool = False
    algorithm: KeyAlgorithm | None = None
    valid_until: date | None = None
    telematik_id: str = field(default="", repr=False)
    profession_oids: tuple[str, ...] = ()
    trouble: Failure | None = None
    checked_at: datetime

    def days_left(self, today: date) -> int | None:
        """Return the days until the last day of validity, negative when it is over; None where unknown."""
        return (self.valid_until - today).days if self.valid_until else None

    def verdict(self, today: date) -> CertificateVerdict:
        """Return the verdict: what is certainly wrong goes before what is not known."""
        left = self.days_left(today)
        by_day = verdict_by_day(left, SOON_DAYS_KONNEKTOR if self.bearer is Bearer.KONNEKTOR else SOON_DAYS)
        if by_day is CertificateVerdict.EXPIRED:
            return by_day
        if self.looks_at_key and self.algorithm is KeyAlgorithm.RSA:
            return CertificateVerdict.RSA_ONLY
        if by_day is not None:
            return by_day
        if left is None or self.trouble is not None or (self.looks_at_key and self.algorithm is None):
            return CertificateVerdict.UNKNOWN
        return CertificateVerdict.OK


def verdict_by_day(left: int | None, soon: int) -> CertificateVerdict | None:
    """Return EXPIRED or EXPIRES_SOON by the days left (None: unknown), None where neither is certain."""
    if left is None or left > soon:
        return None
    return CertificateVerdict.EXPIRED if left < 0 else CertificateVerdict.EXPIRES_SOON


@cache
def _professions() -> dict[str, str]:
    names: dict[str, str] = tomllib.loads(Path(__file__).with_name("professions.toml").read_text(encoding="utf-8"))
    return names


def profession_name(oid: str) -> str:
    """Return the German name of a profession OID, empty where this version does not know it."""
    return _professions().get(oid, "")

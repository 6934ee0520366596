"""What a Konnektor says of a signature."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class VerificationResult(StrEnum):
    """The high-level result; names as in kartenwart.api.signature.v1.VerificationResult without the prefix."""

    VALID = "VALID"
    INCONCLUSIVE = "INCONCLUSIVE"
    INVALID = "INVALID"


class TimestampType(StrEnum):
    """Where the time comes from for which the result holds; names as in the proto without the prefix."""

    SIGNATURE_EMBEDDED = "SIGNATURE_EMBEDDED"
    QUALIFIED = "QUALIFIED"
    USER_DEFINED = "USER_DEFINED"
    SYSTEM = "SYSTEM"


class SignedForm(StrEnum):
    """How a signature and what it signs hang together."""

    PDF = "PDF"
    XML = "XML"
    CMS = "CMS"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationOrder:
    """What is to be verified: PDF or XML with the signature inside `document`; CMS in `signature`, beside `document`.

    For CMS around its content `document` is empty. `mime_type` is that of `document`.
    """

    form: SignedForm
    mime_type: str
    document: bytes = field(default=b"", repr=False)
    signature: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The Konnektor's word, and its report (XML, DSS-X VerificationReport; empty where it gave none)."""

    result: VerificationResult
    timestamp_type: TimestampType
    timestamp: datetime
    report: bytes = field(default=b"", repr=False)

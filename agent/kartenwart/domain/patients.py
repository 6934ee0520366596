"""What is read of a patient's card: personal data, in memory only, never in a log, a name or a database.

Texts stand as on the card (Schema_VSD 5.2, 5.1, PKV 1.0); dates are its "YYYYMMDD", in which month and day may be "00".
Nothing here has a repr that tells anything of a person.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kartenwart.domain.failures import Failure, Reason
from kartenwart.domain.jobs import JobTimes


class OnlineCheck(StrEnum):
    """When a card is held against the insurer's services; names as in kartenwart.api.patient.v1.OnlineCheck."""

    ALWAYS = "ALWAYS"
    FIRST_OF_QUARTER = "FIRST_OF_QUARTER"
    NEVER = "NEVER"


class CheckResult(StrEnum):
    """Result of an online check: E 1 to 6 of the proof, in this order."""

    UPDATED = "UPDATED"
    UP_TO_DATE = "UP_TO_DATE"
    UPDATE_IMPOSSIBLE = "UPDATE_IMPOSSIBLE"
    CARD_INVALID = "CARD_INVALID"
    CHECK_IMPOSSIBLE = "CHECK_IMPOSSIBLE"
    OFFLINE_TOO_LONG = "OFFLINE_TOO_LONG"

    @property
    def counts(self) -> bool:
        """True where the card was checked for this quarter."""
        return self in (CheckResult.UPDATED, CheckResult.UP_TO_DATE)


class ReplacementProcedure(StrEnum):
    """May the practice take the data down by hand (Ersatzverfahren)?"""

    UNKNOWN = "UNSPECIFIED"
    NOT_NEEDED = "NOT_NEEDED"
    ALLOWED = "ALLOWED"
    ANOTHER_INSERTION_FIRST = "ANOTHER_INSERTION_FIRST"
    FORBIDDEN = "FORBIDDEN"


class ContainerKind(StrEnum):
    """What ReadVSD and ReadKVK hand out."""

    PERSONAL = "PERSONAL"
    INSURANCE = "INSURANCE"
    PROTECTED = "PROTECTED"
    PROOF = "PROOF"
    KVK = "KVK"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Address:
    """A street or post box address; `post_box` is empty for a street."""

    postal_code: str = ""
    city: str = ""
    country: str = ""
    street: str = ""
    house_number: str = ""
    supplement: str = ""
    post_box: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Person:
    """The insured person; `insured_id` is the KVNR, `gender` M, W, X or D."""

    insured_id: str
    birth_date: str
    given_names: str
    family_name: str
    gender: str
    name_prefix: str = ""
    name_supplement: str = ""
    title: str = ""
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Insurer:
    """An insurer: its number (IK), country and name."""

    number: str
    country: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Insurance:
    """The cover: `status` (Versichertenart) and `region` (WOP) of statutory insurers, `tariff` of private ones."""

    insurer: Insurer
    begins: str
    ends: str = ""
    billed_insurer: Insurer | None = None
    private: bool = False
    status: str = ""
    region: str = ""
    tariff: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProtectedData:
    """What only a card-to-card authentication opens; numbers as on the card, empty where it has none."""

    co_payment_free: bool = False
    co_payment_free_until: str = ""
    special_group: str = ""
    disease_programme: str = ""
    medical_contract: str = ""
    dental_contract: str = ""
    contract_kinds: str = ""
    claim_suspended: str = ""
    suspended_from: str = ""
    suspended_until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Proof:
    """The proof of an online check; `checked` is its "YYYYMMDDhhmmss", `code` the service's, 0 for none."""

    checked: str
    result: CheckResult
    code: int = 0
    digit: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class VsdStatus:
    """What stands on the card of its data: open transactions, when they were updated, the schema's version."""

    open_transactions: bool
    updated_at: datetime | None
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecoded:
    """A container that could not be read; `why` is German and says nothing of its content."""

    kind: ContainerKind
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardData:
    """What was read, decoded as far as that goes, and `containers` verbatim as the Konnektor handed them out."""

    containers: dict[ContainerKind, bytes] = field(repr=False)
    person: Person | None = field(default=None, repr=False)
    insurance: Insurance | None = field(default=None, repr=False)
    protected: ProtectedData | None = field(default=None, repr=False)
    proof: Proof | None = field(default=None, repr=False)
    status: VsdStatus | None = None
    undecoded: tuple[Undecoded, ...] = ()


_NO_TIME = JobTimes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading of a patient's card, or why it failed. `shared`: made for another caller, at the same insertion."""

    card: str
    read_at: datetime
    replacement: ReplacementProcedure
    data: CardData | None = None
    failure: Failure | None = None
    times: JobTimes = _NO_TIME
    shared: bool = False


# What a bad contact looks like too.
_CONTACT = frozenset({101, 102, 4045, 4051, 4094, 4192})
_DEFECTS = frozenset({Reason.CARD_FAULT})
_NOT_REACHED = frozenset(
    {
        Reason.KONNEKTOR_UNREACHABLE,
        Reason.KONNEKTOR_SILENT,
        Reason.KONNEKTOR_ANSWER_INVALID,
        Reason.KONNEKTOR_CERTIFICATE_UNTRUSTED,
        Reason.KONNEKTOR_CREDENTIALS_REFUSED,
        Reason.KONNEKTOR_CRITICAL,
        Reason.KONNEKTOR_SERVICE_MISSING,
        Reason.TERMINAL_DISCONNECTED,
    }
)


def replacement_after(failure: Failure) -> ReplacementProcedure:
    """Return what a failed reading allows; UNKNOWN where something else is to be done first (e.g. unlock the SMC-B)."""
    if failure.reason is Reason.CARD_INVALID:
        # 106, 107, 113, 114 (gemILF_PS 6.6): taking the data down by hand would not make it a proof of insurance.
        return ReplacementProcedure.FORBIDDEN
    if failure.konnektor_code in _CONTACT:
        return ReplacementProcedure.ANOTHER_INSERTION_FIRST
    if failure.reason in _DEFECTS | _NOT_REACHED:
        return ReplacementProcedure.ALLOWED
    return ReplacementProcedure.UNKNOWN


def quarter_of(day: datetime) -> str:
    """Return e.g. "2026Q4"."""
    return f"{day.year}Q{(day.month + 2) // 3}"

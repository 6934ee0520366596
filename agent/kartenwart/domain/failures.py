"""What can go wrong, in one tree.

AgentError
├── CallerError    the caller was wrong: another call is needed
└── WorldError     the world failed: card, terminal, Konnektor, store, person at the pad

Both carry one `Failure`. A fault keeps its code, severity and type all the way and becomes a `Failure` once,
by `kartenwart.domain.catalogue.failure`.
"""

from dataclasses import dataclass
from enum import StrEnum, auto


class _Upper(StrEnum):
    @staticmethod
    def _generate_next_value_(name: str, _start: int, _count: int, _last_values: list[str]) -> str:
        return name


class Reason(_Upper):
    """Why something failed; the names are those of `kartenwart.api.failure.v1.Reason` without the prefix."""

    INVALID_ARGUMENT = auto()
    NOT_FOUND = auto()
    UNAUTHENTICATED = auto()
    ROLE_MISSING = auto()
    OUT_OF_SCOPE = auto()
    REQUEST_ID_REUSED = auto()
    LIMIT_EXCEEDED = auto()
    CONFLICT = auto()
    REVOKED = auto()
    ENROLMENT_CLOSED = auto()
    ENROLMENT_CODE_UNKNOWN = auto()
    ENROLMENT_CODE_AMBIGUOUS = auto()
    ENROLMENT_REJECTED = auto()
    ENROLMENT_EXPIRED = auto()
    ENROLMENT_PROOF_INVALID = auto()
    ENROLMENT_TOKEN_INVALID = auto()
    ENROLMENT_ATTEMPTS_EXCEEDED = auto()
    KONNEKTOR_UNREACHABLE = auto()
    KONNEKTOR_SILENT = auto()
    KONNEKTOR_ANSWER_INVALID = auto()
    KONNEKTOR_CERTIFICATE_UNTRUSTED = auto()
    KONNEKTOR_CREDENTIALS_REFUSED = auto()
    KONNEKTOR_CLOCK_OFF = auto()
    KONNEKTOR_CRITICAL = auto()
    KONNEKTOR_SERVICE_MISSING = auto()
    KONNEKTOR_CONTEXT_REFUSED = auto()
    KONNEKTOR_FAULT = auto()
    KONNEKTOR_NEEDED = auto()
    CARD_REMOVED = auto()
    CARD_BUSY = auto()
    CARD_TYPE_WRONG = auto()
    CARD_FAULT = auto()
    CERTIFICATE_MISSING = auto()
    TERMINAL_DISCONNECTED = auto()
    CERTIFICATE_RSA_ONLY = auto()
    CARD_INVALID = auto()
    CARD_NOT_TAKEN = auto()
    CERTIFICATE_EXPIRED = auto()
    CERTIFICATE_EXPIRES_SOON = auto()
    CERTIFICATE_UNCHECKED = auto()
    PIN_REJECTED = auto()
    PIN_BLOCKED = auto()
    PIN_ABORTED = auto()
    PIN_TIMED_OUT = auto()
    PIN_TRANSPORT = auto()
    PIN_NOT_VERIFIED = auto()
    PIN_LAST_ATTEMPT = auto()
    PIN_ATTEMPTS_UNKNOWN = auto()
    PIN_NO_TERMINAL = auto()
    PIN_NEW_INVALID = auto()
    CARD_SESSION_FOREIGN = auto()
    PIN_NOT_SET = auto()
    PIN_ALREADY_SET = auto()
    PUK_REJECTED = auto()
    PUK_BLOCKED = auto()
    DOCUMENT_NOT_PDFA = auto()
    DOCUMENT_TOO_LARGE = auto()
    DOCUMENT_TYPE_WRONG = auto()
    DOCUMENT_INCOMPLETE = auto()
    SIGNATURE_INVALID = auto()
    USER_NOT_BOUND = auto()
    JOB_NUMBER_USED = auto()
    DOCUMENT_PDFA_PART_WRONG = auto()
    DOCUMENTS_MIXED = auto()
    DOCUMENTS_TOO_MANY = auto()
    DOCUMENTS_TOO_LARGE = auto()
    SIGNATURE_STOPPED = auto()
    SIGNATURE_POLICY_NEEDED = auto()
    ENCRYPTION_FAILED = auto()
    DECRYPTION_FAILED = auto()
    RECIPIENT_UNSUITABLE = auto()
    COMFORT_NOT_SUPPORTED = auto()
    COMFORT_LOGIN_MISSING = auto()
    COMFORT_DISABLED = auto()
    COMFORT_SESSIONS_EXHAUSTED = auto()
    COMFORT_ENDED = auto()
    COMFORT_NOT_PERMITTED = auto()
    ASSERTION_MISSING = auto()
    ASSERTION_INVALID = auto()
    ASSERTION_REPLAYED = auto()
    READER_SERVICE_DOWN = auto()
    READER_NOT_PERMITTED = auto()
    READER_NOT_SEEN = auto()
    READER_GONE = auto()
    READER_FAULT = auto()
    READER_WITHOUT_PAD = auto()
    LABORATORY_ONLY = auto()
    AGENT_RESTARTED = auto()
    OUTCOME_UNKNOWN = auto()
    CANCELLED = auto()
    AGENT_UNAVAILABLE = auto()
    STORE_FAILED = auto()
    INTERNAL = auto()
    UNIMPLEMENTED = auto()
    DEADLINE_EXCEEDED = auto()


class Owner(_Upper):
    """The party who must act."""

    PRACTICE = auto()
    TECHNICIAN = auto()
    SOFTWARE_VENDOR = auto()
    TI_PROVIDER = auto()
    CARD_ISSUER = auto()
    GEMATIK = auto()


class RetryClass(_Upper):
    """Whether and by whom a call may be repeated."""

    NEVER = auto()
    LATER = auto()
    BY_PERSON = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong, in German for people and by reason for programs."""

    reason: Reason
    title: str
    next_step: str
    owner: Owner
    retry: RetryClass
    work_may_go_on: bool
    konnektor_code: int = 0
    konnektor_severity: str = ""
    konnektor_error_type: str = ""
    attempts_left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One wrong field: its path as in the proto (e.g. `documents[0].short_text`) and what is wrong, in German."""

    field: str
    description: str


class AgentError(Exception):
    """Root of everything the agent raises on purpose; carries a Failure, never personal data."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason.value)
        self.failure = failure


class CallerError(AgentError):
    """The caller was wrong; violations name each wrong field."""

    def __init__(self, failure: Failure, violations: tuple[Violation, ...] = ()) -> None:
        super().__init__(failure)
        self.violations = violations


class WorldError(AgentError):
    """The world failed. `sent` is False where it is certain that nothing reached the card."""

    def __init__(self, failure: Failure, *, sent: bool = True) -> None:
        super().__init__(failure)
        self.sent = sent

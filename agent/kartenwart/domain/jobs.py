"""Jobs: work that may wait for a person or outlive its call.

RECEIVED -> READY -> SENT (durable before the first byte goes out) -> SUCCEEDED | FAILED | OUTCOME_UNKNOWN.
CANCELLING is a wish on a SENT job. Ends are final.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kartenwart.domain.failures import Failure


class JobKind(StrEnum):
    """What a job does; names as in kartenwart.api.job.v1.JobKind without the prefix."""

    VERIFY_PIN = "VERIFY_PIN"
    SIGN_DOCUMENTS = "SIGN_DOCUMENTS"
    BIND_USER = "BIND_USER"


class JobState(StrEnum):
    """Where a job stands."""

    RECEIVED = "RECEIVED"
    READY = "READY"
    SENT = "SENT"
    CANCELLING = "CANCELLING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"

    @property
    def ended(self) -> bool:
        """True for the three ends."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.OUTCOME_UNKNOWN)


TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.RECEIVED: frozenset({JobState.READY, JobState.SUCCEEDED, JobState.FAILED}),
    JobState.READY: frozenset({JobState.SENT, JobState.SUCCEEDED, JobState.FAILED}),
    JobState.SENT: frozenset({JobState.CANCELLING, JobState.SUCCEEDED, JobState.FAILED, JobState.OUTCOME_UNKNOWN}),
    JobState.CANCELLING: frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.OUTCOME_UNKNOWN}),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.OUTCOME_UNKNOWN: frozenset(),
}


class JobStep(StrEnum):
    """A step worth telling; names as in kartenwart.api.job.v1.JobStep without the prefix."""

    WAITING_FOR_CARD = "WAITING_FOR_CARD"
    SENT = "SENT"
    PIN_ENTRY = "PIN_ENTRY"
    PIN_ENTRY_FINISHED = "PIN_ENTRY_FINISHED"
    DOCUMENT_SIGNED = "DOCUMENT_SIGNED"
    VERIFYING = "VERIFYING"
    CANCEL_REQUESTED = "CANCEL_REQUESTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """One step. `expected` marks what the agent expects and the Konnektor did not say; `text` is German."""

    step: JobStep
    time: datetime
    text: str
    terminal: str = ""
    terminal_label: str = ""
    expected: bool = False


class PinOutcome(StrEnum):
    """How a PIN entry ended; names as in kartenwart.api.job.v1.PinOutcome without the prefix."""

    VERIFIED = "VERIFIED"
    ALREADY_VERIFIED = "ALREADY_VERIFIED"
    REJECTED = "REJECTED"
    BLOCKED = "BLOCKED"
    ABORTED = "ABORTED"
    TIMED_OUT = "TIMED_OUT"
    CARD_REMOVED = "CARD_REMOVED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyPinResult:
    """Outcome of a PIN entry; attempts_left None means unknown."""

    outcome: PinOutcome
    attempts_left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDocument:
    """One signed document: names, SHA-256 (hex) of input and output, MIME type, signer's certificate (DER)."""

    input: str
    output: str
    input_sha256: str
    output_sha256: str
    mime_type: str
    signer_certificate: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignDocumentsResult:
    """Outcome of SignDocuments, in the order of the request."""

    documents: tuple[SignedDocument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BindUserResult:
    """Outcome of BindUser: the HBA now bound to the user."""

    user: str
    card: str


JobResult = VerifyPinResult | SignDocumentsResult | BindUserResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as stored. Identity is (creator, request_id) plus payload_hash (SHA-256 hex of the canonical request)."""

    name: str
    kind: JobKind
    state: JobState
    creator: str
    request_id: str
    payload_hash: str
    context: str
    mandant: str
    card: str
    created_at: datetime
    updated_at: datetime
    documents: tuple[str, ...] = ()
    job_number: str = ""
    ended_at: datetime | None = None
    progress: tuple[JobProgress, ...] = ()
    failure: Failure | None = None
    result: JobResult | None = None

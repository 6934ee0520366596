"""Jobs: work that may wait for a person or outlive its call.

RECEIVED -> READY -> SENT (durable before the first byte goes out) -> SUCCEEDED | FAILED | OUTCOME_UNKNOWN.
CANCELLING is a wish on a SENT job. Ends are final. A job of several verbs goes from SENT back to READY for each further
one (from READY where one was not needed); its result so far is durable then, so that after a crash nobody asks for what
is done.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kartenwart.domain.failures import Failure
from kartenwart.domain.inventory import Pin


class JobKind(StrEnum):
    """What a job does; names as in kartenwart.api.job.v1.JobKind without the prefix."""

    VERIFY_PIN = "VERIFY_PIN"
    SIGN_DOCUMENTS = "SIGN_DOCUMENTS"
    BIND_USER = "BIND_USER"
    CHANGE_PIN = "CHANGE_PIN"
    UNBLOCK_PIN = "UNBLOCK_PIN"
    ENABLE_PIN = "ENABLE_PIN"
    DISABLE_PIN = "DISABLE_PIN"
    UNLOCK_PRACTICE_CARDS = "UNLOCK_PRACTICE_CARDS"
    ACTIVATE_COMFORT_SIGNATURE = "ACTIVATE_COMFORT_SIGNATURE"
    EXTERNAL_AUTHENTICATE = "EXTERNAL_AUTHENTICATE"
    CREATE_LOGIN_TOKEN = "CREATE_LOGIN_TOKEN"  # noqa: S105  # the name of a kind of job
    REQUEST_CARD = "REQUEST_CARD"
    EJECT_CARD = "EJECT_CARD"


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
    JobState.READY: frozenset({JobState.READY, JobState.SENT, JobState.SUCCEEDED, JobState.FAILED}),
    JobState.SENT: frozenset(
        {JobState.READY, JobState.CANCELLING, JobState.SUCCEEDED, JobState.FAILED, JobState.OUTCOME_UNKNOWN}
    ),
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
    STOP_SENT = "STOP_SENT"
    ROUND_FINISHED = "ROUND_FINISHED"
    CARD_REQUESTED = "CARD_REQUESTED"


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
    DONE = "DONE"
    NOT_ASKED = "NOT_ASKED"


class PinVerb(StrEnum):
    """What is done with a PIN; names as in kartenwart.api.job.v1.PinVerb without the prefix."""

    VERIFY = "VERIFY"
    CHANGE = "CHANGE"
    UNBLOCK = "UNBLOCK"
    ENABLE = "ENABLE"
    DISABLE = "DISABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyPinResult:
    """Outcome of a PIN entry; attempts_left None means unknown."""

    outcome: PinOutcome
    attempts_left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDocument:
    """One document: names, SHA-256 (hex) of input and output, MIME type, signer's certificate (DER).

    `failure` says why there is no signature of it; output, its hash and the certificate are empty then.
    """

    input: str
    output: str
    input_sha256: str
    output_sha256: str
    mime_type: str
    signer_certificate: bytes
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignDocumentsResult:
    """Outcome of SignDocuments: the documents that were reached, in the order of the request."""

    documents: tuple[SignedDocument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BindUserResult:
    """Outcome of BindUser: the HBA now bound to the user."""

    user: str
    card: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PinStep:
    """One PIN entry, or why nobody was asked; attempts_left None means unknown (of UNBLOCK: at the PUK)."""

    verb: PinVerb
    card: str
    context: str
    pin: Pin
    outcome: PinOutcome
    user: str = ""
    attempts_left: int | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PinStepsResult:
    """Outcome of verbs on PINs, in their order; steps that were not reached are not listed."""

    steps: tuple[PinStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComfortResult:
    """What an activated comfort signature allows."""

    card: str
    user: str
    signatures_left: int
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticateResult:
    """A signature for authentication, or a token with one: a document in the vault, never in the database."""

    output: str
    output_sha256: str
    signer_certificate: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CardResult:
    """What RequestCard found or EjectCard let go."""

    card: str
    already_inserted: bool = False


JobResult = (
    VerifyPinResult
    | SignDocumentsResult
    | BindUserResult
    | PinStepsResult
    | ComfortResult
    | AuthenticateResult
    | CardResult
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTimes:
    """Where the time of a job went, in milliseconds, summed over its rounds.

    `queue`: waiting for card, PIN or pad; `konnektor`: on the wire without the person; `person`: at the pad, None where
    the Konnektor told of no begin and end; `checks`: the agent's own, before and after.
    """

    queue: int = 0
    konnektor: int = 0
    person: int | None = None
    checks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as stored. Identity is (creator, request_id) plus payload_hash (SHA-256 hex of the canonical request).

    `back_end` is the Konnektor by which the card is reached, or READERS; empty for jobs of before it was told.
    """

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
    times: JobTimes = JobTimes()
    back_end: str = ""

    @property
    def verbs_sent(self) -> int:
        """Return how many verbs of this job went out, in all its rounds."""
        return sum(1 for one in self.progress if one.step is JobStep.SENT)

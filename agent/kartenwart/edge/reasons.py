"""For every reason: the code on the wire (those of google.rpc.Code) and an English sentence for developers."""

from enum import IntEnum

from kartenwart.domain.failures import Reason


class Code(IntEnum):
    """google.rpc.Code, as gRPC and the JSON door spell it."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


WIRE: dict[Reason, tuple[Code, str]] = {
    Reason.INVALID_ARGUMENT: (Code.INVALID_ARGUMENT, "fields of the request are wrong; see BadRequest"),
    Reason.NOT_FOUND: (Code.NOT_FOUND, "no such resource, or none that the caller may see"),
    Reason.UNAUTHENTICATED: (Code.UNAUTHENTICATED, "the caller is not enrolled here, or its certificate has expired"),
    Reason.ROLE_MISSING: (Code.PERMISSION_DENIED, "the caller's role does not allow this method"),
    Reason.OUT_OF_SCOPE: (Code.PERMISSION_DENIED, "the caller's scope does not contain this context or user"),
    Reason.REQUEST_ID_REUSED: (Code.ALREADY_EXISTS, "request_id was used before with other content"),
    Reason.LIMIT_EXCEEDED: (Code.RESOURCE_EXHAUSTED, "a limit in number, size or rate is exceeded"),
    Reason.CONFLICT: (Code.ABORTED, "the state of the resource does not allow this"),
    Reason.REVOKED: (Code.UNAUTHENTICATED, "the workstation was revoked"),
    Reason.ENROLMENT_CLOSED: (Code.FAILED_PRECONDITION, "enrolment is closed; a technician opens it"),
    Reason.ENROLMENT_CODE_UNKNOWN: (Code.NOT_FOUND, "no pending enrolment has this code"),
    Reason.ENROLMENT_CODE_AMBIGUOUS: (Code.FAILED_PRECONDITION, "two pending enrolments had this code; both refused"),
    Reason.ENROLMENT_REJECTED: (
        Code.FAILED_PRECONDITION,
        "reserved: the state of an enrolment tells it",
    ),
    Reason.ENROLMENT_EXPIRED: (Code.FAILED_PRECONDITION, "the enrolment, its window or its token ran out"),
    Reason.ENROLMENT_PROOF_INVALID: (Code.PERMISSION_DENIED, "the proof does not fit the commitment or the key"),
    Reason.ENROLMENT_TOKEN_INVALID: (Code.PERMISSION_DENIED, "the token is wrong or was used"),
    Reason.ENROLMENT_ATTEMPTS_EXCEEDED: (Code.RESOURCE_EXHAUSTED, "too many attempts at enrolment; wait"),
    Reason.KONNEKTOR_UNREACHABLE: (Code.UNAVAILABLE, "no connection to the Konnektor"),
    Reason.KONNEKTOR_SILENT: (Code.UNAVAILABLE, "the Konnektor does not answer"),
    Reason.KONNEKTOR_ANSWER_INVALID: (Code.UNAVAILABLE, "the Konnektor's answer broke off or cannot be read"),
    Reason.KONNEKTOR_CERTIFICATE_UNTRUSTED: (Code.FAILED_PRECONDITION, "the Konnektor's certificate is not trusted"),
    Reason.KONNEKTOR_CREDENTIALS_REFUSED: (Code.FAILED_PRECONDITION, "the Konnektor refuses the box's credentials"),
    Reason.KONNEKTOR_CLOCK_OFF: (Code.FAILED_PRECONDITION, "the clocks of Konnektor and box differ too much"),
    Reason.KONNEKTOR_CRITICAL: (Code.FAILED_PRECONDITION, "the Konnektor is in a critical operating state"),
    Reason.KONNEKTOR_SERVICE_MISSING: (Code.FAILED_PRECONDITION, "the Konnektor offers no such service or version"),
    Reason.KONNEKTOR_CONTEXT_REFUSED: (Code.FAILED_PRECONDITION, "the Konnektor refuses the configured context"),
    Reason.KONNEKTOR_FAULT: (Code.UNKNOWN, "the Konnektor answered with a fault"),
    Reason.CARD_REMOVED: (Code.FAILED_PRECONDITION, "the card was removed or was never there"),
    Reason.CARD_BUSY: (Code.UNAVAILABLE, "the card or its terminal is busy"),
    Reason.CARD_TYPE_WRONG: (Code.FAILED_PRECONDITION, "not possible with this type of card"),
    Reason.CARD_FAULT: (Code.FAILED_PRECONDITION, "the card does not answer as it should"),
    Reason.CERTIFICATE_MISSING: (Code.FAILED_PRECONDITION, "the card has no such certificate"),
    Reason.TERMINAL_DISCONNECTED: (Code.FAILED_PRECONDITION, "the card terminal is not connected"),
    Reason.CERTIFICATE_RSA_ONLY: (Code.FAILED_PRECONDITION, "the card has RSA keys only; an elliptic curve is needed"),
    Reason.CARD_INVALID: (Code.FAILED_PRECONDITION, "the patient's card is no valid proof of insurance any more"),
    Reason.CARD_NOT_TAKEN: (Code.FAILED_PRECONDITION, "nobody took the card out in time"),
    Reason.CERTIFICATE_EXPIRED: (Code.FAILED_PRECONDITION, "the last day of the card's certificate is over"),
    Reason.CERTIFICATE_EXPIRES_SOON: (Code.FAILED_PRECONDITION, "reserved: states of certificates tell it"),
    Reason.CERTIFICATE_UNCHECKED: (Code.FAILED_PRECONDITION, "reserved: states of certificates tell it"),
    Reason.PIN_REJECTED: (Code.FAILED_PRECONDITION, "the PIN was wrong"),
    Reason.PIN_BLOCKED: (Code.FAILED_PRECONDITION, "the PIN is blocked"),
    Reason.PIN_ABORTED: (Code.FAILED_PRECONDITION, "the person cancelled at the terminal"),
    Reason.PIN_TIMED_OUT: (Code.FAILED_PRECONDITION, "nobody entered the PIN in time"),
    Reason.PIN_TRANSPORT: (Code.FAILED_PRECONDITION, "the PIN still is the transport PIN"),
    Reason.PIN_NOT_VERIFIED: (Code.FAILED_PRECONDITION, "the PIN must be verified first"),
    Reason.PIN_LAST_ATTEMPT: (Code.FAILED_PRECONDITION, "one attempt is left; set accept_last_attempt to go on"),
    Reason.PIN_ATTEMPTS_UNKNOWN: (
        Code.FAILED_PRECONDITION,
        "attempts left unknown; set accept_unknown_attempts to go on",
    ),
    Reason.PIN_NO_TERMINAL: (Code.FAILED_PRECONDITION, "no terminal with a PIN pad serves this workplace"),
    Reason.PIN_NEW_INVALID: (Code.FAILED_PRECONDITION, "the new PIN was entered in two ways or has the wrong length"),
    Reason.CARD_SESSION_FOREIGN: (Code.FAILED_PRECONDITION, "another user's session on the card stands in the way"),
    Reason.PIN_NOT_SET: (Code.FAILED_PRECONDITION, "the PIN is empty or switched off"),
    Reason.PIN_ALREADY_SET: (Code.FAILED_PRECONDITION, "the PIN is no transport PIN; change it without transport_pin"),
    Reason.PUK_REJECTED: (Code.FAILED_PRECONDITION, "the PUK was wrong"),
    Reason.PUK_BLOCKED: (Code.FAILED_PRECONDITION, "the PUK is used up"),
    Reason.DOCUMENT_NOT_PDFA: (Code.INVALID_ARGUMENT, "the PDF does not declare itself as PDF/A"),
    Reason.DOCUMENT_TOO_LARGE: (Code.INVALID_ARGUMENT, "the document is larger than allowed"),
    Reason.DOCUMENT_TYPE_WRONG: (Code.INVALID_ARGUMENT, "the document's type does not fit the signature's format"),
    Reason.DOCUMENT_INCOMPLETE: (Code.FAILED_PRECONDITION, "the document is incomplete or its hash differs"),
    Reason.SIGNATURE_INVALID: (Code.DATA_LOSS, "the returned signature does not verify and was not handed out"),
    Reason.USER_NOT_BOUND: (Code.FAILED_PRECONDITION, "the user is not bound to this HBA; see UserService.BindUser"),
    Reason.JOB_NUMBER_USED: (Code.FAILED_PRECONDITION, "the Konnektor has seen this job number before"),
    Reason.DOCUMENT_PDFA_PART_WRONG: (Code.INVALID_ARGUMENT, "the PDF is neither PDF/A-1 nor PDF/A-2"),
    Reason.DOCUMENTS_MIXED: (Code.INVALID_ARGUMENT, "the documents differ in type or in the form of their signature"),
    Reason.DOCUMENTS_TOO_MANY: (Code.INVALID_ARGUMENT, "more documents than one job may have"),
    Reason.DOCUMENTS_TOO_LARGE: (Code.INVALID_ARGUMENT, "the documents are too large together"),
    Reason.SIGNATURE_STOPPED: (Code.ABORTED, "signing was stopped; what was not finished is discarded"),
    Reason.SIGNATURE_POLICY_NEEDED: (
        Code.INVALID_ARGUMENT,
        "a qualified XAdES signature needs a signature policy, and none is offered; sign as CAdES",
    ),
    Reason.ENCRYPTION_FAILED: (Code.FAILED_PRECONDITION, "the Konnektor could not encrypt the document"),
    Reason.DECRYPTION_FAILED: (Code.FAILED_PRECONDITION, "the document does not open with this card, or is damaged"),
    Reason.RECIPIENT_UNSUITABLE: (Code.INVALID_ARGUMENT, "a recipient's certificate cannot take a document"),
    Reason.COMFORT_NOT_SUPPORTED: (
        Code.FAILED_PRECONDITION,
        "the Konnektor has no SignatureService 7.5, so no comfort signature",
    ),
    Reason.COMFORT_LOGIN_MISSING: (
        Code.FAILED_PRECONDITION,
        "the client system does not authenticate itself to the Konnektor",
    ),
    Reason.COMFORT_DISABLED: (Code.FAILED_PRECONDITION, "the comfort signature is switched off at the Konnektor"),
    Reason.COMFORT_SESSIONS_EXHAUSTED: (
        Code.FAILED_PRECONDITION,
        "the card has no comfort session left; another client system has them",
    ),
    Reason.COMFORT_ENDED: (
        Code.FAILED_PRECONDITION,
        "no comfort session of this user lasts; activate one, or sign without an assertion",
    ),
    Reason.COMFORT_NOT_PERMITTED: (
        Code.PERMISSION_DENIED,
        "the workstation has no right to the comfort signature; a technician gives it",
    ),
    Reason.ASSERTION_MISSING: (
        Code.FAILED_PRECONDITION,
        "a comfort session lasts: every signature needs a person assertion",
    ),
    Reason.ASSERTION_INVALID: (
        Code.PERMISSION_DENIED,
        "the assertion names another user, or its time is more than two minutes off",
    ),
    Reason.ASSERTION_REPLAYED: (Code.PERMISSION_DENIED, "the assertion's nonce was used before"),
    Reason.READER_SERVICE_DOWN: (Code.UNAVAILABLE, "the box's smart card service (pcscd) does not run"),
    Reason.READER_NOT_PERMITTED: (
        Code.FAILED_PRECONDITION,
        "the box may not use the reader; a polkit or udev rule is missing",
    ),
    Reason.READER_NOT_SEEN: (
        Code.FAILED_PRECONDITION,
        "the reader is plugged in, but the smart card service does not see it",
    ),
    Reason.READER_GONE: (Code.FAILED_PRECONDITION, "the reader was unplugged"),
    Reason.READER_FAULT: (Code.FAILED_PRECONDITION, "the reader does not answer as it should"),
    Reason.READER_WITHOUT_PAD: (
        Code.FAILED_PRECONDITION,
        "the reader has no PIN pad; PINs are never taken in software",
    ),
    Reason.KONNEKTOR_NEEDED: (
        Code.FAILED_PRECONDITION,
        "only a Konnektor can do this; the context means the box's own readers",
    ),
    Reason.LABORATORY_ONLY: (
        Code.FAILED_PRECONDITION,
        "a laboratory switch that is off by default; see the configuration of readers",
    ),
    Reason.AGENT_RESTARTED: (Code.ABORTED, "restarted before anything more was sent; the result tells what was done"),
    Reason.OUTCOME_UNKNOWN: (Code.UNKNOWN, "it is unknown whether the card did it; a person must look"),
    Reason.CANCELLED: (Code.CANCELLED, "cancelled before anything more was sent; the result tells what was done"),
    Reason.AGENT_UNAVAILABLE: (Code.UNAVAILABLE, "the agent is stopping or not ready"),
    Reason.STORE_FAILED: (Code.UNAVAILABLE, "the agent's store cannot be written"),
    Reason.INTERNAL: (Code.INTERNAL, "a defect of the agent; the journal has the incident"),
    Reason.UNIMPLEMENTED: (Code.UNIMPLEMENTED, "no such method"),
    Reason.DEADLINE_EXCEEDED: (Code.DEADLINE_EXCEEDED, "the deadline passed; a job goes on"),
}

# Seconds after which a program may try again, where the failure says LATER and nothing more precise is known.
RETRY_AFTER: dict[Reason, float] = {Reason.CARD_BUSY: 2.0, Reason.AGENT_UNAVAILABLE: 2.0, Reason.CONFLICT: 0.5}
RETRY_AFTER_OTHERWISE = 10.0

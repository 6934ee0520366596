"""The stored form of jobs and what is in them.

These names are in databases in the field: a change here needs a step in migrations.
"""

from kartenwart.adapters.store.codec import (
    BYTES,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    Codec,
    enum,
    many,
    one_of,
    optional,
    record,
)
from kartenwart.domain.failures import Failure, Owner, Reason, RetryClass
from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import (
    AuthenticateResult,
    BindUserResult,
    CardResult,
    ComfortResult,
    Job,
    JobKind,
    JobProgress,
    JobState,
    JobStep,
    JobTimes,
    PinOutcome,
    PinStep,
    PinStepsResult,
    PinVerb,
    SignDocumentsResult,
    SignedDocument,
    VerifyPinResult,
)

FAILURE: Codec[Failure] = record(
    Failure,
    reason=enum(Reason),
    title=TEXT,
    next_step=TEXT,
    owner=enum(Owner),
    retry=enum(RetryClass),
    work_may_go_on=FLAG,
    konnektor_code=NUMBER,
    konnektor_severity=TEXT,
    konnektor_error_type=TEXT,
    attempts_left=optional(NUMBER),
)

_PROGRESS: Codec[JobProgress] = record(
    JobProgress, step=enum(JobStep), time=TIME, text=TEXT, terminal=TEXT, terminal_label=TEXT, expected=FLAG
)

_SIGNED: Codec[SignedDocument] = record(
    SignedDocument,
    input=TEXT,
    output=TEXT,
    input_sha256=TEXT,
    output_sha256=TEXT,
    mime_type=TEXT,
    signer_certificate=BYTES,
    failure=optional(FAILURE),
)

_PIN_STEP: Codec[PinStep] = record(
    PinStep,
    verb=enum(PinVerb),
    card=TEXT,
    context=TEXT,
    pin=enum(Pin),
    outcome=enum(PinOutcome),
    user=TEXT,
    attempts_left=optional(NUMBER),
    failure=optional(FAILURE),
)

_RESULT = one_of(
    {
        VerifyPinResult: record(VerifyPinResult, outcome=enum(PinOutcome), attempts_left=optional(NUMBER)),
        SignDocumentsResult: record(SignDocumentsResult, documents=many(_SIGNED)),
        BindUserResult: record(BindUserResult, user=TEXT, card=TEXT),
        PinStepsResult: record(PinStepsResult, steps=many(_PIN_STEP)),
        ComfortResult: record(ComfortResult, card=TEXT, user=TEXT, signatures_left=NUMBER, ends_at=TIME),
        AuthenticateResult: record(AuthenticateResult, output=TEXT, output_sha256=TEXT, signer_certificate=BYTES),
        CardResult: record(CardResult, card=TEXT, already_inserted=FLAG),
    }
)

_TIMES: Codec[JobTimes] = record(JobTimes, queue=NUMBER, konnektor=NUMBER, person=optional(NUMBER), checks=NUMBER)

JOB: Codec[Job] = record(
    Job,
    name=TEXT,
    kind=enum(JobKind),
    state=enum(JobState),
    creator=TEXT,
    request_id=TEXT,
    payload_hash=TEXT,
    context=TEXT,
    mandant=TEXT,
    card=TEXT,
    created_at=TIME,
    updated_at=TIME,
    documents=many(TEXT),
    job_number=TEXT,
    ended_at=optional(TIME),
    progress=many(_PROGRESS),
    failure=optional(FAILURE),
    result=optional(_RESULT),
    times=_TIMES,
    back_end=TEXT,
)

"""The stored form of each value of the domain.

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
    names,
    one_of,
    optional,
    record,
)
from kartenwart.domain.enrolment import EnrolmentToken
from kartenwart.domain.failures import Failure, Owner, Reason, RetryClass
from kartenwart.domain.jobs import (
    BindUserResult,
    Job,
    JobKind,
    JobProgress,
    JobState,
    JobStep,
    PinOutcome,
    SignDocumentsResult,
    SignedDocument,
    VerifyPinResult,
)
from kartenwart.domain.principals import Role, Scope, User, Workstation

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
)

_RESULT = one_of(
    {
        VerifyPinResult: record(VerifyPinResult, outcome=enum(PinOutcome), attempts_left=optional(NUMBER)),
        SignDocumentsResult: record(SignDocumentsResult, documents=many(_SIGNED)),
        BindUserResult: record(BindUserResult, user=TEXT, card=TEXT),
    }
)

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
)

_SCOPE: Codec[Scope] = record(Scope, contexts=many(TEXT), users=many(TEXT), everything=FLAG)

WORKSTATION: Codec[Workstation] = record(
    Workstation,
    name=TEXT,
    label=TEXT,
    role=enum(Role),
    scope=_SCOPE,
    key_sha256=TEXT,
    enrolled_at=TIME,
    expires_at=TIME,
    revoked_at=optional(TIME),
    previous_key_sha256=TEXT,
)

USER: Codec[User] = record(
    User,
    name=TEXT,
    label=TEXT,
    konnektor_user_id=TEXT,
    card=TEXT,
    bound_at=optional(TIME),
    mandants=names(),
)

TOKEN: Codec[EnrolmentToken] = record(
    EnrolmentToken, secret_sha256=TEXT, role=enum(Role), scope=_SCOPE, expires_at=TIME
)

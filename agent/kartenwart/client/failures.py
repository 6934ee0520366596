"""What can go wrong between a program and the box, as one tree.

KartenwartError
├── CallFailed          the box answered: no. `failure` says why and who must act
│   └── JobFailed       the job ended with a failure; `job` is what came back
│       └── OutcomeUnknown  the verb was sent and its answer never came: a person must look
├── BoxUnreachable      nobody answers there, or no longer
├── BoxUntrusted        somebody answers there, but not the box of this profile
├── EnrolmentRefused    the enrolment ended without rights
└── ProfileInvalid      there is no usable profile in that folder
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

from kartenwart.api.failure.v1 import failure_pb2
from kartenwart.api.job.v1 import job_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One wrong field of a request: its path, e.g. "documents[0].short_text", and what is wrong with it."""

    field: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why something failed: `reason`, `owner`, `retry` by name without prefix, `title` and `next_step` in German.

    `attempts_left` is None where unknown, `konnektor_code` 0 where none was given.
    """

    reason: str
    title: str = ""
    next_step: str = ""
    owner: str = "UNSPECIFIED"
    konnektor_code: int = 0
    attempts_left: int | None = None
    retry: str = "UNSPECIFIED"
    work_may_go_on: bool = False
    violations: tuple[Violation, ...] = ()

    @classmethod
    def of(cls, message: failure_pb2.Failure, violations: tuple[Violation, ...] = ()) -> "Failure":
        """Read the message that stands in jobs, conditions and refused calls."""
        return cls(
            reason=_name(failure_pb2.Reason, message.reason, "REASON_"),
            title=message.title,
            next_step=message.next_step,
            owner=_name(failure_pb2.Owner, message.owner, "OWNER_"),
            konnektor_code=message.konnektor_code,
            attempts_left=message.attempts_left if message.HasField("attempts_left") else None,
            retry=_name(failure_pb2.RetryClass, message.retry, "RETRY_CLASS_"),
            work_may_go_on=message.work_may_go_on,
            violations=violations,
        )


class KartenwartError(Exception):
    """Anything that this client raises on purpose."""


class CallFailed(KartenwartError):
    """The box refused a call or could not carry it out; `code` is the name of the gRPC status."""

    def __init__(self, failure: Failure, *, code: str = "", message: str = "") -> None:
        super().__init__(message or failure.title or failure.reason)
        self.failure = failure
        self.code = code

    @property
    def reason(self) -> str:
        """The reason's name without prefix, e.g. "ROLE_MISSING"."""
        return self.failure.reason


class JobFailed(CallFailed):
    """A job ended with a failure."""

    def __init__(self, job: job_pb2.Job) -> None:
        super().__init__(Failure.of(job.failure))
        self.job = job


class OutcomeUnknown(JobFailed):
    """A job's verb was sent and its answer never came. Repeating it takes a person and a new request_id."""


class BoxUnreachable(KartenwartError):
    """Nobody answers at the box's address, or no longer does."""


class BoxUntrusted(KartenwartError):
    """Whoever answers cannot prove to be the box of this profile."""


class EnrolmentRefused(KartenwartError):
    """The enrolment ended without rights: rejected, expired, or the codes differ."""


class ProfileInvalid(KartenwartError):
    """There is no profile in the folder, or none that can be read."""


def ended_well(job: job_pb2.Job) -> job_pb2.Job:
    """Return an ended job that succeeded; raise JobFailed or OutcomeUnknown otherwise."""
    if job.state == job_pb2.JOB_STATE_OUTCOME_UNKNOWN:
        raise OutcomeUnknown(job)
    if job.state == job_pb2.JOB_STATE_FAILED:
        raise JobFailed(job)
    return job


def from_status(raw: bytes, *, code: str, message: str) -> CallFailed:
    """Read "grpc-status-details-bin"; what cannot be read leaves a failure that names only the code."""
    try:
        details: Iterable[Packed] = Status.FromString(raw).details
    except DecodeError:
        details = ()
    return _from_details(details, code=code, message=message)


def from_connect_error(error: Any) -> CallFailed:
    """Read a Connect error: {"code", "message", "details": [{"type", "value"}]}; what is no such thing has no code."""
    error = error if isinstance(error, dict) else {}
    entries = error.get("details")
    details = [packed for entry in (entries if isinstance(entries, list) else ()) if (packed := _unwrapped(entry))]
    return _from_details(details, code=str(error.get("code", "")).upper(), message=str(error.get("message", "")))


def _unwrapped(entry: Any) -> Packed | None:
    if not isinstance(entry, dict):
        return None
    value = str(entry.get("value", ""))
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except ValueError:  # not ASCII, or no base64
        return None
    return Packed(type_url=f"type.googleapis.com/{entry.get('type', '')}", value=raw)


def _from_details(details: Iterable[Packed], *, code: str, message: str) -> CallFailed:
    failure, info, bad = failure_pb2.Failure(), error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    try:
        for packed in details:
            for target in (failure, info, bad):
                packed.Unpack(target)
    except DecodeError:
        return CallFailed(Failure(reason=code), code=code, message=message)
    violations = tuple(Violation(field=v.field, description=v.description) for v in bad.field_violations)
    if failure.reason:
        return CallFailed(Failure.of(failure, violations), code=code, message=message)
    return CallFailed(Failure(reason=info.reason or code, violations=violations), code=code, message=message)


def _name(enum: Any, number: int, prefix: str) -> str:
    """Return the name without prefix; a newer box may use numbers that this client does not know."""
    names: dict[int, str] = {value: name for name, value in enum.items()}
    return names.get(number, f"{prefix}{number}").removeprefix(prefix)

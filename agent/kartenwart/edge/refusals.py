"""What a refused caller is told: one google.rpc.Status, the same for gRPC and JSON, at most 6 KB.

Details, in this order: Failure (ours), ErrorInfo, LocalizedMessage, RetryInfo where a program may try again,
BadRequest with the first violations and a count of the rest. gRPC carries it in a header whose default limit is 8 KB
after base64, hence the cap.
"""

import secrets
from collections.abc import Sequence

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, LocalizedMessage, RetryInfo
from google.rpc.status_pb2 import Status

from kartenwart.domain.catalogue import failure as catalogued
from kartenwart.domain.failures import AgentError, CallerError, Failure, Reason, RetryClass, Violation
from kartenwart.edge.convert.failures import failure_message
from kartenwart.edge.limits import LimitExceeded
from kartenwart.edge.reasons import RETRY_AFTER, RETRY_AFTER_OTHERWISE, WIRE, Code

DOMAIN = "kartenwart"
LOCALE = "de-DE"
MOST_BYTES = 6 * 1024
MOST_DESCRIPTION = 300


class Refused(Exception):
    """The answer to a call that is not carried out, or failed."""

    def __init__(self, status: Status, reason: Reason) -> None:
        super().__init__(reason.value)
        self.status = status
        self.reason = reason

    @property
    def code(self) -> Code:
        """Return the code of the status."""
        return Code(self.status.code)


def refusal(error: AgentError) -> Refused:
    """Return what a caller is told of an error that was raised on purpose."""
    violations = error.violations if isinstance(error, CallerError) else ()
    retry_after = error.retry_after if isinstance(error, LimitExceeded) else None
    return refuse(error.failure, violations=violations, retry_after=retry_after)


def refuse(
    failure: Failure,
    *,
    violations: Sequence[Violation] = (),
    retry_after: float | None = None,
    incident: str = "",
) -> Refused:
    """Return what a caller is told; `retry_after` in seconds."""
    code, english = WIRE[failure.reason]
    status = Status(code=code, message=f"{failure.reason}: {english}")
    _add(status, failure_message(failure))
    _add(status, ErrorInfo(reason=failure.reason, domain=DOMAIN, metadata=_metadata(failure, violations, incident)))
    _add(status, LocalizedMessage(locale=LOCALE, message=f"{failure.title} {failure.next_step}"))
    if failure.retry is RetryClass.LATER:
        _add(status, RetryInfo(retry_delay=_duration(failure.reason, retry_after)))
    if violations:
        _add(status, _bad_request(violations, MOST_BYTES - status.ByteSize() - 64))
    return Refused(status, failure.reason)


def unexpected() -> tuple[Refused, str]:
    """Return what a caller is told of a defect, and the random incident id that the journal carries too."""
    incident = secrets.token_hex(6)
    return refuse(catalogued(Reason.INTERNAL), incident=incident), incident


def _add(status: Status, detail: Message) -> None:
    status.details.add().Pack(detail)


def _metadata(failure: Failure, violations: Sequence[Violation], incident: str) -> dict[str, str]:
    facts = {
        "konnektor_code": str(failure.konnektor_code) if failure.konnektor_code else "",
        "konnektor_severity": failure.konnektor_severity,
        "konnektor_error_type": failure.konnektor_error_type,
        "attempts_left": "" if failure.attempts_left is None else str(failure.attempts_left),
        "violations": str(len(violations)) if violations else "",
        "incident": incident,
    }
    return {name: value[:MOST_DESCRIPTION] for name, value in facts.items() if value}


def _duration(reason: Reason, retry_after: float | None) -> Duration:
    seconds = RETRY_AFTER.get(reason, RETRY_AFTER_OTHERWISE) if retry_after is None else retry_after
    message = Duration()
    message.FromMilliseconds(max(1, round(seconds * 1000)))
    return message


def _bad_request(violations: Sequence[Violation], room: int) -> BadRequest:
    """Return as many violations as fit into `room` bytes; the last says how many are missing."""
    message = BadRequest()
    for number, violation in enumerate(violations):
        entry = BadRequest.FieldViolation(
            field=violation.field[:MOST_DESCRIPTION], description=violation.description[:MOST_DESCRIPTION]
        )
        rest = len(violations) - number
        if message.ByteSize() + entry.ByteSize() + 128 > room:
            message.field_violations.add(field="", description=f"… und {rest} weitere Felder.")
            return message
        message.field_violations.append(entry)
    return message

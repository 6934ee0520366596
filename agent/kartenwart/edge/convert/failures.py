"""A domain failure as the message that stands in jobs, conditions and refused calls."""

from kartenwart.api.failure.v1 import failure_pb2
from kartenwart.domain.failures import Failure, Owner, Reason, RetryClass
from kartenwart.edge.convert.basics import EnumTable

REASONS = EnumTable(failure_pb2.Reason, "REASON", Reason)
OWNERS = EnumTable(failure_pb2.Owner, "OWNER", Owner)
RETRIES = EnumTable(failure_pb2.RetryClass, "RETRY_CLASS", RetryClass)


def failure_message(failure: Failure) -> failure_pb2.Failure:
    """Return the message; attempts_left stays absent where unknown."""
    return failure_pb2.Failure(
        reason=REASONS.number(failure.reason),
        title=failure.title,
        next_step=failure.next_step,
        owner=OWNERS.number(failure.owner),
        konnektor_code=failure.konnektor_code,
        konnektor_severity=failure.konnektor_severity,
        konnektor_error_type=failure.konnektor_error_type,
        attempts_left=failure.attempts_left,
        retry=RETRIES.number(failure.retry),
        work_may_go_on=failure.work_may_go_on,
    )

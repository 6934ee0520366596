import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, LocalizedMessage, RetryInfo
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.api.failure.v1.failure_pb2 import OWNER_CARD_ISSUER, REASON_PIN_BLOCKED
from kartenwart.api.failure.v1.failure_pb2 import Failure as FailureMessage
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Owner, Reason, RetryClass, Violation
from kartenwart.edge.convert.failures import OWNERS, RETRIES
from kartenwart.edge.limits import LimitExceeded
from kartenwart.edge.reasons import WIRE, Code
from kartenwart.edge.refusals import MOST_BYTES, Refused, refusal, refuse, unexpected


def detail(refused: Refused, kind: type[Message]) -> Message | None:
    for packed in refused.status.details:
        if packed.TypeName() == kind.DESCRIPTOR.full_name:
            message = kind()
            packed.Unpack(message)
            return message
    return None


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_code_and_all_details(reason: Reason) -> None:
    refused = refuse(failure(reason))
    assert refused.code is not Code.OK
    assert refused.status.message.startswith(f"{reason.value}: ")
    info = detail(refused, ErrorInfo)
    assert isinstance(info, ErrorInfo)
    assert (info.reason, info.domain) == (reason.value, "kartenwart")
    words = detail(refused, LocalizedMessage)
    assert isinstance(words, LocalizedMessage)
    assert words.locale == "de-DE"
    assert words.message.startswith(failure(reason).title)
    again = detail(refused, RetryInfo)
    assert (again is not None) == (failure(reason).retry is RetryClass.LATER)
    assert refused.status.ByteSize() <= MOST_BYTES


def test_every_reason_has_a_line_in_the_table_and_every_owner_and_retry_a_number() -> None:
    assert set(WIRE) == set(Reason)
    assert len({OWNERS.number(owner) for owner in Owner}) == len(Owner)
    assert len({RETRIES.number(retry) for retry in RetryClass}) == len(RetryClass)


def test_our_own_failure_carries_code_severity_and_attempts() -> None:
    refused = refuse(failure(Reason.PIN_BLOCKED, code=4063, severity="Error", error_type="Technical", attempts_left=0))
    message = detail(refused, FailureMessage)
    assert isinstance(message, FailureMessage)
    assert message.reason == REASON_PIN_BLOCKED
    assert (message.konnektor_code, message.konnektor_severity, message.konnektor_error_type) == (
        4063,
        "Error",
        "Technical",
    )
    assert message.HasField("attempts_left")
    assert message.attempts_left == 0
    info = detail(refused, ErrorInfo)
    assert isinstance(info, ErrorInfo)
    assert dict(info.metadata) == {
        "konnektor_code": "4063",
        "konnektor_severity": "Error",
        "konnektor_error_type": "Technical",
        "attempts_left": "0",
    }


def test_unknown_attempts_stay_absent() -> None:
    message = detail(refuse(failure(Reason.PIN_REJECTED)), FailureMessage)
    assert isinstance(message, FailureMessage)
    assert not message.HasField("attempts_left")
    assert message.owner != OWNER_CARD_ISSUER


@given(st.integers(min_value=0, max_value=400), st.text(max_size=400))
def test_details_stay_under_the_cap_and_count_what_is_left_out(count: int, words: str) -> None:
    violations = tuple(Violation(field=f"documents[{number}].short_text", description=words) for number in range(count))
    refused = refusal(CallerError(failure(Reason.INVALID_ARGUMENT), violations))
    assert refused.status.ByteSize() <= MOST_BYTES
    bad = detail(refused, BadRequest)
    assert (bad is not None) == (count > 0)
    if isinstance(bad, BadRequest) and len(bad.field_violations) < count:
        shown = len(bad.field_violations) - 1
        assert bad.field_violations[-1].description == f"… und {count - shown} weitere Felder."


def test_a_limit_says_when_to_come_back() -> None:
    again = detail(refusal(LimitExceeded(1.5)), RetryInfo)
    assert isinstance(again, RetryInfo)
    assert again.retry_delay.ToMilliseconds() == 1500


def test_incidents_are_random_and_carry_nothing_else() -> None:
    (refused, first), (_, second) = unexpected(), unexpected()
    assert first != second
    info = detail(refused, ErrorInfo)
    assert isinstance(info, ErrorInfo)
    assert dict(info.metadata) == {"incident": first}

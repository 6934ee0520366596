"""A refused call says why, whatever came over the wire."""

import base64

from google.protobuf.message import Message
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.api.failure.v1 import failure_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.client.failures import Violation, ended_well, from_connect_error, from_status

FAILURE = failure_pb2.Failure(
    reason=failure_pb2.REASON_PIN_LAST_ATTEMPT,
    title="Nur noch ein Versuch.",
    next_step="Fragen Sie nach.",
    owner=failure_pb2.OWNER_PRACTICE,
    konnektor_code=4085,
    attempts_left=1,
    retry=failure_pb2.RETRY_CLASS_BY_PERSON,
)
BAD = error_details_pb2.BadRequest(
    field_violations=[
        error_details_pb2.BadRequest.FieldViolation(field="documents[0].short_text", description="zu lang")
    ]
)


def packed(*details: Message) -> bytes:
    status = Status(code=9, message="m")
    for detail in details:
        status.details.add().Pack(detail)
    return status.SerializeToString()


def test_all_that_the_box_says_arrives() -> None:
    error = from_status(packed(FAILURE, BAD), code="FAILED_PRECONDITION", message="m")
    assert (error.reason, error.code, error.failure.title) == ("PIN_LAST_ATTEMPT", "FAILED_PRECONDITION", FAILURE.title)
    assert (error.failure.owner, error.failure.retry, error.failure.konnektor_code) == ("PRACTICE", "BY_PERSON", 4085)
    assert error.failure.attempts_left == 1
    assert error.failure.violations == (Violation(field="documents[0].short_text", description="zu lang"),)


def test_unknown_attempts_stay_unknown() -> None:
    failure = failure_pb2.Failure(reason=failure_pb2.REASON_PIN_REJECTED)
    assert from_status(packed(failure), code="X", message="").failure.attempts_left is None


def test_a_reason_of_a_newer_box_is_told_by_its_number() -> None:
    failure = failure_pb2.Failure(reason=999, title="Neu")  # type: ignore[arg-type]
    assert from_status(packed(failure), code="X", message="").reason == "999"


def test_without_our_own_message_the_error_info_tells_the_reason() -> None:
    info = error_details_pb2.ErrorInfo(reason="ROLE_MISSING", domain="kartenwart")
    assert from_status(packed(info), code="PERMISSION_DENIED", message="").reason == "ROLE_MISSING"


@given(st.binary(max_size=300))
def test_garbage_leaves_the_code(raw: bytes) -> None:
    assert from_status(raw, code="INTERNAL", message="m").code == "INTERNAL"


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.text(max_size=20) | st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20)), max_size=3),
    )
)
def test_any_connect_error_is_a_refusal(document: dict[str, object]) -> None:
    assert isinstance(from_connect_error(document).failure.reason, str)


@given(value=st.text(max_size=40), kind=st.text(max_size=40))
def test_unreadable_connect_details_are_passed_over(value: str, kind: str) -> None:
    assert from_connect_error({"code": "internal", "details": [{"type": kind, "value": value}]}).code == "INTERNAL"


def test_connect_details_come_with_and_without_padding() -> None:
    raw = base64.b64encode(FAILURE.SerializeToString()).decode()
    for value in (raw, raw.rstrip("=")):
        entry = {"type": "kartenwart.api.failure.v1.Failure", "value": value}
        assert from_connect_error({"code": "failed_precondition", "details": [entry]}).reason == "PIN_LAST_ATTEMPT"


def test_a_job_that_runs_or_succeeded_is_no_failure() -> None:
    job = job_pb2.Job(state=job_pb2.JOB_STATE_SUCCEEDED)
    assert ended_well(job) is job

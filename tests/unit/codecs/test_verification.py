from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap import verification
from kartenwart.codecs.soap.exchange import CallContext
from kartenwart.codecs.soap.fault import Fault
from kartenwart.codecs.soap.namespaces import SIGNATURES_7_5, SOAP
from kartenwart.domain.verification import SignedForm, TimestampType, VerificationOrder, VerificationResult

ASKED = verification.verify_document(
    CallContext(mandant="m", client_system="c", workplace="w"),
    order=VerificationOrder(form=SignedForm.PDF, mime_type="application/pdf", document=b"pdf"),
    namespace=SIGNATURES_7_5,
)


def answer(
    result: str = "VALID", kind: str = "SYSTEM_TIMESTAMP", when: str = "2026-01-02T03:04:05Z", more: str = ""
) -> bytes:
    return (
        f'<S:Envelope xmlns:S="{SOAP}"><S:Body><V:VerifyDocumentResponse xmlns:V="{SIGNATURES_7_5}">'
        f"<V:VerificationResult><V:HighLevelResult>{result}</V:HighLevelResult><V:TimestampType>{kind}</V:TimestampType>"
        f"<V:Timestamp>{when}</V:Timestamp></V:VerificationResult>{more}</V:VerifyDocumentResponse></S:Body></S:Envelope>"
    ).encode()


@pytest.mark.parametrize("result", list(VerificationResult))
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("SIGNATURE_EMBEDDED_TIMESTAMP", TimestampType.SIGNATURE_EMBEDDED),
        ("QUALIFIED_TIMESTAMP", TimestampType.QUALIFIED),
        ("USER_DEFINED_TIMESTAMP", TimestampType.USER_DEFINED),
        ("SYSTEM_TIMESTAMP", TimestampType.SYSTEM),
    ],
)
def test_every_result_is_read(result: VerificationResult, kind: str, expected: TimestampType) -> None:
    said = ASKED.decode(answer(result.value, kind))
    assert not isinstance(said, Fault)
    assert (said.result, said.timestamp_type, said.report) == (result, expected, b"")
    assert said.timestamp == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_the_report_is_a_document_of_its_own() -> None:
    report = f'<R:VerificationReport xmlns:R="{verification.REPORT}"><R:x>ä</R:x></R:VerificationReport>'
    said = ASKED.decode(answer(more=f"<V:OptionalOutputs>{report}</V:OptionalOutputs>"))
    assert not isinstance(said, Fault)
    assert said.report.startswith(b"<?xml")
    assert "ä".encode() in said.report


@pytest.mark.parametrize(
    "wrong", [answer("MAYBE"), answer(kind="NEVER"), answer(when="yesterday"), answer(when="2026-01-02T03:04:05")]
)
def test_what_no_konnektor_says_is_malformed(wrong: bytes) -> None:
    with pytest.raises(MalformedError):
        ASKED.decode(wrong)


@given(st.integers(0, 700), st.binary(max_size=40))
def test_a_broken_answer_is_malformed_and_nothing_worse(cut: int, more: bytes) -> None:
    whole = answer()
    try:
        ASKED.decode(whole[:cut] + more)
    except MalformedError:
        return
    assert cut >= len(whole)

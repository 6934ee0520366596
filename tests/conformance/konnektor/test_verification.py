"""VerifyDocument and StopSignature as they are asked for are valid by the official schemas."""

from pathlib import Path

import pytest

from kartenwart.codecs.soap import signatures, verification
from kartenwart.codecs.soap.namespaces import SIGNATURES_7_4, SIGNATURES_7_5
from kartenwart.domain.verification import SignedForm, VerificationOrder
from tests.conformance.konnektor.test_requests import DOCTOR, PRACTICE, check, load

ORDERS = [
    VerificationOrder(form=SignedForm.PDF, mime_type="application/pdf", document=b"pdf"),
    VerificationOrder(form=SignedForm.XML, mime_type="text/xml", document=b"<a/>"),
    VerificationOrder(form=SignedForm.CMS, mime_type="", signature=b"cms"),
    VerificationOrder(form=SignedForm.CMS, mime_type="text/plain", document=b"text", signature=b"cms"),
]


@pytest.mark.parametrize(
    ("schema", "namespace"),
    [
        ("SignatureService.xsd", SIGNATURES_7_4),
        ("SignatureService_V7_4_4.xsd", SIGNATURES_7_4),
        ("SignatureService_V7_5_5.xsd", SIGNATURES_7_5),
        ("SignatureService_V7_5_6.xsd", SIGNATURES_7_5),
    ],
)
def test_verify_document_and_stop_signature(shared: Path, schema: str, namespace: str) -> None:
    loaded = load(shared, schema)
    for order in ORDERS:
        check(loaded, verification.verify_document(PRACTICE, order=order, namespace=namespace))
    check(loaded, signatures.stop_signature(DOCTOR, job_number="ABC-123", namespace=namespace))

"""Signatures of XML in XML: what cannot be signed so is refused before a job is made, with words for why."""

from dataclasses import replace

import pytest

from kartenwart.domain.documents import DocumentToSign, SignatureFormat
from kartenwart.domain.failures import Reason
from kartenwart.domain.jobs import JobState
from kartenwart.domain.ports.konnektor import Signature, Signed
from kartenwart.operations.signatures import SignDocumentsOrder
from tests.unit.operations.practice import DESK, HBA, SMCB, Practice, named
from tests.unit.operations.test_signatures import SIG, doctor, ready, refusal, signed, uploaded

ENVELOPED, ENVELOPING = SignatureFormat.XADES_ENVELOPED, SignatureFormat.XADES_ENVELOPING
REMARKED = b"<a/><!-- remark -->"


async def xml(practice: Practice, data: bytes, form: SignatureFormat, mime: str = "text/xml") -> SignDocumentsOrder:
    ready(practice)
    wanted = DocumentToSign(document=await uploaded(practice, data, mime), format=form, short_text="XML")
    practice.konnektor.answer = Signed(signatures=(Signature(data=b"signed " + data + SIG),))
    return SignDocumentsOrder(request_id="r-1", card=named(SMCB), context=DESK, user="", documents=(wanted,))


@pytest.mark.parametrize(
    ("data", "mime", "form", "field"),
    [
        (b"no xml", "text/xml", ENVELOPED, "documents[0].document"),
        (b"<a/>", "text/plain", ENVELOPED, "documents[0].format"),
        (REMARKED, "text/xml", ENVELOPING, "documents[0].document"),
    ],
)
async def test_what_is_no_xml_to_sign_is_refused(
    practice: Practice, data: bytes, mime: str, form: SignatureFormat, field: str
) -> None:
    wrong = await refusal(practice, await xml(practice, data, form, mime))
    assert (wrong.failure.reason, wrong.violations[0].field) == (Reason.DOCUMENT_TYPE_WRONG, field)


@pytest.mark.parametrize(("data", "form"), [(REMARKED, ENVELOPED), (b"<a/>", ENVELOPING)])
async def test_remarks_beside_the_root_are_signed_in_the_document_only(
    practice: Practice, data: bytes, form: SignatureFormat
) -> None:
    assert (await signed(practice, await xml(practice, data, form))).state is JobState.SUCCEEDED


@pytest.mark.parametrize("form", [ENVELOPED, ENVELOPING])
async def test_a_qualified_one_has_a_reason_of_its_own(practice: Practice, form: SignatureFormat) -> None:
    await doctor(practice)
    plain = await xml(practice, b"<a/>", form)
    wrong = await refusal(practice, replace(plain, card=named(HBA), user="users/arzt1"))
    assert (wrong.failure.reason, wrong.violations[0].field) == (Reason.SIGNATURE_POLICY_NEEDED, "documents[0].format")
    assert practice.konnektor.asked == []

"""Many documents in one job at a Konnektor that asks for the PIN after every two, and verification of what came."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from firmware_sim.signing import make_pdf
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.signature.v1 import document_verification_service_pb2 as verification_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.client import CallFailed
from tests.integration.practice.desk import (
    AT_THE_DOCTOR,
    AT_THE_RECEPTION,
    EMPFANG,
    bound,
    entered,
    pin_entry,
    signature,
    signed,
    steps,
    why,
)
from tests.integration.practice.staff import Staffed, many_cards, staffed
from tests.practice import practice

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("practice-batches"),
]

FALK = "users/falk"
CADES = signature_pb2.SIGNATURE_FORMAT_CADES_DETACHED
ENVELOPING = signature_pb2.SIGNATURE_FORMAT_CADES_ENVELOPING


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="staff")
async def _staff(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staffed]:
    folder = tmp_path_factory.mktemp("practice")
    portions = ("signature_seconds = 0.1", "signature_seconds = 0.05\nsignatures_per_pin = 2")
    async with practice(folder, many_cards(folder, portions)) as here, staffed(here, ("falk", "fremd")) as staff:
        await bound(here, staff.box, await here.card(staff.box, "HBA", "0206"), FALK)
        await here.simulator.plays(AT_THE_RECEPTION, {"action": "type_right"})
        await entered(staff.box, pin_entry(await here.card(staff.box, "SMC_B", "0101"), context=EMPFANG))
        yield staff


async def wanted(
    staff: Staffed, count: int, form: signature_pb2.SignatureFormat.ValueType = CADES
) -> list[signature_pb2.DocumentToSign]:
    names = [(await staff.box.documents.upload(b"Brief %d" % number, "text/plain")).name for number in range(count)]
    return [signature_pb2.DocumentToSign(document=name, format=form, short_text="Brief") for name in names]


async def test_a_batch_asks_for_the_pin_as_often_as_the_konnektor_wants(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba, before = await here.card(box, "HBA", "0206"), await here.simulator.counts("hba-falk")
    await here.simulator.plays(AT_THE_DOCTOR, default="type_right")
    job = await signed(box, signature(hba, "", FALK, documents=await wanted(staff, 5)))
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED
    assert len({one.output for one in job.sign_documents.documents}) == 5
    after = await here.simulator.counts("hba-falk")
    assert after["pin_prompts"] == before["pin_prompts"] + 3
    assert after["sign_document_calls"] == before["sign_document_calls"] + 1
    assert steps(job).count(job_pb2.JOB_STEP_PIN_ENTRY) >= 3
    assert any("von 5 Dokumenten" in one.text for one in job.progress)


async def test_a_stop_keeps_what_was_finished_before_the_new_pin_entry(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba, before = await here.card(box, "HBA", "0206"), await here.simulator.counts("hba-falk")
    await here.simulator.plays(AT_THE_DOCTOR, {"action": "type_right"})
    documents = await wanted(staff, 5)
    job = await box.signatures.start(signature(hba, "", FALK, documents=documents))
    async with asyncio.timeout(20):
        while (await here.simulator.counts("hba-falk"))["signatures"] < before["signatures"] + 2:
            await asyncio.sleep(0.05)
        pad = await here.simulator.prompt(AT_THE_DOCTOR)
        assert (await box.jobs.cancel(job.name)).state == job_pb2.JOB_STATE_CANCELLING
        while job_pb2.JOB_STEP_STOP_SENT not in steps(await box.jobs.get(job.name)):
            await asyncio.sleep(0.05)
    assert pad["prompt"]
    await here.simulator.do(f"/pads/{AT_THE_DOCTOR}/type", pin="271828")
    ended = await box.jobs.follow(job)
    assert (ended.state, why(ended).reason) == (job_pb2.JOB_STATE_FAILED, "SIGNATURE_STOPPED")
    assert [bool(one.output) for one in ended.sign_documents.documents] == [True, True, False, False, False]
    assert (await here.simulator.counts("hba-falk"))["signatures"] == before["signatures"] + 2
    first = ended.sign_documents.documents[0]
    assert await box.documents.download(first.output, first.output_sha256)


async def test_one_spoilt_signature_of_a_batch_is_not_handed_out(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    smcb = await here.card(box, "SMC_B", "0101")
    await here.simulator.fault("SignDocument", "corrupt_signature", document=2)
    job = await signed(box, signature(smcb, "", context=EMPFANG, documents=await wanted(staff, 3)))
    assert (job.state, why(job).reason) == (job_pb2.JOB_STATE_FAILED, "SIGNATURE_INVALID")
    assert [bool(one.output) for one in job.sign_documents.documents] == [True, False, True]


async def verified(staff: Staffed, content: bytes, mime_type: str, beside: bytes = b"") -> tuple[str, bytes]:
    box = staff.box
    document = (await box.documents.upload(content, mime_type)).name
    other = (await box.documents.upload(beside, "application/octet-stream")).name if beside else ""
    said = await box.verifications.verify(document, signature=other, context=EMPFANG)
    report = await box.documents.download(said.report, said.report_sha256)
    result = verification_pb2.VerificationResult.Name(said.result).removeprefix("VERIFICATION_RESULT_")
    return result, report


async def test_the_konnektor_verifies_what_its_cards_have_signed(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    smcb = await here.card(box, "SMC_B", "0101")
    for form in (CADES, ENVELOPING):
        job = await signed(box, signature(smcb, "", context=EMPFANG, documents=await wanted(staff, 1, form)))
        one = job.sign_documents.documents[0]
        cms = await box.documents.download(one.output, one.output_sha256)
        if form == CADES:
            assert (await verified(staff, b"Brief 0", "text/plain", cms))[0] == "VALID"
            assert (await verified(staff, b"Brief 1", "text/plain", cms))[0] == "INVALID"
        else:
            result, report = await verified(staff, cms, "application/octet-stream")
            assert (result, b"VerificationReport" in report) == ("VALID", True)
    letter = (await box.documents.upload(make_pdf("pdfa2"), "application/pdf")).name
    job = await signed(box, signature(smcb, letter, context=EMPFANG))
    one = job.sign_documents.documents[0]
    pdf = await box.documents.download(one.output, one.output_sha256)
    assert (await verified(staff, pdf, "application/pdf"))[0] == "VALID"


async def test_where_there_is_no_signature_the_konnektor_says_so(staff: Staffed) -> None:
    with pytest.raises(CallFailed) as none:
        await verified(staff, make_pdf("pdfa2"), "application/pdf")
    assert none.value.failure.konnektor_code == 4253


XML = b'<a xmlns="urn:x"><!-- remark --><b>text</b></a>'
XADES = [signature_pb2.SIGNATURE_FORMAT_XADES_ENVELOPED, signature_pb2.SIGNATURE_FORMAT_XADES_ENVELOPING]


@pytest.mark.parametrize("form", XADES)
async def test_xml_is_signed_as_xades_by_the_practice_s_card(
    staff: Staffed, form: signature_pb2.SignatureFormat.ValueType
) -> None:
    here, box = staff.practice, staff.box
    smcb = await here.card(box, "SMC_B", "0101")
    document = (await box.documents.upload(XML, "text/xml")).name
    job = await signed(box, signature(smcb, document, context=EMPFANG, form=form))
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED
    one = job.sign_documents.documents[0]
    xml = await box.documents.download(one.output, one.output_sha256)
    assert (one.mime_type, b"<!-- remark -->" in xml) == ("text/xml", True)
    assert (await verified(staff, xml, "text/xml"))[0] == "VALID"
    await here.simulator.fault("SignDocument", "corrupt_signature")
    document = (await box.documents.upload(XML, "text/xml")).name
    spoilt = await signed(box, signature(smcb, document, context=EMPFANG, form=form))
    assert (why(spoilt).reason, spoilt.sign_documents.documents[0].output) == ("SIGNATURE_INVALID", "")


async def test_xades_is_refused_before_anyone_is_asked_where_it_cannot_be(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    before = await here.simulator.counts("hba-falk")
    hba, smcb = await here.card(box, "HBA", "0206"), await here.card(box, "SMC_B", "0101")
    for card, user, content, mime_type in (
        (hba, FALK, XML, "text/xml"),
        (smcb, "", b"<a>", "text/xml"),
        (smcb, "", b"text", "text/plain"),
    ):
        document = (await box.documents.upload(content, mime_type)).name
        with pytest.raises(CallFailed) as refused:
            await box.signatures.start(signature(card, document, user, context=EMPFANG, form=XADES[0]))
        assert refused.value.reason in ("DOCUMENT_TYPE_WRONG", "SIGNATURE_POLICY_NEEDED")
    assert await here.simulator.counts("hba-falk") == before

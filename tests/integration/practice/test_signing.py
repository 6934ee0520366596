"""Signatures in trouble: refused before anyone is asked, spoilt, lost, or several at once; nothing goes out twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from firmware_sim.signing import make_pdf
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.client import CallFailed
from tests.integration.practice.desk import (
    AT_THE_DOCTOR,
    AT_THE_RECEPTION,
    EMPFANG,
    assert_for_people,
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
    pytest.mark.xdist_group("practice-signing"),
]

PDF = "application/pdf"
CADES = signature_pb2.SIGNATURE_FORMAT_CADES_DETACHED
FEW_AT_ONCE = "[konnektors.k1]\ncalls_per_practice_card = 4\n"
USERS = {"falk": "0206", "gerth": "0207", "horn": "0208", "isa": "0209", "jahn": "0210"}
FALK, GERTH = "users/falk", "users/gerth"
MEGABYTES_25 = 25 * 1024 * 1024


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="staff")
async def _staff(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staffed]:
    folder = tmp_path_factory.mktemp("practice")
    async with practice(folder, many_cards(folder), FEW_AT_ONCE) as here, staffed(here, (*USERS, "fremd")) as staff:
        for user, tail in USERS.items():
            await bound(here, staff.box, await here.card(staff.box, "HBA", tail), f"users/{user}")
        await here.simulator.plays(AT_THE_RECEPTION, {"action": "type_right"})
        smcb = await here.card(staff.box, "SMC_B", "0101")
        await entered(staff.box, pin_entry(smcb, context=EMPFANG))
        yield staff


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _quiet(staff: Staffed) -> AsyncIterator[None]:
    """Every test begins and ends with pads that ask nobody."""
    for pad in (AT_THE_DOCTOR, AT_THE_RECEPTION):
        await staff.practice.simulator.plays(pad)
    yield
    for pad in (AT_THE_DOCTOR, AT_THE_RECEPTION):
        assert not (await staff.practice.simulator.ask(f"/pads/{pad}"))["prompt"]
    await staff.practice.simulator.do("/konnektors/konnektor/faults", "DELETE")


@pytest.fixture(scope="module")
def letter() -> bytes:
    """A doctor's letter that is PDF/A-2b."""
    return make_pdf("pdfa2")


async def test_progress_follows_a_signature(staff: Staffed, letter: bytes) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    await here.simulator.plays(AT_THE_DOCTOR, {"action": "type_right", "after": 0.3})
    document = await box.documents.upload(letter, PDF)
    job = await signed(box, signature(hba, document.name, FALK))
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED
    told = steps(job)
    order = [
        job_pb2.JOB_STEP_SENT,
        job_pb2.JOB_STEP_PIN_ENTRY,
        job_pb2.JOB_STEP_DOCUMENT_SIGNED,
        job_pb2.JOB_STEP_VERIFYING,
    ]
    assert [told.index(step) for step in order if step in told] == sorted(told.index(s) for s in order if s in told)
    assert {job_pb2.JOB_STEP_SENT, job_pb2.JOB_STEP_PIN_ENTRY, job_pb2.JOB_STEP_VERIFYING} <= set(told)
    assert (await here.simulator.counts("hba-falk"))["job_numbers"][-1] == job.job_number
    assert not any("QES" in one.text and "Sprechzimmer" not in one.text for one in job.progress)
    result = job.sign_documents.documents[0]
    assert (await box.documents.download(result.output, result.output_sha256)).startswith(letter)


@pytest.mark.parametrize(
    ("act", "reason", "left"),
    [
        ("type_wrong", "PIN_REJECTED", 2),
        ("cancel", "PIN_ABORTED", None),
        ("silent", "PIN_TIMED_OUT", None),
        ("pull_card", "CARD_FAULT", None),
    ],
)
async def test_each_end_without_a_signature_is_told(
    staff: Staffed, letter: bytes, act: str, reason: str, left: int | None
) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0207")
    before = await here.simulator.counts("hba-gerth")
    await here.simulator.plays(AT_THE_DOCTOR, {"action": act, "after": 0.2}, {"action": "type_right"})
    document = await box.documents.upload(letter, PDF)
    job = await signed(box, signature(hba, document.name, GERTH))
    assert job.state == job_pb2.JOB_STATE_FAILED
    failure = why(job)
    assert (failure.reason, failure.attempts_left) == (reason, left)
    assert not job.sign_documents.documents
    after = await here.simulator.counts("hba-gerth")
    assert after["sign_document_calls"] == before["sign_document_calls"] + 1
    assert after["signatures"] == before["signatures"]
    if act == "pull_card":
        await here.simulator.do("/cards/hba-gerth/insert", terminal=AT_THE_DOCTOR, slot=7)
    with pytest.raises(CallFailed) as gone:
        await box.documents.download(document.name, document.sha256)
    assert gone.value.reason == "NOT_FOUND"


@pytest.mark.parametrize(
    ("user", "reason"), [("horn", "PIN_LAST_ATTEMPT"), ("isa", "PIN_TRANSPORT"), ("jahn", "PIN_BLOCKED")]
)
async def test_where_no_signature_is_possible_nobody_is_asked(
    staff: Staffed, letter: bytes, user: str, reason: str
) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", USERS[user])
    document = await box.documents.upload(letter, PDF)
    job = await signed(box, signature(hba, document.name, f"users/{user}"))
    assert why(job).reason == reason
    assert (await here.simulator.counts(f"hba-{user}"))["sign_document_calls"] == 0


@pytest.mark.parametrize("form", [signature_pb2.SIGNATURE_FORMAT_PADES, CADES])
async def test_a_signature_that_does_not_verify_is_not_handed_out(
    staff: Staffed, letter: bytes, form: signature_pb2.SignatureFormat.ValueType
) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    before = await here.simulator.counts("hba-falk")
    await here.simulator.plays(AT_THE_DOCTOR, {"action": "type_right"})
    await here.simulator.fault("SignDocument", "corrupt_signature")
    document = await box.documents.upload(letter, PDF)
    request = signature(hba, document.name, FALK, form=form)
    job = await signed(box, request)
    assert job.state == job_pb2.JOB_STATE_FAILED
    assert why(job).reason == "SIGNATURE_INVALID"
    (refused,) = job.sign_documents.documents
    assert (refused.output, refused.failure.reason) == ("", job.failure.reason)
    assert await box.signatures.start(request) == job
    after = await here.simulator.counts("hba-falk")
    assert after["sign_document_calls"] == before["sign_document_calls"] + 1


@pytest.mark.parametrize(("kind", "details"), [("cut", {}), ("cut", {"bytes": 2000}), ("garbage", {"execute": True})])
async def test_where_the_answer_is_lost_the_outcome_is_unknown(
    staff: Staffed, letter: bytes, kind: str, details: dict[str, Any]
) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    before = await here.simulator.counts("hba-falk")
    await here.simulator.plays(AT_THE_DOCTOR, {"action": "type_right"})
    await here.simulator.fault("SignDocument", kind, **details)
    document = await box.documents.upload(letter, PDF)
    request = signature(hba, document.name, FALK)
    job = await signed(box, request)
    assert job.state == job_pb2.JOB_STATE_OUTCOME_UNKNOWN
    assert why(job).reason == "OUTCOME_UNKNOWN"
    assert job.job_number
    assert await box.signatures.start(request) == job
    after = await here.simulator.counts("hba-falk")
    assert after["sign_document_calls"] == before["sign_document_calls"] + 1
    assert after["signatures"] == before["signatures"] + 1


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        (4043, "PIN_TIMED_OUT", "nicht rechtzeitig"),
        (4049, "PIN_ABORTED", "abgebrochen"),
        (4063, "PIN_BLOCKED", "gesperrt"),
        (4085, "PIN_NOT_VERIFIED", "freigeschaltet"),
        (4092, "PIN_NO_TERMINAL", "Kartenterminal"),
        (4093, "CARD_BUSY", "reserviert"),
        (4018, "CARD_SESSION_FOREIGN", "andere Person"),
        (4252, "JOB_NUMBER_USED", "Nummer dieses Auftrags"),
        (4024, "DOCUMENT_TYPE_WRONG", "Format"),
        (4123, "CARD_FAULT", "Signatur"),
        (4711, "KONNEKTOR_FAULT", "4711"),
    ],
)
async def test_each_fault_has_its_reason_and_words(
    staff: Staffed, letter: bytes, code: int, reason: str, words: str
) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    await here.simulator.fault("SignDocument", "soap_fault", code=code)
    document = await box.documents.upload(letter, PDF)
    job = await signed(box, signature(hba, document.name, FALK))
    failure = why(job)
    assert job.state == job_pb2.JOB_STATE_FAILED
    assert (failure.reason, failure.konnektor_code) == (reason, code)
    assert words in failure.title


@pytest.mark.parametrize(("kind", "part"), [("plain", "kein PDF/A"), ("pdfa3", "PDF/A-3B")])
async def test_a_pdf_that_no_konnektor_signs_is_refused_at_once(staff: Staffed, kind: str, part: str) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    before = await here.simulator.counts("hba-falk")
    document = await box.documents.upload(make_pdf(kind), PDF)  # type: ignore[arg-type]
    with pytest.raises(CallFailed) as refused:
        await box.signatures.start(signature(hba, document.name, FALK))
    assert refused.value.reason == ("DOCUMENT_NOT_PDFA" if kind == "plain" else "DOCUMENT_PDFA_PART_WRONG")
    assert_for_people(refused.value.failure)
    assert part in refused.value.failure.violations[0].description
    assert await here.simulator.counts("hba-falk") == before


async def test_a_text_takes_no_pades(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    document = await box.documents.upload(b"Befund", "text/plain")
    with pytest.raises(CallFailed) as refused:
        await box.signatures.start(signature(hba, document.name, FALK))
    assert refused.value.reason == "DOCUMENT_TYPE_WRONG"
    assert_for_people(refused.value.failure)


async def test_a_document_above_25_megabytes_is_refused_before_a_byte_is_sent(staff: Staffed) -> None:
    with pytest.raises(CallFailed) as refused:
        await staff.box.documents.upload(bytes(MEGABYTES_25 + 1), PDF)
    assert refused.value.reason == "DOCUMENT_TOO_LARGE"
    assert_for_people(refused.value.failure)


async def test_nobody_signs_with_a_card_that_is_not_theirs(staff: Staffed, letter: bytes) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    before = await here.simulator.counts("hba-falk")
    for user in ("users/fremd", GERTH):
        document = await box.documents.upload(letter, PDF)
        with pytest.raises(CallFailed) as refused:
            await box.signatures.start(signature(hba, document.name, user))
        assert refused.value.reason == "USER_NOT_BOUND"
        assert_for_people(refused.value.failure)
    assert await here.simulator.counts("hba-falk") == before


async def test_a_practice_card_signs_several_documents_at_once(staff: Staffed, record_property: Any) -> None:
    here, box = staff.practice, staff.box
    smcb = await here.card(box, "SMC_B", "0101")
    before = await here.simulator.counts("smcb-m1")
    await here.simulator.fault("SignDocument", "delay", seconds=2, times=5)
    documents = [await box.documents.upload(f"Befund {number}".encode(), "text/plain") for number in range(5)]
    loop = asyncio.get_running_loop()
    begun = loop.time()
    requests = [signature(smcb, document.name, form=CADES, context=EMPFANG) for document in documents]
    jobs = await asyncio.gather(*(signed(box, request) for request in requests))
    took = loop.time() - begun
    record_property("seconds_for_five_signatures_of_two_seconds_each", took)
    assert [job.state for job in jobs] == [job_pb2.JOB_STATE_SUCCEEDED] * 5
    assert sum(job_pb2.JOB_STEP_WAITING_FOR_CARD in steps(job) for job in jobs) == 1, "four at once, one waits"
    assert 4 <= took < 9
    after = await here.simulator.counts("smcb-m1")
    assert after["signatures"] == before["signatures"] + 5
    assert len(set(after["job_numbers"])) == len(after["job_numbers"])


async def test_a_locked_practice_card_is_not_asked_to_sign(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    async with here.connected(await here.workstation("Nachbar", contexts=("nachbar",))) as neighbour:
        smcb = await here.card(neighbour, "SMC_B", "0102")
        document = await neighbour.documents.upload(b"Befund", "text/plain")
        job = await signed(neighbour, signature(smcb, document.name, form=CADES, context="contexts/nachbar"))
    assert why(job).reason == "PIN_NOT_VERIFIED"
    assert (await here.simulator.counts("smcb-m2"))["sign_document_calls"] == 0
    assert box is not neighbour

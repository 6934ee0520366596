import asyncio
import hashlib
from dataclasses import replace

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.documents import Document, DocumentToSign, SignatureFormat
from kartenwart.domain.failures import CallerError, Reason, RetryClass, WorldError
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm, Pin, PinStatus
from kartenwart.domain.jobs import Job, JobState, JobStep, SignDocumentsResult
from kartenwart.domain.ports.cards import PinReading
from kartenwart.domain.ports.konnektor import Signature, Signed
from kartenwart.domain.ports.observations import Notice, NoticeType
from kartenwart.domain.principals import Role
from kartenwart.operations.signatures import SignDocumentsOrder
from tests.unit.operations.memory import MemoryVault, first, until
from tests.unit.operations.practice import DESK, EGK, HBA, K1, ROOM, SMCB, Practice, caller, named

LETTER = b"%PDF-2B a letter"
QES, SIG = b"E qes certificate", b"E sig certificate"


async def uploaded(practice: Practice, data: bytes = LETTER, mime: str = "application/pdf") -> str:
    digest = hashlib.sha256(data).hexdigest()
    document = await practice.documents.create(caller(), len(data), digest, mime)
    await practice.documents.upload(caller(), document.name, 0, data)
    return document.name


async def doctor(practice: Practice) -> str:
    user = await practice.people.create("users/arzt1", "Dr. A")
    await practice.people.bind(user.name, named(HBA), "m1")
    return user.konnektor_user_id


def answered(data: bytes) -> Signed:
    return Signed(signatures=(Signature(data=data),))


def ready(practice: Practice, *, signed: bytes | None = None) -> None:
    practice.konnektor.certificates = {
        (CertificateReference.QES, KeyAlgorithm.ECC): QES,
        (CertificateReference.SIG, KeyAlgorithm.ECC): SIG,
    }
    practice.konnektor.readings[DESK, Pin.SMC] = PinReading(status=PinStatus.VERIFIED, attempts_left=None)
    practice.konnektor.answer = answered(b"signed " + LETTER + QES if signed is None else signed)
    practice.konnektor.go.set()


async def order(practice: Practice, **changes: object) -> SignDocumentsOrder:
    document = changes.pop("document", None) or await uploaded(practice)
    wanted = DocumentToSign(
        document=str(document),
        format=changes.pop("format", SignatureFormat.PADES),  # type: ignore[arg-type]
        short_text=str(changes.pop("short_text", "Arztbrief")),
    )
    plain = SignDocumentsOrder(request_id="r-1", card=named(HBA), context=DESK, user="users/arzt1", documents=(wanted,))
    return replace(plain, **changes)  # type: ignore[arg-type]


async def signed(practice: Practice, wanted: SignDocumentsOrder) -> Job:
    job = await practice.signatures.sign(caller(), wanted)
    return await practice.jobs.wait(caller(), job.name, 5)


async def refusal(practice: Practice, wanted: SignDocumentsOrder, role: Role = Role.SIGNER) -> CallerError:
    with pytest.raises(CallerError) as refused:
        await practice.signatures.sign(caller(role=role), wanted)
    assert not practice.store.jobs
    assert practice.konnektor.verbs_sent == 0
    return refused.value


async def test_a_letter_is_signed_verified_and_kept_for_its_owner(practice: Practice) -> None:
    user_id = await doctor(practice)
    ready(practice)
    wanted = await order(practice)
    job = await signed(practice, wanted)
    assert job.state is JobState.SUCCEEDED
    assert isinstance(job.result, SignDocumentsResult)
    (result,) = job.result.documents
    assert result.signer_certificate == QES
    assert result.mime_type == "application/pdf"
    _, data = await practice.documents.download(caller(), result.output, 0)
    assert data == b"signed " + LETTER + QES
    assert result.output_sha256 == hashlib.sha256(data).hexdigest()
    await until()
    assert await practice.vault.find(wanted.documents[0].document) is None
    assert {call.user_id for call in practice.konnektor.calls} == {user_id}
    assert practice.store.audit[-1].entry.detail.endswith(f"sha256:{result.input_sha256}")


async def test_the_job_number_is_durable_before_the_verb_goes_out(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    practice.konnektor.go.clear()
    job = await practice.signatures.sign(caller(), await order(practice))
    async with asyncio.timeout(5):
        sent = await first(practice.jobs.watch(caller(), job.name), JobState.SENT)
    assert sent.job_number == "ABC-001"
    assert practice.store.jobs[job.name].job_number == "ABC-001"
    await until()
    assert practice.konnektor.orders[0].job_number == "ABC-001"
    practice.keeper.notice(Notice(type=NoticeType.DOCUMENT_SIGNED, konnektor=K1, detail="ABC-999"))
    practice.keeper.notice(Notice(type=NoticeType.DOCUMENT_SIGNED, konnektor=K1, detail="ABC-001"))
    practice.konnektor.go.set()
    steps = [step.step for step in (await practice.jobs.wait(caller(), job.name, 5)).progress]
    assert steps == [JobStep.SENT, JobStep.PIN_ENTRY, JobStep.DOCUMENT_SIGNED, JobStep.VERIFYING]


async def test_a_signature_that_does_not_verify_is_not_handed_out(practice: Practice) -> None:
    await doctor(practice)
    ready(practice, signed=b"signed something else")
    job = await signed(practice, await order(practice))
    assert job.failure == failure(Reason.SIGNATURE_INVALID)
    assert job.state is JobState.FAILED
    assert isinstance(job.result, SignDocumentsResult)
    (document,) = job.result.documents
    assert (document.output, document.failure) == ("", failure(Reason.SIGNATURE_INVALID))
    await until()
    assert practice.vault.documents == {}
    assert practice.konnektor.verbs_sent == 1


async def test_a_defect_after_the_answer_is_no_unknown_outcome(practice: Practice) -> None:
    await doctor(practice)
    ready(practice, signed=b"crash")
    job = await signed(practice, await order(practice))
    assert job.failure == failure(Reason.INTERNAL)
    assert job.state is JobState.FAILED


async def test_what_is_wrong_with_the_request_is_said_before_a_job_is_made(practice: Practice) -> None:
    await practice.people.create("users/arzt1", "Dr. A")
    ready(practice)
    assert (await refusal(practice, await order(practice))).failure.reason is Reason.USER_NOT_BOUND
    await practice.people.bind("users/arzt1", named(HBA), "m1")
    good = await order(practice)
    assert (await refusal(practice, good, Role.WORKSTATION)).failure.reason is Reason.ROLE_MISSING
    two = await refusal(practice, replace(good, documents=good.documents * 2))
    assert [one.field for one in two.violations] == ["documents[1].document"]
    assert [one.field for one in (await refusal(practice, replace(good, documents=()))).violations] == ["documents"]
    for text in ("", "x" * 31, "Brief\n", "Müller", "a/b"):
        wrong = await refusal(practice, replace(good, documents=(replace(good.documents[0], short_text=text),)))
        assert [one.field for one in wrong.violations] == ["documents[0].short_text"]
    for wanted, reason in (
        (replace(good, card=named(EGK)), Reason.CARD_TYPE_WRONG),
        (replace(good, user=""), Reason.INVALID_ARGUMENT),
        (await order(practice, document="documents/d-none"), Reason.NOT_FOUND),
    ):
        assert (await refusal(practice, wanted)).failure.reason is reason


@pytest.mark.parametrize(
    ("data", "mime", "expected"),
    [
        (b"%PDF-3B letter", "application/pdf", Reason.DOCUMENT_PDFA_PART_WRONG),
        (b"plain pdf", "application/pdf", Reason.DOCUMENT_NOT_PDFA),
        (b"a text", "text/plain", Reason.DOCUMENT_TYPE_WRONG),
    ],
)
async def test_pades_takes_only_pdfa_one_and_two_and_nobody_is_asked_otherwise(
    practice: Practice, data: bytes, mime: str, expected: Reason
) -> None:
    await doctor(practice)
    ready(practice)
    wanted = await order(practice, document=await uploaded(practice, data, mime))
    assert (await refusal(practice, wanted)).failure.reason is expected
    assert practice.konnektor.asked == []


@pytest.mark.parametrize("form", [SignatureFormat.CADES_DETACHED, SignatureFormat.CADES_ENVELOPING])
async def test_cades_takes_any_document(practice: Practice, form: SignatureFormat) -> None:
    await doctor(practice)
    ready(practice, signed=b"signed a text" + QES)
    document = await uploaded(practice, b"a text", "text/plain")
    assert (await signed(practice, await order(practice, document=document, format=form))).state is JobState.SUCCEEDED


async def test_an_incomplete_document_and_that_of_another_are_refused(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    digest = hashlib.sha256(LETTER).hexdigest()
    half = await practice.documents.create(caller(), len(LETTER), digest, "application/pdf")
    await practice.documents.upload(caller(), half.name, 0, LETTER[:3])
    wanted = await order(practice, document=half.name)
    assert (await refusal(practice, wanted)).failure.reason is Reason.DOCUMENT_INCOMPLETE
    theirs = await practice.documents.create(caller("workstations/w-2"), 1, "0" * 64, "text/plain")
    wanted = await order(practice, document=theirs.name)
    assert (await refusal(practice, wanted)).failure.reason is Reason.NOT_FOUND


@pytest.mark.parametrize("answer", [None, b"R rsa instead"])
async def test_an_hba_without_ecc_certificate_is_refused_before_anyone_is_asked(
    practice: Practice, answer: bytes | None
) -> None:
    await doctor(practice)
    ready(practice)
    practice.konnektor.certificates = {(CertificateReference.QES, KeyAlgorithm.RSA): b"R"}
    if answer:
        practice.konnektor.certificates[CertificateReference.QES, KeyAlgorithm.ECC] = answer
    job = await signed(practice, await order(practice))
    assert job.failure is not None
    assert job.failure.reason is Reason.CERTIFICATE_RSA_ONLY
    assert practice.konnektor.verbs_sent == 0


@pytest.mark.parametrize(
    ("status", "attempts", "expected"),
    [
        (PinStatus.BLOCKED, None, Reason.PIN_BLOCKED),
        (PinStatus.TRANSPORT_PIN, None, Reason.PIN_TRANSPORT),
        (PinStatus.VERIFIABLE, 1, Reason.PIN_LAST_ATTEMPT),
        (PinStatus.VERIFIABLE, None, Reason.PIN_ATTEMPTS_UNKNOWN),
    ],
)
async def test_the_signature_pin_is_looked_at_first(
    practice: Practice, status: PinStatus, attempts: int | None, expected: Reason
) -> None:
    await doctor(practice)
    ready(practice)
    practice.konnektor.readings[DESK, Pin.QES] = PinReading(status=status, attempts_left=attempts)
    job = await signed(practice, await order(practice))
    assert job.failure is not None
    assert job.failure.reason is expected
    assert practice.konnektor.verbs_sent == 0


@pytest.mark.parametrize(
    ("reason", "attempts", "kept"),
    [(Reason.PIN_REJECTED, 2, 2), (Reason.PIN_ABORTED, None, 3), (Reason.KONNEKTOR_FAULT, None, None)],
)
async def test_a_failed_signature_teaches_the_attempts_of_pin_qes(
    practice: Practice, reason: Reason, attempts: int | None, kept: int | None
) -> None:
    await doctor(practice)
    ready(practice)
    practice.store.attempts[named(HBA), Pin.QES] = 3
    practice.konnektor.answer = WorldError(failure(reason, attempts_left=attempts))
    job = await signed(practice, await order(practice))
    assert job.failure == failure(reason, attempts_left=attempts)
    assert practice.store.attempts.get((named(HBA), Pin.QES)) == kept


@pytest.mark.parametrize("told", [2, None])
async def test_after_a_wrong_signature_pin_the_card_is_asked_how_many_tries_are_left(
    practice: Practice, told: int | None
) -> None:
    await doctor(practice)
    ready(practice)
    practice.konnektor.readings[DESK, Pin.QES] = PinReading(status=PinStatus.VERIFIABLE, attempts_left=told)
    practice.konnektor.answer = WorldError(failure(Reason.PIN_REJECTED))
    job = await signed(practice, await order(practice, accept_unknown_attempts=True))
    assert job.failure == failure(Reason.PIN_REJECTED, attempts_left=told)
    assert practice.store.attempts.get((named(HBA), Pin.QES)) == told
    assert practice.konnektor.verbs_sent == 1


async def test_a_missing_answer_is_unknown_and_the_input_is_gone(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    practice.konnektor.answer = WorldError(failure(Reason.KONNEKTOR_ANSWER_INVALID))
    job = await signed(practice, await order(practice))
    assert (job.state, job.result) == (JobState.OUTCOME_UNKNOWN, None)
    await until()
    assert practice.vault.documents == {}


async def test_an_smcb_signs_for_the_practice_without_a_user_or_a_pad(practice: Practice) -> None:
    ready(practice, signed=b"signed " + LETTER + SIG)
    wanted = await order(practice, card=named(SMCB), user="")
    job = await practice.signatures.sign(caller(role=Role.WORKSTATION), wanted)
    job = await practice.jobs.wait(caller(), job.name, 5)
    assert job.state is JobState.SUCCEEDED
    assert [step.step for step in job.progress] == [JobStep.SENT, JobStep.VERIFYING]


async def test_an_smcb_locked_in_this_context_signs_nothing(practice: Practice) -> None:
    ready(practice)
    job = await signed(practice, await order(practice, card=named(SMCB), user="", context=ROOM))
    assert job.failure == failure(Reason.PIN_NOT_VERIFIED)
    assert practice.konnektor.verbs_sent == 0


async def test_an_smcb_serves_a_few_at_once_and_an_hba_one(practice: Practice) -> None:
    await doctor(practice)
    for card, most in ((SMCB, 4), (HBA, 1)):
        ready(practice)
        practice.konnektor.go.clear()
        practice.konnektor.most_on_wire = 0
        for number in range(6):
            user = "" if card is SMCB else "users/arzt1"
            wanted = await order(practice, card=named(card), user=user, request_id=f"{card.handle}-{number}")
            await practice.signatures.sign(caller(), wanted)
        async with asyncio.timeout(5):
            while practice.konnektor.on_wire < most:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.05)
            practice.konnektor.go.set()
            while not all(job.state.ended for job in practice.store.jobs.values()):
                await asyncio.sleep(0.001)
        assert practice.konnektor.most_on_wire == most


async def test_a_document_in_a_running_job_is_neither_deleted_nor_signed_twice(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    practice.konnektor.go.clear()
    wanted = await order(practice)
    await practice.signatures.sign(caller(), wanted)
    for attempt in (
        practice.documents.delete(caller(), wanted.documents[0].document),
        practice.signatures.sign(caller(), replace(wanted, request_id="r-2")),
    ):
        with pytest.raises(CallerError) as refused:
            await attempt
        assert refused.value.failure.reason is Reason.CONFLICT


async def test_a_result_that_cannot_be_kept_fails_and_is_not_signed_again(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    practice.vault.refuse_results = True
    job = await signed(practice, await order(practice))
    assert job.failure == replace(failure(Reason.STORE_FAILED), retry=RetryClass.BY_PERSON)
    assert practice.konnektor.verbs_sent == 1
    last = job.progress[-1]
    assert (last.step, "nicht ausgegeben" in last.text) == (JobStep.DOCUMENT_SIGNED, True)


class StuckVault(MemoryVault):
    def __init__(self) -> None:
        super().__init__()
        self.storing = asyncio.Event()

    async def store(self, document: Document, data: bytes) -> None:
        self.storing.set()
        await asyncio.Event().wait()


async def test_a_stop_while_a_signature_is_being_kept_leaves_the_outcome_unknown() -> None:
    vault = StuckVault()
    practice = Practice(vault=vault)
    await doctor(practice)
    ready(practice)
    job = await practice.signatures.sign(caller(), await order(practice))
    await asyncio.wait_for(vault.storing.wait(), 5)
    await practice.jobs.close()
    assert practice.konnektor.verbs_sent == 1
    assert practice.store.jobs[job.name].state is JobState.OUTCOME_UNKNOWN
    assert practice.store.jobs[job.name].failure == failure(Reason.OUTCOME_UNKNOWN)


async def test_a_technician_sees_the_job_but_not_its_documents(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    job = await signed(practice, await order(practice))
    seen = await practice.jobs.get(caller("local/technik", Role.TECHNICIAN), job.name)
    assert isinstance(seen.result, SignDocumentsResult)
    assert (seen.documents, seen.result.documents[0].input, seen.result.documents[0].output) == ((), "", "")

import asyncio
import sys
from pathlib import Path

import pytest
from cryptography import x509

from kartenwart.adapters.konnektor import Konnektor
from kartenwart.domain.documents import SignatureFormat
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm, Pin, PinStatus
from kartenwart.domain.jobs import PinOutcome, PinVerb, VerifyPinResult
from kartenwart.domain.ports.cards import PinWish
from kartenwart.domain.ports.konnektor import SignOrder, SignRequest
from kartenwart.domain.ports.observations import NoticeType
from tests.integration.konnektor.conftest import EMPFANG, SPRECHZIMMER, Heard, Simulator, call_on, nothing
from tests.processes import Start

DOCTOR = "4b0f1b5e-54a5-4b52-8f7e-0d7b8a2f7c11"

VERIFY = PinWish(verb=PinVerb.VERIFY, pin=Pin.SMC)


async def test_pin_is_read_then_verified_and_the_pad_is_told(simulator: Simulator, konnektor: Konnektor) -> None:
    await konnektor.subscribe()
    call = call_on(await konnektor.observe(), CardType.SMC_B)
    assert (await konnektor.pin_status(call, Pin.SMC)).status is PinStatus.VERIFIABLE
    await simulator.post("/pads/kt-empfang/script", {"entries": [{"pin": "135790", "after": 0.1}]})
    sent = asyncio.Event()

    async def before_send() -> None:
        assert (await simulator.counts("smcb-m1"))["verify_pin_calls"] == 0
        sent.set()

    async with Heard(konnektor) as heard:
        result = await konnektor.pin_verb(call, VERIFY, before_send)
        started = await heard.wait(NoticeType.PIN_ENTRY_STARTED)
        await heard.wait(NoticeType.PIN_ENTRY_FINISHED)
    assert sent.is_set()
    assert result.outcome is PinOutcome.VERIFIED
    assert (started.handle, started.pin) == (call.handle, Pin.SMC)
    assert started.ct_id
    assert (await konnektor.pin_status(call, Pin.SMC)).status is PinStatus.VERIFIED
    assert (await simulator.counts("smcb-m1"))["verify_pin_calls"] == 1


async def test_wrong_pin_abort_timeout_and_pulled_card_are_results(simulator: Simulator, konnektor: Konnektor) -> None:
    observation = await konnektor.observe()
    call = call_on(observation, CardType.SMC_B)
    entries = [
        {"pin": "000000", "after": 0.1},
        {"action": "cancel", "after": 0.1},
        {"action": "pull_card", "after": 0.1},
    ]
    await simulator.post("/pads/kt-empfang/script", {"entries": entries})
    rejected = await konnektor.pin_verb(call, VERIFY, nothing)
    assert (rejected.outcome, rejected.attempts_left) == (PinOutcome.REJECTED, 2)
    assert (await konnektor.pin_verb(call, VERIFY, nothing)).outcome is PinOutcome.ABORTED
    assert (await konnektor.pin_verb(call, VERIFY, nothing)).outcome is PinOutcome.CARD_REMOVED
    with pytest.raises(WorldError) as gone:
        await konnektor.pin_verb(call, VERIFY, nothing)
    assert gone.value.failure.reason is Reason.CARD_REMOVED
    assert not gone.value.sent


async def test_a_pin_is_changed_and_unblocked_with_a_puk_whose_tries_are_told(
    simulator: Simulator, konnektor: Konnektor
) -> None:
    call = call_on(await konnektor.observe(), CardType.SMC_B)
    change = PinWish(verb=PinVerb.CHANGE, pin=Pin.SMC)
    unblock = PinWish(verb=PinVerb.UNBLOCK, pin=Pin.SMC, set_new_pin=True)

    async def typed(wish: PinWish, *digits: str) -> VerifyPinResult:
        await simulator.post("/pads/kt-empfang/script", {"entries": [{"pin": one, "after": 0.05} for one in digits]})
        return await konnektor.pin_verb(call, wish, nothing)

    assert (await typed(change, "135790", "24681357", "24681357")).outcome is PinOutcome.DONE
    wrong = await typed(change, "135790", "24681357", "24681357")
    assert (wrong.outcome, wrong.attempts_left) == (PinOutcome.REJECTED, 2)
    puk = await typed(unblock, "00000000", "135790", "135790")
    assert (puk.outcome, puk.attempts_left) == (PinOutcome.REJECTED, 9)
    assert (await typed(unblock, "13579024", "135790", "135790")).outcome is PinOutcome.DONE

    assert (await typed(VERIFY, "135790")).outcome is PinOutcome.VERIFIED
    with pytest.raises(WorldError) as twice:
        await typed(change, "135790", "24681357", "24681358")
    assert (twice.value.failure.reason, twice.value.sent) == (Reason.PIN_NEW_INVALID, True)
    with pytest.raises(WorldError) as wrong_card:
        await konnektor.pin_verb(call, PinWish(verb=PinVerb.ENABLE, pin=Pin.SMC), nothing)
    assert (wrong_card.value.failure.konnektor_code, wrong_card.value.sent) == (4209, False)


@pytest.mark.parametrize(
    ("kind", "details", "reason"),
    [
        ("cut", {}, Reason.KONNEKTOR_SILENT),
        ("garbage", {}, Reason.KONNEKTOR_ANSWER_INVALID),
        ("soap_fault", {"code": 4001}, Reason.KONNEKTOR_FAULT),
    ],
)
async def test_a_broken_answer_leaves_the_outcome_open_and_nothing_is_repeated(
    simulator: Simulator, konnektor: Konnektor, kind: str, details: dict[str, object], reason: Reason
) -> None:
    call = call_on(await konnektor.observe(), CardType.SMC_B)
    await simulator.post("/pads/kt-empfang/script", {"entries": [{"pin": "135790", "after": 0.1}]})
    await simulator.fault("VerifyPin", kind, **details)
    with pytest.raises(WorldError) as open_end:
        await konnektor.pin_verb(call, VERIFY, nothing)
    assert open_end.value.sent
    assert open_end.value.failure.reason is reason
    await asyncio.sleep(0.5)
    calls = [each for each in (await simulator.get("/calls"))["calls"] if each["operation"] == "VerifyPin"]
    assert len(calls) <= 1


async def test_a_failing_before_send_sends_nothing(simulator: Simulator, konnektor: Konnektor) -> None:
    call = call_on(await konnektor.observe(), CardType.SMC_B)

    async def full_disk() -> None:
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        await konnektor.pin_verb(call, VERIFY, full_disk)
    assert (await simulator.counts("smcb-m1"))["verify_pin_calls"] == 0


async def test_certificates_are_read_by_kind(konnektor: Konnektor) -> None:
    observation = await konnektor.observe()
    doctor = call_on(observation, CardType.HBA, SPRECHZIMMER, DOCTOR)
    found = await konnektor.read_certificate(doctor, CertificateReference.QES, KeyAlgorithm.ECC)
    assert x509.load_der_x509_certificate(found).subject
    practice = call_on(observation, CardType.SMC_B)
    for reference, algorithm in (
        (CertificateReference.QES, KeyAlgorithm.ECC),
        (CertificateReference.AUT, KeyAlgorithm.RSA),
    ):
        with pytest.raises(WorldError) as missing:
            await konnektor.read_certificate(practice, reference, algorithm)
        assert missing.value.failure.reason is Reason.CERTIFICATE_MISSING


@pytest.mark.parametrize("form", [SignatureFormat.CADES_DETACHED, SignatureFormat.CADES_ENVELOPING])
async def test_a_doctor_signs_once_per_call(simulator: Simulator, konnektor: Konnektor, form: SignatureFormat) -> None:
    call = call_on(await konnektor.observe(), CardType.HBA, SPRECHZIMMER, DOCTOR)
    await simulator.post("/pads/kt-sprechzimmer/script", {"entries": [], "default": "type_right"})
    order = SignOrder(
        job_number=await konnektor.job_number(call.context),
        requests=(
            SignRequest(
                format=form,
                mime_type="text/plain",
                short_text="Arztbrief",
                document=b"Ein Brief\n" * 3,
            ),
        ),
    )
    signed = await konnektor.sign(call, order, nothing)
    assert (order.requests[0].document in signed.signatures[0].data) is (form is SignatureFormat.CADES_ENVELOPING)
    with pytest.raises(WorldError) as used:
        await konnektor.sign(call, order, nothing)
    assert used.value.failure.reason is Reason.JOB_NUMBER_USED
    assert not used.value.sent
    doctors = [await simulator.counts(name) for name in ("hba-adler", "hba-brandt")]
    assert sum(each["signatures"] for each in doctors) == 1


async def test_a_letter_is_signed_as_pades_and_a_plain_pdf_is_refused_before_the_card(
    simulator: Simulator, konnektor: Konnektor, start: Start, tmp_path: Path
) -> None:
    call = call_on(await konnektor.observe(), CardType.HBA, SPRECHZIMMER, DOCTOR)
    await simulator.post("/pads/kt-sprechzimmer/script", {"entries": [], "default": "type_right"})
    outcomes: dict[str, object] = {}
    for kind in ("pdfa2", "plain"):
        letter = tmp_path / f"{kind}.pdf"
        maker = await start(sys.executable, "-m", "firmware_sim", "sample-pdf", letter, "--kind", kind)
        await maker.process.wait()
        order = SignOrder(
            job_number=await konnektor.job_number(call.context),
            requests=(
                SignRequest(
                    format=SignatureFormat.PADES,
                    mime_type="application/pdf",
                    short_text="Arztbrief",
                    document=letter.read_bytes(),
                ),
            ),
        )
        try:
            signed = await konnektor.sign(call, order, nothing)
            data = signed.signatures[0].data
            outcomes[kind] = data.startswith(order.requests[0].document) and b"ETSI.CAdES.detached" in data
        except WorldError as refused:
            outcomes[kind] = (refused.failure.konnektor_code, refused.sent)
    assert outcomes == {"pdfa2": True, "plain": (4024, False)}


async def test_a_locked_practice_card_does_not_sign(konnektor: Konnektor) -> None:
    call = call_on(await konnektor.observe(), CardType.SMC_B)
    order = SignOrder(
        job_number=await konnektor.job_number(EMPFANG),
        requests=(
            SignRequest(
                format=SignatureFormat.CADES_DETACHED,
                mime_type="text/plain",
                short_text="Brief",
                document=b"text",
            ),
        ),
    )
    with pytest.raises(WorldError) as locked:
        await konnektor.sign(call, order, nothing)
    assert locked.value.failure.reason is Reason.PIN_NOT_VERIFIED

"""SignDocument over the wire: who signs, what is refused, what is discarded."""

import asyncio
import base64
from pathlib import Path

import pytest
from asn1crypto import cms

from firmware_sim.konnektor.faults import Fault
from firmware_sim.pads.pad import Typed
from firmware_sim.signing import make_pdf
from firmware_sim.simulation import Simulation
from tests.sim.conftest import Client
from tests.sim.soap_client import PrimarySystem, Reply, sign, sign_request
from tests.sim.wire.test_pins import asked, plays
from tests.sim.wire.verify import cms_verifies, pdf_verifies

CADES, PADES = "urn:ietf:rfc:5652", "http://uri.etsi.org/02778/3"


@pytest.fixture
def doctor(client: Client) -> PrimarySystem:
    return client("pvs", workplace="sprechzimmer", user="adler")


@pytest.fixture
def letter() -> bytes:
    return make_pdf("pdfa2")


def text_request(data: bytes = b"Guten Tag", *, enveloping: bool = True, **more: str) -> str:
    return sign_request(data, signature_type=CADES, mime_type="text/plain", enveloping=enveloping, **more)


def cades(reply: Reply) -> bytes:
    return base64.b64decode(reply.text(".//dss:Base64Signature") or "")


def pades(reply: Reply) -> bytes:
    return base64.b64decode(reply.text(".//SIG75:DocumentWithSignature/dss:Base64Data") or "")


async def test_qes_asks_at_the_pad_with_the_job_number(
    simulation: Simulation, doctor: PrimarySystem, letter: bytes, tmp_path: Path
) -> None:
    pad = simulation.pads["kt-sprechzimmer"]
    handle = await doctor.handle("HBA")
    call = asyncio.create_task(sign(doctor, handle, sign_request(letter), job="KWT-001"))
    await asked(pad)
    assert pad.display.endswith("# KWT-001")
    assert pad.prompt is not None
    assert pad.prompt.pin == "PIN.QES"
    pad.answer(Typed(pin="445566"))
    pdf = pades(await call)
    assert pdf.startswith(letter[:100])
    assert pdf_verifies(simulation, pdf, tmp_path)
    counts = simulation.practice.counts.cards["hba-adler"]
    assert (counts.sign_document_calls, counts.signatures, counts.job_numbers) == (1, 1, ["KWT-001"])


@pytest.mark.parametrize("enveloping", [True, False])
async def test_nonqes_by_the_smb_without_a_prompt(
    simulation: Simulation, pvs: PrimarySystem, tmp_path: Path, enveloping: bool
) -> None:
    reply = await sign(pvs, await pvs.handle("SMC-B"), text_request(enveloping=enveloping))
    signature = cades(reply)
    content = cms.ContentInfo.load(signature)["content"]["encap_content_info"]["content"].native
    assert content == (b"Guten Tag" if enveloping else None)
    assert cms_verifies(simulation, signature, tmp_path, None if enveloping else b"Guten Tag")
    assert simulation.practice.counts.cards["smcb-m1"].pin_prompts == 0


async def test_a_locked_smb_signs_nothing(simulation: Simulation, client: Client) -> None:
    kim = client("kim")
    assert (await sign(kim, await kim.handle("SMC-B"), text_request())).code == 4085
    assert simulation.practice.counts.cards["smcb-m1"].signatures == 0


async def test_several_documents_keep_their_ids(simulation: Simulation, doctor: PrimarySystem) -> None:
    plays(simulation, "kt-sprechzimmer", {"action": "type_right"})
    requests = [text_request(f"{number}".encode(), request_id=f"id-{number}") for number in range(3)]
    reply = await sign(doctor, await doctor.handle("HBA"), *requests)
    assert [each.get("RequestID") for each in reply.root] == ["id-0", "id-1", "id-2"]
    counts = simulation.practice.counts.cards["hba-adler"]
    assert (counts.pin_prompts, counts.signatures) == (1, 3)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (sign_request(make_pdf("pdfa3")), 4024),
        (sign_request(make_pdf("plain")), 4024),
        (sign_request(b"no pdf"), 4024),
        (sign_request(make_pdf("pdfa2"), signature_type=PADES, mime_type="application/pdf"), 4110),
        (sign_request(make_pdf("pdfa2"), short_text=""), 4000),
        (sign_request(make_pdf("pdfa2"), short_text="x" * 31), 4000),
        (sign_request(make_pdf("pdfa2"), short_text="a;b"), 4000),
        (text_request().replace(CADES, "urn:ietf:rfc:3275"), 4111),
    ],
)
async def test_documents_that_are_refused_before_anybody_is_asked(
    simulation: Simulation, doctor: PrimarySystem, request_: str, code: int
) -> None:
    assert (await sign(doctor, await doctor.handle("HBA"), request_)).code == code
    assert simulation.practice.counts.total().pin_prompts == 0


async def test_too_many_and_twice_the_same(doctor: PrimarySystem) -> None:
    handle = await doctor.handle("HBA")
    many = [text_request(request_id=str(number)) for number in range(51)]
    assert (await sign(doctor, handle, *many)).code == 4000
    assert (await sign(doctor, handle, text_request(), text_request())).code == 4000
    mixed = [text_request(), sign_request(make_pdf("pdfa2"), request_id="other")]
    assert (await sign(doctor, handle, *mixed)).code == 4000


async def test_a_job_number_counts_once(pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    assert (await sign(pvs, handle, text_request(), job="AAA-001")).status == 200
    assert (await sign(pvs, handle, text_request(), job="AAA-001")).code == 4252
    assert (await sign(pvs, handle, text_request(), job="aaa-001")).code == 4000


async def test_rsa_is_refused(pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    assert (await sign(pvs, handle, text_request(), crypt="RSA")).code == 4206
    assert (await sign(pvs, handle, text_request(), crypt="RSA_ECC", job="AAA-002")).status == 200


@pytest.mark.parametrize("world_text", ["PTV3"], indirect=True)
async def test_an_old_konnektor_knows_no_crypt(pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    old = text_request(prefix="SIG74")
    assert (await sign(pvs, handle, old, prefix="SIG74")).code == 4000
    assert (await sign(pvs, handle, old, prefix="SIG74", crypt="")).status == 200
    assert (await sign(pvs, handle, text_request())).code == 4000


async def test_an_egk_signs_nothing(pvs: PrimarySystem) -> None:
    assert (await sign(pvs, await pvs.handle("EGK"), text_request())).code == 4126


@pytest.mark.parametrize(
    ("action", "code"),
    [("type_wrong", 4276), ("cancel", 4049), ("pull_card", 4045)],
)
async def test_what_a_person_may_do_instead(
    simulation: Simulation, doctor: PrimarySystem, action: str, code: int
) -> None:
    plays(simulation, "kt-sprechzimmer", {"action": action})
    assert (await sign(doctor, await doctor.handle("HBA"), text_request())).code == code
    assert simulation.practice.counts.total().signatures == 0


async def test_three_wrong_signature_pins_block(simulation: Simulation, doctor: PrimarySystem) -> None:
    plays(simulation, "kt-sprechzimmer", *[{"action": "type_wrong"}] * 3)
    handle = await doctor.handle("HBA")
    codes = [(await sign(doctor, handle, text_request(), job=f"AAA-00{number}")).code for number in range(4)]
    assert codes == [4276, 4276, 4275, 4063]


@pytest.mark.parametrize("world_text", ["impatient"], indirect=True)
async def test_nobody_comes(doctor: PrimarySystem) -> None:
    assert (await sign(doctor, await doctor.handle("HBA"), text_request())).code == 4043


@pytest.mark.parametrize("world_text", ["slow_signature"], indirect=True)
async def test_stop_discards_and_a_pulled_card_too(simulation: Simulation, pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    many = [text_request(request_id=str(number)) for number in range(5)]
    call = asyncio.create_task(sign(pvs, handle, *many, job="AAA-001"))
    await asyncio.sleep(0.2)
    stop = await pvs.call("SIG75:StopSignature", "<SIG75:JobNumber>AAA-001</SIG75:JobNumber>")
    assert stop.text("CONN:Status/CONN:Result") == "OK"
    assert (await call).code == 4049
    call = asyncio.create_task(sign(pvs, handle, *many, job="AAA-002"))
    await asyncio.sleep(0.2)
    simulation.practice.pull("smcb-m1")
    assert (await call).code == 4045


async def test_stopping_what_does_not_run(pvs: PrimarySystem) -> None:
    stop = await pvs.call("SIG75:StopSignature", "<SIG75:JobNumber>AAA-001</SIG75:JobNumber>")
    assert stop.code == 4243


async def test_two_calls_on_one_hba(simulation: Simulation, doctor: PrimarySystem) -> None:
    handle = await doctor.handle("HBA")
    call = asyncio.create_task(sign(doctor, handle, text_request(), job="AAA-001"))
    await asked(simulation.pads["kt-sprechzimmer"])
    assert (await sign(doctor, handle, text_request(), job="AAA-002")).code == 4093
    simulation.pads["kt-sprechzimmer"].answer(Typed(pin="445566"))
    assert (await call).status == 200


async def test_spoilt_signatures_look_right_and_do_not_verify(
    simulation: Simulation, pvs: PrimarySystem, tmp_path: Path, letter: bytes
) -> None:
    handle, faults = await pvs.handle("SMC-B"), simulation.konnektors["konnektor"].faults
    faults.add(Fault(operation="SignDocument", kind="corrupt_signature", times=2))
    spoilt = cades(await sign(pvs, handle, text_request(), job="AAA-001"))
    assert cms.ContentInfo.load(spoilt)["content_type"].native == "signed_data"
    assert not cms_verifies(simulation, spoilt, tmp_path, None)
    pdf = pades(await sign(pvs, handle, sign_request(letter), job="AAA-002"))
    assert not pdf_verifies(simulation, pdf, tmp_path)
    good = pades(await sign(pvs, handle, sign_request(letter), job="AAA-003"))
    assert pdf_verifies(simulation, good, tmp_path)

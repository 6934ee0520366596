"""SignDocument of many documents: a new PIN entry per portion, and what a stop or an error leaves (TAB_KON_192)."""

import asyncio
import base64
from pathlib import Path

import pytest

from firmware_sim.konnektor.faults import Fault
from firmware_sim.pads.pad import NothingAskedError, Typed
from firmware_sim.simulation import Simulation
from tests.sim.conftest import Client
from tests.sim.soap_client import PrimarySystem, Reply, sign, sign_request
from tests.sim.wire.test_pins import asked, plays
from tests.sim.wire.verify import cms_verifies

PAD = "kt-sprechzimmer"
TEXT = "urn:ietf:rfc:5652"

pytestmark = pytest.mark.parametrize("world_text", ["portions"], indirect=True)


@pytest.fixture
def doctor(client: Client) -> PrimarySystem:
    return client("pvs", workplace="sprechzimmer", user="adler")


def requests(count: int) -> list[str]:
    return [
        sign_request(b"Brief", signature_type=TEXT, mime_type="text/plain", request_id=str(number))
        for number in range(count)
    ]


def told(reply: Reply) -> list[tuple[str, bool]]:
    """Per document what its Status says, and whether there is a signature."""
    responses = reply.root.findall(".//{*}SignResponse")
    return [
        (response.findtext("{*}Status/{*}Result") or "", response.find("{*}SignatureObject") is not None)
        for response in responses
    ]


async def stop(system: PrimarySystem, job: str) -> Reply:
    return await system.call("SIG75:StopSignature", f"<SIG75:JobNumber>{job}</SIG75:JobNumber>")


async def test_the_pin_is_asked_for_every_portion(simulation: Simulation, doctor: PrimarySystem) -> None:
    plays(simulation, PAD, *[{"action": "type_right"}] * 3)
    reply = await sign(doctor, await doctor.handle("HBA"), *requests(5))
    assert told(reply) == [("OK", True)] * 5
    counts = simulation.practice.counts.cards["hba-adler"]
    assert (counts.pin_prompts, counts.signatures, counts.sign_document_calls) == (3, 5, 1)


async def test_a_stop_discards_the_portion_and_what_was_finished_before_survives(
    simulation: Simulation, doctor: PrimarySystem
) -> None:
    plays(simulation, PAD, {"action": "type_right"})
    call = asyncio.create_task(sign(doctor, await doctor.handle("HBA"), *requests(5), job="AAA-001"))
    counts = simulation.practice.counts.cards["hba-adler"]
    while counts.signatures < 2:
        await asyncio.sleep(0.01)
    await asked(simulation.pads[PAD])
    assert (await stop(doctor, "AAA-001")).text("CONN:Status/CONN:Result") == "OK"
    simulation.pads[PAD].answer(Typed(pin="445566"))
    assert told(await call) == [("OK", True)] * 2 + [("Warning", False)] * 3
    assert counts.signatures == 2


@pytest.mark.parametrize(("act", "code"), [("pull_card", 4045), ("type_wrong", 4276), ("cancel", 4049)])
async def test_any_other_error_discards_all_of_the_call(
    simulation: Simulation, doctor: PrimarySystem, act: str, code: int
) -> None:
    plays(simulation, PAD, {"action": "type_right"}, {"action": act})
    assert (await sign(doctor, await doctor.handle("HBA"), *requests(4))).code == code
    assert simulation.practice.counts.cards["hba-adler"].signatures == 2


async def test_the_pad_asks_nobody_while_the_card_signs(simulation: Simulation, doctor: PrimarySystem) -> None:
    pad = simulation.pads[PAD]
    call = asyncio.create_task(sign(doctor, await doctor.handle("HBA"), *requests(2)))
    await asked(pad)
    pad.answer(Typed(pin="445566"))
    while pad.prompt is not None:
        await asyncio.sleep(0.01)
    with pytest.raises(NothingAskedError):
        pad.answer(Typed(pin="1"))
    assert told(await call) == [("OK", True)] * 2


async def test_who_stops_must_be_allowed_to_use_the_card(
    simulation: Simulation, doctor: PrimarySystem, client: Client
) -> None:
    call = asyncio.create_task(sign(doctor, await doctor.handle("HBA"), *requests(1), job="AAA-001"))
    await asked(simulation.pads[PAD])
    assert (await stop(client("pvs", workplace="sprechzimmer"), "AAA-001")).code == 4003
    simulation.pads[PAD].answer(Typed(pin="445566"))
    assert told(await call) == [("OK", True)]


async def test_a_fault_spoils_the_signature_of_one_document(
    simulation: Simulation, pvs: PrimarySystem, tmp_path: Path
) -> None:
    faults = simulation.konnektors["konnektor"].faults
    faults.add(Fault(operation="SignDocument", kind="corrupt_signature", document=2))
    reply = await sign(pvs, await pvs.handle("SMC-B"), *requests(3))
    signatures = [base64.b64decode(value) for value in reply.texts(".//dss:Base64Signature")]
    assert [cms_verifies(simulation, one, tmp_path, b"Brief") for one in signatures] == [True, False, True]

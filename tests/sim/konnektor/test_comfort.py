"""The comfort signature as a client system meets it: conditions, sessions, and each of their ends."""

import asyncio
import uuid
from typing import Any

import pytest

from firmware_sim.signing import make_pdf
from firmware_sim.simulation import Simulation
from firmware_sim.world.comfort import REMEMBERED
from firmware_sim.world.configuration import ComfortConfiguration
from tests.sim.conftest import Client
from tests.sim.soap_client import PrimarySystem, Reply, sign, sign_request

_DEACTIVATE = "SIG75:DeactivateComfortSignature"
CADES = "urn:ietf:rfc:5652"

pytestmark = pytest.mark.parametrize("world_text", ["comfort"], indirect=True)


def _handle(handle: str) -> str:
    return f"<CONN:CardHandle>{handle}</CONN:CardHandle>"


async def activate(doctor: PrimarySystem, handle: str) -> Reply:
    return await doctor.call("SIG75:ActivateComfortSignature", before=_handle(handle))


async def mode(doctor: PrimarySystem, handle: str) -> Reply:
    return await doctor.call("SIG75:GetSignatureMode", before=_handle(handle))


async def deactivate(doctor: PrimarySystem, handle: str) -> Reply:
    return await doctor.send(_DEACTIVATE, f"<{_DEACTIVATE}>{_handle(handle)}</{_DEACTIVATE}>")


async def signed(doctor: PrimarySystem, handle: str, documents: int = 1) -> Reply:
    number = (await doctor.call("SIG75:GetJobNumber")).text("SIG75:JobNumber") or ""
    requests = [sign_request(make_pdf("pdfa2"), signature_type=CADES, request_id=f"d{n}") for n in range(documents)]
    return await sign(doctor, handle, *requests, job=number)


def doctor_of(client: Client, client_system: str = "pvs", user: str = "") -> PrimarySystem:
    return client(client_system, workplace="sprechzimmer", user=user or str(uuid.uuid4()))


def counts(simulation: Simulation) -> Any:
    return simulation.practice.counts.cards["hba-adler"]


@pytest.fixture
def typing(simulation: Simulation) -> None:
    for pad in simulation.pads.values():
        pad.script.play([], "type_right")


@pytest.mark.usefixtures("typing")
async def test_a_session_signs_without_the_pin_and_counts(client: Client, simulation: Simulation) -> None:
    doctor = doctor_of(client)
    handle = await doctor.handle("HBA")
    assert (await mode(doctor, handle)).text("SIG75:SessionInfo") is None
    activated = await activate(doctor, handle)
    assert activated.text("SIG75:SignatureMode") == "COMFORT"
    for _ in range(2):
        assert (await signed(doctor, handle)).status == 200
    told = await mode(doctor, handle)
    assert told.text("SIG75:SessionInfo/SIG75:CountRemaining") == "98"
    assert told.text("SIG75:SessionInfo/SIG75:TimeRemaining") in ("PT6H", "PT5H59M59S", "PT5H59M58S", "PT5H59M57S")
    assert counts(simulation).pin_prompts == 1
    assert dict(counts(simulation).signature_modes) == {"COMFORT": 2}


@pytest.mark.parametrize(("user", "code"), [("adler", 4272), ("{a}", 4272), ("0" * 32, 4272)])
async def test_the_user_id_must_be_a_uuid(client: Client, user: str, code: int) -> None:
    doctor = doctor_of(client, user=user)
    assert (await activate(doctor, await doctor.handle("HBA"))).code == code


@pytest.mark.usefixtures("typing")
async def test_a_user_id_is_used_once_in_a_thousand(client: Client, simulation: Simulation) -> None:
    doctor = doctor_of(client)
    handle = await doctor.handle("HBA")
    comfort = simulation.practice.devices["konnektor"].comfort
    assert (await activate(doctor, handle)).status == 200
    await deactivate(doctor, handle)
    assert (await activate(doctor, handle)).code == 4270
    for _ in range(REMEMBERED):
        comfort.check_activation(handle, str(uuid.uuid4()))
    assert (await activate(doctor, handle)).status == 200


async def test_only_an_hba(client: Client) -> None:
    doctor = doctor_of(client).at(workplace="empfang")
    handle = await doctor.handle("SMC-B")
    assert (await activate(doctor, handle)).code == 4274
    assert (await mode(doctor, handle)).code == 4274


async def test_switched_off(client: Client, simulation: Simulation) -> None:
    comfort = simulation.practice.devices["konnektor"].comfort
    comfort.administer(ComfortConfiguration(enabled=False))
    doctor = doctor_of(client)
    handle = await doctor.handle("HBA")
    assert (await activate(doctor, handle)).code == 4263
    assert (await mode(doctor, handle)).text("SIG75:ComfortSignatureStatus") == "DISABLED"
    assert (await deactivate(doctor, handle)).code == 4263


@pytest.mark.usefixtures("typing")
async def test_sessions_of_two_client_systems_and_no_third(client: Client) -> None:
    systems = [doctor_of(client, name).at(workplace="empfang") for name in ("pvs", "kim", "kartenwart")]
    handle = await systems[0].handle("HBA")
    assert [(await activate(one, handle)).code for one in systems] == [None, None, 4278]
    assert (await deactivate(systems[0], handle)).code is None
    for one in systems[:2]:
        assert (await mode(one, handle)).text("SIG75:SessionInfo") is None


@pytest.mark.usefixtures("typing")
async def test_another_user_of_the_client_system_is_in_the_way(client: Client, simulation: Simulation) -> None:
    before = doctor_of(client, user="adler")
    handle = await before.handle("HBA")
    await before.pin("VerifyPin", handle, "PIN.CH")
    assert (await activate(doctor_of(client), handle)).code == 4018
    simulation.practice.pull("hba-adler")
    simulation.practice.insert("hba-adler", "kt-sprechzimmer", 1)
    after = doctor_of(client)
    assert (await activate(after, await after.handle("HBA", index=1))).status == 200


@pytest.mark.usefixtures("typing")
@pytest.mark.parametrize("end", ["count", "time", "pull", "reset", "off", "boot"])
async def test_each_end(client: Client, simulation: Simulation, end: str) -> None:
    device = simulation.practice.devices["konnektor"]
    doctor = doctor_of(client)
    handle = await doctor.handle("HBA")
    await activate(doctor, handle)
    match end:
        case "count":
            device.comfort.shorten(1, None)
            await signed(doctor, handle)
        case "time":
            device.comfort.shorten(None, 0.01)
            await asyncio.sleep(0.02)
        case "pull":
            simulation.practice.pull("hba-adler")
            simulation.practice.insert("hba-adler", "kt-sprechzimmer", 1)
        case "reset":
            device.reset(handle)
        case "off":
            device.comfort.administer(ComfortConfiguration(enabled=False))
        case "boot":
            device.boot()
    asked = counts(simulation).pin_prompts
    handle = next(seen.handle for seen in device.cards if seen.card.name == "hba-adler")
    assert (await signed(doctor, handle)).status == 200
    assert counts(simulation).pin_prompts == asked + 1
    assert counts(simulation).signature_modes["PIN"] == 1


@pytest.mark.usefixtures("typing")
async def test_more_documents_than_left_end_the_session(client: Client, simulation: Simulation) -> None:
    doctor = doctor_of(client)
    handle = await doctor.handle("HBA")
    await activate(doctor, handle)
    simulation.practice.devices["konnektor"].comfort.shorten(1, None)
    assert (await signed(doctor, handle, documents=2)).code == 4271
    assert counts(simulation).signatures == 0
    assert (await mode(doctor, handle)).text("SIG75:SessionInfo") is None


async def test_a_wrong_pin_begins_nothing(client: Client, simulation: Simulation) -> None:
    simulation.pads["kt-sprechzimmer"].script.play([], "type_wrong")
    doctor = doctor_of(client)
    handle = await doctor.handle("HBA")
    assert (await activate(doctor, handle)).code == 4276
    assert (await mode(doctor, handle)).text("SIG75:SessionInfo") is None


@pytest.mark.usefixtures("typing")
async def test_deactivating_nothing_is_a_warning(client: Client) -> None:
    doctor = doctor_of(client)
    handle = await doctor.handle("HBA")
    for one, code in ((handle, 4266), ("gone", 4265)):
        told = await deactivate(doctor, one)
        assert (told.status, told.text("CONN:Status/CONN:Result"), told.code) == (200, "Warning", code)

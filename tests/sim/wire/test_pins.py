"""PINs over the wire: sessions, counters, the person at the pad."""

import asyncio
from collections.abc import Mapping

import pytest

from firmware_sim.pads.pad import Ended, Pad, Typed
from firmware_sim.pads.script import read_steps
from firmware_sim.simulation import Simulation
from firmware_sim.world.configuration import VerifiedConfiguration
from tests.sim.conftest import Client
from tests.sim.soap_client import PrimarySystem, Reply

SMB = "135790"


def plays(simulation: Simulation, terminal: str, *entries: Mapping[str, object]) -> None:
    simulation.pads[terminal].script.play(read_steps(list(entries)), "silent")


async def asked(pad: Pad) -> None:
    async with asyncio.timeout(5):
        while pad.prompt is None:
            await asyncio.sleep(0.005)


def result(reply: Reply) -> tuple[int, str | None, str | None, int | None]:
    return reply.status, reply.text("CARDCMN:PinResult"), reply.text("CARDCMN:LeftTries"), reply.code


async def test_verified_belongs_to_the_session(pvs: PrimarySystem, client: Client) -> None:
    handle = await pvs.handle("SMC-B")
    assert (await pvs.pin("GetPinStatus", handle, "PIN.SMC")).text("CARD:PinStatus") == "VERIFIED"
    foreign = await client("kim").pin("GetPinStatus", handle, "PIN.SMC")
    assert foreign.text("CARD:PinStatus") == "VERIFIABLE"
    assert foreign.text("CARD:LeftTries") is None


async def test_left_tries_stand_when_nobody_has_verified(client: Client) -> None:
    m2 = client("pvs", mandant="m2")
    status = await m2.pin("GetPinStatus", await m2.handle("SMC-B"), "PIN.SMC")
    assert (status.text("CARD:PinStatus"), status.text("CARD:LeftTries")) == ("VERIFIABLE", "3")


@pytest.mark.parametrize("world_text", ["never_left_tries"], indirect=True)
async def test_a_konnektor_that_never_tells(simulation: Simulation, client: Client) -> None:
    m2 = client("pvs", mandant="m2")
    handle = await m2.handle("SMC-B")
    assert (await m2.pin("GetPinStatus", handle, "PIN.SMC")).text("CARD:LeftTries") is None
    plays(simulation, "kt-empfang", {"action": "type_wrong"})
    assert result(await m2.pin("VerifyPin", handle, "PIN.SMC")) == (200, "REJECTED", None, None)


async def test_right_pin_verifies_this_session_only(simulation: Simulation, client: Client) -> None:
    kim, kartenwart = client("kim"), client("kartenwart")
    handle = await kim.handle("SMC-B")
    plays(simulation, "kt-empfang", {"pin": SMB})
    assert result(await kim.pin("VerifyPin", handle, "PIN.SMC")) == (200, "OK", None, None)
    assert (await kim.pin("GetPinStatus", handle, "PIN.SMC")).text("CARD:PinStatus") == "VERIFIED"
    assert (await kartenwart.pin("GetPinStatus", handle, "PIN.SMC")).text("CARD:PinStatus") == "VERIFIABLE"


async def test_verify_asks_also_when_verified(simulation: Simulation, pvs: PrimarySystem) -> None:
    handle, pad = await pvs.handle("SMC-B"), simulation.pads["kt-empfang"]
    call = asyncio.create_task(pvs.pin("VerifyPin", handle, "PIN.SMC"))
    await asked(pad)
    assert not call.done()
    assert pad.display == "PIN der SMC-B eingeben"
    pad.answer(Typed(pin=SMB))
    assert (await call).text("CARDCMN:PinResult") == "OK"
    assert simulation.practice.counts.cards["smcb-m1"].pin_prompts == 1


async def test_wrong_pins_down_to_the_block(simulation: Simulation, client: Client) -> None:
    kim = client("kim")
    handle = await kim.handle("SMC-B")
    plays(simulation, "kt-empfang", *[{"action": "type_wrong"}] * 3)
    replies = [result(await kim.pin("VerifyPin", handle, "PIN.SMC")) for _ in range(4)]
    assert replies == [
        (200, "REJECTED", "2", None),
        (200, "REJECTED", "1", None),
        (200, "NOWBLOCKED", None, None),
        (200, "WASBLOCKED", None, 4063),
    ]
    counts = simulation.practice.counts.cards["smcb-m1"]
    assert (counts.verify_pin_calls, counts.pin_prompts, counts.pin_tries_wrong, counts.pin_tries_right) == (4, 3, 3, 0)
    status = await kim.pin("GetPinStatus", handle, "PIN.SMC")
    assert (status.text("CARD:PinStatus"), status.text("CARD:LeftTries")) == ("BLOCKED", "0")


@pytest.mark.parametrize("world_text", ["fault_for_blocked transport"], indirect=True)
async def test_a_transport_pin_as_fault(client: Client) -> None:
    doctor = client("pvs", workplace="sprechzimmer", user="adler")
    handle = await doctor.handle("HBA")
    assert (await doctor.pin("GetPinStatus", handle, "PIN.CH")).text("CARD:PinStatus") == "TRANSPORT_PIN"
    assert result(await doctor.pin("VerifyPin", handle, "PIN.CH")) == (500, None, None, 4065)


@pytest.mark.parametrize("world_text", ["transport"], indirect=True)
async def test_a_transport_pin_ends_by_change(simulation: Simulation, client: Client) -> None:
    doctor = client("pvs", workplace="sprechzimmer", user="adler")
    handle = await doctor.handle("HBA")
    assert result(await doctor.pin("VerifyPin", handle, "PIN.CH")) == (200, "TRANSPORT_PIN", None, 4065)
    assert simulation.practice.counts.cards["hba-adler"].pin_prompts == 0
    plays(simulation, "kt-sprechzimmer", {"pin": "112233"}, {"pin": "654321"}, {"pin": "654321"}, {"pin": "654321"})
    assert result(await doctor.pin("ChangePin", handle, "PIN.CH")) == (200, "OK", None, None)
    assert result(await doctor.pin("VerifyPin", handle, "PIN.CH")) == (200, "OK", None, None)


@pytest.mark.parametrize(
    ("new", "again", "code"), [("654321", "654322", 4067), ("65432", "65432", 4068), ("987654321", "987654321", 4068)]
)
async def test_new_pins_have_to_be_twice_the_same_and_6_to_8_digits(
    simulation: Simulation, pvs: PrimarySystem, new: str, again: str, code: int
) -> None:
    plays(simulation, "kt-empfang", {"pin": SMB}, {"pin": new}, {"pin": again})
    assert (await pvs.pin("ChangePin", await pvs.handle("SMC-B"), "PIN.SMC")).code == code
    assert simulation.practice.counts.cards["smcb-m1"].pin_tries_wrong == 0


async def test_puk_counts_its_own_tries(simulation: Simulation, client: Client) -> None:
    kim = client("kim")
    handle = await kim.handle("SMC-B")
    plays(simulation, "kt-empfang", {"pin": "11111111"}, {"pin": "13579024"}, {"pin": "778899"}, {"pin": "778899"})
    assert result(await kim.pin("UnblockPin", handle, "PIN.SMC")) == (200, "REJECTED", "9", None)
    new = "<CARD:SetNewPin>true</CARD:SetNewPin>"
    assert result(await kim.pin("UnblockPin", handle, "PIN.SMC", new)) == (200, "OK", None, None)
    plays(simulation, "kt-empfang", {"pin": "778899"})
    assert result(await kim.pin("VerifyPin", handle, "PIN.SMC")) == (200, "OK", None, None)


async def test_multi_reference_pins_are_switched_and_share_the_tries_of_pin_ch(
    simulation: Simulation, pvs: PrimarySystem
) -> None:
    egk = await pvs.handle("EGK")

    async def state(reference: str) -> tuple[str | None, str | None]:
        told = await pvs.pin("GetPinStatus", egk, reference)
        return told.text("CARD:PinStatus"), told.text("CARD:LeftTries")

    assert await state("MRPIN.NFD") == ("DISABLED", None)
    plays(simulation, "kt-empfang", {"action": "type_wrong"}, {"pin": "654321"}, {"pin": "654321"})
    assert result(await pvs.pin("EnablePin", egk, "MRPIN.NFD")) == (200, "REJECTED", "2", None)
    assert await state("PIN.CH") == ("VERIFIABLE", "2")
    assert result(await pvs.pin("EnablePin", egk, "MRPIN.NFD")) == (200, "OK", None, None)
    assert (await state("MRPIN.NFD"), await state("PIN.CH")) == (("VERIFIABLE", "3"),) * 2
    assert result(await pvs.pin("DisablePin", egk, "MRPIN.NFD")) == (200, "OK", None, None)
    assert await state("MRPIN.NFD") == ("DISABLED", None)
    assert (await pvs.pin("EnablePin", egk, "PIN.CH")).code == 4072
    assert (await pvs.pin("EnablePin", await pvs.handle("SMC-B"), "PIN.SMC")).code == 4209


async def test_a_wrong_old_pin_takes_this_sessions_state(simulation: Simulation, pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    plays(simulation, "kt-empfang", {"action": "type_wrong"}, {"pin": "778899"}, {"pin": "778899"})
    assert result(await pvs.pin("ChangePin", handle, "PIN.SMC")) == (200, "REJECTED", "2", None)
    assert (await pvs.pin("GetPinStatus", handle, "PIN.SMC")).text("CARD:PinStatus") == "VERIFIABLE"


async def test_cancel_and_timeout_as_status(simulation: Simulation, client: Client) -> None:
    kim = client("kim")
    handle = await kim.handle("SMC-B")
    plays(simulation, "kt-empfang", {"action": "cancel"})
    assert result(await kim.pin("VerifyPin", handle, "PIN.SMC")) == (200, "ERROR", None, 4049)


@pytest.mark.parametrize("world_text", ["impatient", "impatient fault_for_trouble"], indirect=True)
async def test_timeout(simulation: Simulation, client: Client, world_text: str) -> None:
    kim = client("kim")
    expected = (500, None, None, 4043) if "pin_trouble" in world_text else (200, "ERROR", None, 4043)
    assert result(await kim.pin("VerifyPin", await kim.handle("SMC-B"), "PIN.SMC")) == expected


@pytest.mark.parametrize("world_text", ["fault_for_trouble"], indirect=True)
async def test_cancel_as_fault(simulation: Simulation, client: Client) -> None:
    kim = client("kim")
    plays(simulation, "kt-empfang", {"action": "cancel"})
    assert result(await kim.pin("VerifyPin", await kim.handle("SMC-B"), "PIN.SMC")) == (500, None, None, 4049)


async def test_a_pulled_card_and_a_lost_terminal_end_the_call(simulation: Simulation, client: Client) -> None:
    kim, doctor = client("kim"), client("pvs", workplace="sprechzimmer", user="adler")
    plays(simulation, "kt-empfang", {"action": "pull_card"})
    assert (await kim.pin("VerifyPin", await kim.handle("SMC-B"), "PIN.SMC")).code == 4045
    call = asyncio.create_task(doctor.pin("VerifyPin", await doctor.handle("HBA"), "PIN.CH"))
    await asked(simulation.pads["kt-sprechzimmer"])
    simulation.practice.disconnect("kt-sprechzimmer")
    assert (await call).code in (4044, 4045)


async def test_a_reserved_card_and_a_busy_pad(simulation: Simulation, client: Client) -> None:
    adler = client("pvs", workplace="sprechzimmer", user="adler")
    first, second = await adler.handle("HBA"), await adler.handle("HBA", 1)
    pad = simulation.pads["kt-sprechzimmer"]
    call = asyncio.create_task(adler.pin("VerifyPin", first, "PIN.CH"))
    await asked(pad)
    assert (await adler.pin("VerifyPin", first, "PIN.CH")).code == 4093
    assert (await adler.at(user="brandt").pin("VerifyPin", second, "PIN.CH")).code == 4060
    pad.answer(Ended.CANCELLED)
    await call
    assert simulation.practice.counts.cards["hba-adler"].pin_prompts == 1


async def test_the_pin_is_typed_where_the_person_is(simulation: Simulation, client: Client) -> None:
    at_reception = client("pvs", workplace="empfang", user="adler")
    handle = await at_reception.handle("HBA")
    plays(simulation, "kt-empfang", {"action": "type_right"})
    assert result(await at_reception.pin("VerifyPin", handle, "PIN.CH")) == (200, "OK", None, None)


@pytest.mark.parametrize("world_text", ["no_remote_pin"], indirect=True)
async def test_no_remote_pin_terminal(client: Client) -> None:
    pvs = client("pvs", workplace="sprechzimmer")
    assert (await pvs.pin("VerifyPin", await pvs.handle("SMC-B"), "PIN.SMC")).code == 4092


async def test_another_user_of_the_same_client_system(simulation: Simulation, client: Client) -> None:
    adler = client("pvs", workplace="sprechzimmer", user="adler")
    handle = await adler.handle("HBA")
    plays(simulation, "kt-sprechzimmer", {"action": "type_right"})
    await adler.pin("VerifyPin", handle, "PIN.CH")
    assert (await adler.at(user="brandt").pin("GetPinStatus", handle, "PIN.CH")).code == 4018
    assert (await adler.at(user="").pin("GetPinStatus", handle, "PIN.CH")).code == 4003


async def test_wrong_references_and_card_types(pvs: PrimarySystem, client: Client) -> None:
    smb, egk = await pvs.handle("SMC-B"), await pvs.handle("EGK")
    doctor = client("pvs", workplace="sprechzimmer", user="adler")
    assert (await pvs.pin("VerifyPin", smb, "PIN.CH")).code == 4072
    assert (await pvs.pin("VerifyPin", egk, "PIN.CH")).code == 4209
    assert (await doctor.pin("VerifyPin", await doctor.handle("HBA"), "PIN.QES")).code == 4072
    assert (await pvs.pin("GetPinStatus", egk, "PIN.CH")).text("CARD:LeftTries") == "3"


async def test_what_another_client_system_did(simulation: Simulation, client: Client) -> None:
    kim = client("kim")
    entry = VerifiedConfiguration(card="smcb-m1", pin="PIN.SMC", mandant="m1", client_system="kim")
    simulation.practice.verify_elsewhere(entry)
    status = await kim.pin("GetPinStatus", await kim.handle("SMC-B"), "PIN.SMC")
    assert status.text("CARD:PinStatus") == "VERIFIED"
    assert simulation.practice.counts.total().verify_pin_calls == 0


async def test_a_wrong_pin_takes_this_sessions_state(simulation: Simulation, pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    plays(simulation, "kt-empfang", {"action": "type_wrong"})
    await pvs.pin("VerifyPin", handle, "PIN.SMC")
    status = await pvs.pin("GetPinStatus", handle, "PIN.SMC")
    assert (status.text("CARD:PinStatus"), status.text("CARD:LeftTries")) == ("VERIFIABLE", "2")

"""PINs over the wire: sessions, counters, the person at the pad."""

import asyncio

from firmware_sim.simulation import Simulation
from tests.sim.conftest import Client
from tests.sim.soap_client import PrimarySystem

SMB = "135790"


def plays(simulation: Simulation, terminal: str, *entries: dict[str, object]) -> None:
    from firmware_sim.pads.script import read_steps

    simulation.pads[terminal].script.play(read_steps(list(entries)), "silent")


async def test_verified_belongs_to_the_session(pvs: PrimarySystem, client: Client) -> None:
    handle = await pvs.handle("SMC-B")
    assert (await pvs.pin("GetPinStatus", handle, "PIN.SMC")).text("CARD:PinStatus") == "VERIFIED"
    foreign = await client("kim").pin("GetPinStatus", handle, "PIN.SMC")
    assert foreign.text("CARD:PinStatus") == "VERIFIABLE"
    assert foreign.text("CARD:LeftTries") is None


async def test_right_pin_verifies_this_session_only(simulation: Simulation, client: Client) -> None:
    kim, kartenwart = client("kim"), client("kartenwart")
    handle = await kim.handle("SMC-B")
    plays(simulation, "kt-empfang", {"pin": SMB})
    reply = await kim.pin("VerifyPin", handle, "PIN.SMC")
    assert (reply.status, reply.text("CARDCMN:PinResult")) == (200, "OK")
    assert (await kim.pin("GetPinStatus", handle, "PIN.SMC")).text("CARD:PinStatus") == "VERIFIED"
    assert (await kartenwart.pin("GetPinStatus", handle, "PIN.SMC")).text("CARD:PinStatus") == "VERIFIABLE"


async def test_prompt_waits_for_the_person(simulation: Simulation, pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    pad = simulation.pads["kt-empfang"]
    call = asyncio.create_task(pvs.pin("VerifyPin", handle, "PIN.SMC"))
    while pad.prompt is None:
        await asyncio.sleep(0.01)
    assert not call.done()
    from firmware_sim.pads.pad import Typed

    pad.answer(Typed(pin=SMB))
    assert (await call).text("CARDCMN:PinResult") == "OK"

"""A terminal whose TLS hangs: calls on its cards wait and end with 4044, all else goes on."""

import asyncio
import time

import pytest

from firmware_sim.simulation import Simulation
from tests.sim.soap_client import PrimarySystem, Reply


async def status(pvs: PrimarySystem, handle: str) -> Reply:
    return await pvs.pin("GetPinStatus", handle, "PIN.SMC")


@pytest.mark.parametrize("healed", [False, True])
async def test_calls_on_its_cards_wait_and_are_lost_while_all_else_goes_on(
    simulation: Simulation, pvs: PrimarySystem, healed: bool
) -> None:
    handle = await pvs.handle("SMC-B")
    hanging = simulation.practice.device_of("kt-empfang").hanging
    hanging.begin("kt-empfang", 30 if healed else 0.4)
    started = time.monotonic()
    waiting = asyncio.create_task(status(pvs, handle))
    async with asyncio.timeout(5):
        while not simulation.practice.counts.operations["GetPinStatus"]:
            await asyncio.sleep(0.01)
    listed = await pvs.call("EVT:GetCards")
    assert handle in {one.text for one in listed.root.iter("{*}CardHandle")}
    assert not waiting.done()
    if healed:
        hanging.begin("kt-empfang", 0)
    assert (await waiting).code == 4044
    assert healed or time.monotonic() - started >= 0.4
    assert (await status(pvs, handle)).code is None


async def test_another_terminal_s_cards_answer(simulation: Simulation, pvs: PrimarySystem) -> None:
    simulation.practice.device_of("kt-sprechzimmer").hanging.begin("kt-sprechzimmer", 30)
    async with asyncio.timeout(5):
        assert (await status(pvs, await pvs.handle("SMC-B"))).code is None

"""The practice as a whole: other kinds of cards, several Konnektors, what cannot be done."""

import asyncio
from pathlib import Path

import pytest

from firmware_sim.simulation import Simulation, build
from firmware_sim.world.practice import WorldError
from firmware_sim.world.reading import default_text, read_world
from tests.sim.conftest import Client

MORE_CARDS = """
[[cards]]
name = "gsmckt"
kind = "gsmckt"
iccsn = "80276001011699900401"
holder = "gSMC-KT TEST-ONLY"
terminal = "kt-sprechzimmer"
slot = 4

[[cards]]
name = "wrong-way-in"
kind = "unknown"
iccsn = "80276001011699900402"
holder = ""
terminal = "kt-empfang"
slot = 2
"""
SECOND = """
[[konnektors]]
name = "second"
address = "127.0.0.3"
host_names = ["127.0.0.3"]

[[konnektors.terminals]]
name = "kt-keller"
label = "Keller"
mac = "00-0D-F8-00-00-03"
address = "127.0.0.13"
connected = false

[[cards]]"""


@pytest.fixture
def world_text() -> str:
    return default_text() + MORE_CARDS


async def test_cards_that_are_nobodys(simulation: Simulation, client: Client) -> None:
    pvs = client("pvs")
    reply = await pvs.call("EVT:GetCards", "<CARDCMN:CtId>kt-empfang</CARDCMN:CtId><CARDCMN:SlotId>2</CARDCMN:SlotId>")
    assert reply.text(".//CARDCMN:CardType") == "UNKNOWN"
    assert reply.texts(".//CARDCMN:Iccsn") == []
    unknown = reply.text(".//CONN:CardHandle") or ""
    assert (await pvs.pin("GetPinStatus", unknown, "PIN.CH")).code == 4019
    assert await client("pvs", workplace="sprechzimmer").handle("SMC-KT")


async def test_two_konnektors_side_by_side(sim_state: Path) -> None:
    world = read_world(default_text().replace("\n[[cards]]", SECOND, 1))
    async with build(world, sim_state) as simulation:
        first, second = simulation.konnektors.values()
        assert first.listener.base.startswith("https://127.0.0.2:")
        assert second.listener.base.startswith("https://127.0.0.3:")
        assert [each.name for each in second.device.conditions if each.holds] == [
            "EC_CardTerminal_Not_Available(kt-keller)"
        ]
        simulation.practice.pull("egk-muster")
        simulation.practice.insert("egk-muster", "kt-keller", 1)
        assert second.device.cards == []
        simulation.practice.connect("kt-keller")
        assert [seen.card.name for seen in second.device.cards] == ["egk-muster"]
        await asyncio.sleep(0)


async def test_what_hands_cannot_do(simulation: Simulation) -> None:
    practice = simulation.practice
    with pytest.raises(WorldError, match="pull it first"):
        practice.insert("egk-muster", "kt-empfang", 2)
    with pytest.raises(WorldError, match="there is no card"):
        practice.pull("none")
    with pytest.raises(WorldError, match="there is no terminal"):
        practice.connect("none")
    practice.pull("egk-muster")
    for terminal, slot in (("kt-empfang", 9), ("kt-empfang", 3), ("kt-keller", 1)):
        with pytest.raises(WorldError):
            practice.insert("egk-muster", terminal, slot)
    with pytest.raises(WorldError, match="in no slot"):
        practice.pull("egk-muster")

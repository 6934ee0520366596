"""Mistakes in the information model: each takes one entry away, and callers are told its code until it is mended."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from firmware_sim.control.door import control_door
from firmware_sim.simulation import Simulation
from firmware_sim.world.administration import MISTAKES
from tests.sim.conftest import Client

MODEL = "/konnektors/konnektor/model"
TERMINAL = "<CARDCMN:CtId>kt-sprechzimmer</CARDCMN:CtId>"
SLOT = "<CARDCMN:CtId>kt-empfang</CARDCMN:CtId><CARDCMN:SlotId>{}</CARDCMN:SlotId>"
Door = Callable[..., Awaitable[tuple[int, Any]]]

# What is forgotten, and what GetResourceInformation is asked for (m1, pvs, empfang) to notice it.
NOTICED: dict[str, tuple[dict[str, str], str]] = {
    "mandant": ({"mandant": "m1"}, ""),
    "client-system": ({"client_system": "pvs"}, ""),
    "workplace": ({"workplace": "empfang"}, ""),
    "client-system-of-mandant": ({"mandant": "m1", "client_system": "pvs"}, ""),
    "workplace-of-mandant": ({"mandant": "m1", "workplace": "empfang"}, ""),
    "workplace-of-client-system": ({"mandant": "m1", "client_system": "pvs", "workplace": "empfang"}, ""),
    "terminal-of-mandant": ({"mandant": "m1", "terminal": "kt-sprechzimmer"}, TERMINAL),
    "terminal-of-workplace": ({"workplace": "empfang", "terminal": "kt-sprechzimmer"}, TERMINAL),
    "terminal-local": ({"workplace": "empfang", "terminal": "kt-empfang"}, SLOT.format(1)),
    "smb-managed": ({"card": "smcb-m1"}, SLOT.format(3)),
    "smb-of-mandant": ({"card": "smcb-m1", "other": "m2"}, SLOT.format(3)),
}


@pytest.fixture
async def door(simulation: Simulation, session: aiohttp.ClientSession) -> AsyncIterator[Door]:
    async with control_door(simulation) as address:

        async def send(method: str, body: object = None) -> tuple[int, Any]:
            async with session.request(method, address + MODEL, json=body) as answer:
                return answer.status, await answer.json()

        yield send


@pytest.mark.parametrize("world_text", ["specific_codes"], indirect=True)
@pytest.mark.parametrize("mistake", NOTICED)
async def test_a_mistake_has_its_code_until_it_is_mended(door: Door, client: Client, mistake: str) -> None:
    names, asked = NOTICED[mistake]
    system = client("pvs")
    assert (await system.call("EVT:GetResourceInformation", asked)).code is None
    assert (await door("POST", {"take": mistake, **names}))[0] == 200
    assert (await system.call("EVT:GetResourceInformation", asked)).code == MISTAKES[mistake].code
    assert (await door("DELETE"))[0] == 200
    assert (await system.call("EVT:GetResourceInformation", asked)).code is None


async def test_every_mistake_is_noticed_here_or_by_a_pin_entry(door: Door) -> None:
    assert set(MISTAKES) - set(NOTICED) == {"remote-pin"}
    _, model = await door("POST", {"take": "remote-pin", "mandant": "m1", "workplace": "empfang"})
    assert [one["remote_pin"] for one in model["mandants"]] == [
        {"sprechzimmer": "kt-sprechzimmer"},
        {"empfang": "kt-empfang"},
    ]
    assert (await door("GET"))[1] == model


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"take": "terminals"}, "there is no mistake 'terminals'"),
        ({"take": "mandant", "card": "smcb-m1"}, "mandant needs mandant"),
        ({"take": "mandant", "mandant": "m9"}, "no m9 to take away"),
        ({"take": "smb-of-mandant", "card": "smcb-m1", "other": "m9"}, "to take away"),
        ({"mandant": "m1"}, '"take" is missing'),
    ],
)
async def test_what_cannot_be_forgotten_is_refused(door: Door, body: dict[str, str], words: str) -> None:
    status, answer = await door("POST", body)
    assert status == 400
    assert words in answer["error"]

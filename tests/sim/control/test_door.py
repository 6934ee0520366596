"""The control door: what testers can do, and that it tells no secrets."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest

from firmware_sim.control.door import control_door
from firmware_sim.simulation import Simulation
from tests.sim.event_sink import EventSink
from tests.sim.soap_client import PrimarySystem, subscription

Door = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
async def door(simulation: Simulation, session: aiohttp.ClientSession) -> AsyncIterator[Door]:
    """`await door("POST", path, {...})` gives status and JSON."""
    async with control_door(simulation) as address:

        async def send(method: str, path: str, body: object = None) -> tuple[int, Any]:
            async with session.request(method, address + path, json=body) as answer:
                return answer.status, await answer.json()

        yield send


async def test_state_and_counts_tell_everything_but_secrets(door: Door) -> None:
    state, counts = (await door("GET", "/state"))[1], (await door("GET", "/counts"))[1]
    assert {terminal["name"] for terminal in state["terminals"]} == {"kt-empfang", "kt-sprechzimmer"}
    sessions = state["konnektors"][0]["sessions"]
    assert [(each["card"], each["client_system"], each["verified"]) for each in sessions] == [
        ("smcb-m1", "pvs", ["PIN.SMC"])
    ]
    assert counts["total"]["verify_pin_calls"] == 0
    assert set(counts["cards"]) == {"smcb-m1", "smcb-m2", "hba-adler", "hba-brandt", "egk-muster"}
    for secret in ("135790", "13579024", "445566"):
        assert secret not in json.dumps([state, counts])


async def test_a_person_at_the_pad(door: Door, pvs: PrimarySystem) -> None:
    assert (await door("POST", "/pads/kt-empfang/type", {"pin": "135790"}))[0] == 409
    call = asyncio.create_task(pvs.pin("VerifyPin", await pvs.handle("SMC-B"), "PIN.SMC"))
    status, _ = await door("POST", "/pads/kt-empfang/type", {"pin": "135790", "wait_seconds": 5})
    assert (status, (await call).text("CARDCMN:PinResult")) == (200, "OK")
    assert (await door("GET", "/counts"))[1]["cards"]["smcb-m1"]["pin_tries"] == {"right": 1, "wrong": 0}
    call = asyncio.create_task(pvs.pin("VerifyPin", await pvs.handle("SMC-B"), "PIN.SMC"))
    await door("POST", "/pads/kt-empfang/type", {"keys": "cancel", "wait_seconds": 5})
    assert (await call).code == 4049


async def test_scripts(door: Door, pvs: PrimarySystem) -> None:
    script = {"entries": [{"pin": "000000", "after": 0.01}], "default": "type_right"}
    assert (await door("POST", "/pads/kt-empfang/script", script))[1]["script_left"] == 1
    handle = await pvs.handle("SMC-B")
    results = [(await pvs.pin("VerifyPin", handle, "PIN.SMC")).text("CARDCMN:PinResult") for _ in range(2)]
    assert results == ["REJECTED", "OK"]


async def test_cards_and_terminals(door: Door) -> None:
    assert (await door("POST", "/cards/egk-muster/pull"))[1]["handle"] is None
    status, card = await door("POST", "/cards/egk-muster/insert", {"terminal": "kt-sprechzimmer", "slot": 3})
    assert (status, card["terminal"], card["slot"]) == (200, "kt-sprechzimmer", 3)
    assert card["handle"]
    await door("POST", "/terminals/kt-sprechzimmer/disconnect")
    state = (await door("GET", "/state"))[1]
    assert state["konnektors"][0]["error_states"] == ["EC_CardTerminal_Not_Available(kt-sprechzimmer)"]
    await door("POST", "/terminals/kt-sprechzimmer/connect")
    assert (await door("GET", "/state"))[1]["konnektors"][0]["error_states"] == []


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/cards/none/pull", {}, 409, "there is no card"),
        ("/cards/egk-muster/insert", {"terminal": "kt-empfang", "slot": 2}, 409, "pull it first"),
        ("/cards/egk-muster/insert", {"slot": 2}, 400, "terminal"),
        ("/cards/egk-muster/insert", {"terminal": "kt-empfang", "slot": "2"}, 400, "wrong type"),
        ("/pads/none/type", {"pin": "1"}, 409, "there is no terminal"),
        ("/pads/kt-empfang/type", {"pin": "abcd"}, 400, "digits"),
        ("/pads/kt-empfang/type", {}, 400, "either"),
        ("/pads/kt-empfang/type", {"keys": "dance"}, 400, "cancel"),
        ("/pads/kt-empfang/script", {"default": "dance"}, 400, "silent"),
        ("/konnektors/none/reboot", {}, 409, "there is no konnektor"),
        ("/konnektors/konnektor/faults", {"operation": "*", "kind": "fire"}, 400, "soap_fault"),
        ("/konnektors/konnektor/error_states", {"EC_Nonsense": True}, 400, "known are"),
        ("/konnektors/konnektor/events", {"lose": "some"}, 400, "all"),
        ("/konnektors/konnektor/certificate", {"key": "p384"}, 400, "brainpool"),
        ("/konnektors/konnektor/password", {"client_system": "x", "password": "y"}, 409, "no client system"),
        ("/nowhere", {}, 404, "Not Found"),
        ("/cards/egk-muster/pull", [1], 400, "object"),
    ],
)
async def test_mistakes_are_explained(door: Door, path: str, body: object, status: int, said: str) -> None:
    got, document = await door("POST", path, body)
    assert (got, said in document["error"]) == (status, True)


async def test_konnektor_doors(simulation: Simulation, door: Door, pvs: PrimarySystem, sink: EventSink) -> None:
    await pvs.call("EVT:Subscribe", subscription(sink.url, "MGM"))
    await door(
        "POST", "/konnektors/konnektor/emit", {"topic": "MGM/LU_CHANGED/LU_ONLINE", "parameters": {"Active": "x"}}
    )
    assert (await sink.first("MGM/LU_CHANGED/LU_ONLINE")).parameters == {"Active": "x"}
    await door("POST", "/konnektors/konnektor/events", {"lose": "all"})
    await door("POST", "/konnektors/konnektor/emit", {"topic": "MGM/STANDALONE_CHANGED"})
    await door("POST", "/konnektors/konnektor/events", {"lose": 0})
    await door("POST", "/konnektors/konnektor/emit", {"topic": "MGM/TI_ACCESS_GRANTED"})
    await sink.first("MGM/TI_ACCESS_GRANTED")
    assert len(sink.received) == 2
    await door("POST", "/subscriptions/expire")
    assert (await pvs.call("EVT:GetSubscription")).texts(".//EVT:SubscriptionID") == []
    await door("POST", "/konnektors/konnektor/faults", {"operation": "GetCards", "kind": "soap_fault"})
    await door("DELETE", "/konnektors/konnektor/faults")
    assert (await pvs.call("EVT:GetCards")).status == 200
    time = (await door("POST", "/konnektors/konnektor/clock", {"offset_seconds": -86400 * 400}))[1]["time"]
    assert simulation.practice.devices["konnektor"].booted_at - datetime.fromisoformat(time) > timedelta(days=399)
    await door("POST", "/konnektors/konnektor/password", {"client_system": "kim", "password": "new"})
    assert simulation.konnektors["konnektor"].passwords["kim"] == ("kim", "new")
    assert (await door("POST", "/konnektors/konnektor/reboot", {"down_seconds": 0.05, "wait": True}))[1] == {"up": True}
    assert {call["operation"] for call in (await door("GET", "/calls"))[1]["calls"]} >= {"Subscribe", "GetCards"}


async def test_down_means_down(simulation: Simulation, door: Door, pvs: PrimarySystem) -> None:
    await door("POST", "/konnektors/konnektor/reboot", {"down_seconds": 0.3})
    assert (await door("GET", "/state"))[1]["konnektors"][0]["up"] is False
    with pytest.raises(aiohttp.ClientConnectionError):
        await pvs.call("EVT:GetCards")
    await simulation.konnektors["konnektor"].wait_until_up()
    assert (await pvs.call("EVT:GetCards")).status == 200


async def test_a_foreign_client_system_verifies(door: Door, pvs: PrimarySystem) -> None:
    body = {"card": "smcb-m1", "mandant": "m1", "client_system": "kim"}
    assert (await door("POST", "/sessions/verify", body))[0] == 200
    sessions = (await door("GET", "/state"))[1]["konnektors"][0]["sessions"]
    assert [each["verified"] for each in sessions if each["client_system"] == "kim"] == [["PIN.SMC"]]

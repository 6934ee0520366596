"""Planned faults, and requests that no Konnektor accepts."""

import time

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from firmware_sim.konnektor import soap
from firmware_sim.konnektor.faults import Fault, FaultError, read_fault
from firmware_sim.simulation import Simulation
from firmware_sim.world.codes import KonnektorError
from tests.sim.soap_client import PrimarySystem, Reply, sign
from tests.sim.wire.test_pins import plays
from tests.sim.wire.test_signatures import text_request


def plan(simulation: Simulation, **fault: object) -> None:
    simulation.konnektors["konnektor"].faults.add(read_fault(dict(fault)))


async def test_any_code_once(simulation: Simulation, pvs: PrimarySystem) -> None:
    plan(simulation, operation="GetCards", kind="soap_fault", code=7777, text="Eigener Fehler", severity="Fatal")
    reply = await pvs.call("EVT:GetCards")
    assert (reply.status, reply.code, reply.text(".//GERROR:ErrorText")) == (500, 7777, "Eigener Fehler")
    assert reply.text(".//GERROR:Severity") == "Fatal"
    assert (await pvs.call("EVT:GetCards")).status == 200


async def test_only_the_operation_that_is_meant(simulation: Simulation, pvs: PrimarySystem) -> None:
    plan(simulation, operation="SignDocument", kind="soap_fault", times=-1)
    assert (await pvs.call("EVT:GetCards")).status == 200
    handle = await pvs.handle("SMC-B")
    assert [(await sign(pvs, handle, text_request())).code for _ in range(3)] == [4001] * 3
    assert simulation.practice.counts.total().signatures == 0


async def test_delay(simulation: Simulation, pvs: PrimarySystem) -> None:
    plan(simulation, operation="*", kind="delay", seconds=0.3)
    started = time.monotonic()
    assert (await pvs.call("EVT:GetCards")).status == 200
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize(("size", "executed"), [(0, True), (40, True), (300, True)])
async def test_cut_after_the_work_is_done(
    simulation: Simulation, pvs: PrimarySystem, size: int, executed: bool
) -> None:
    handle = await pvs.handle("SMC-B")
    plan(simulation, operation="SignDocument", kind="cut", bytes=size)
    with pytest.raises(aiohttp.ClientError):
        await sign(pvs, handle, text_request())
    assert simulation.practice.counts.cards["smcb-m1"].signatures == int(executed)


async def test_cut_before_the_work(simulation: Simulation, pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    plan(simulation, operation="SignDocument", kind="cut", execute=False)
    with pytest.raises(aiohttp.ClientError):
        await sign(pvs, handle, text_request())
    counts = simulation.practice.counts.cards["smcb-m1"]
    assert (counts.signatures, counts.operations["SignDocument"]) == (0, 1)


@pytest.mark.parametrize("kind", ["garbage", "http_status"])
async def test_no_answer_that_can_be_read_after_the_work_is_done(
    simulation: Simulation, pvs: PrimarySystem, kind: str
) -> None:
    handle = await pvs.handle("SMC-B")
    plan(simulation, operation="SignDocument", kind=kind, execute=True)
    with pytest.raises(etree.XMLSyntaxError):
        await sign(pvs, handle, text_request())
    assert simulation.practice.counts.cards["smcb-m1"].signatures == 1


async def test_silence(simulation: Simulation, pvs: PrimarySystem) -> None:
    plan(simulation, operation="GetCards", kind="silent", seconds=0.3)
    started = time.monotonic()
    with pytest.raises(aiohttp.ClientError):
        await pvs.call("EVT:GetCards")
    assert time.monotonic() - started >= 0.3


async def test_garbage_and_foreign_status(simulation: Simulation, pvs: PrimarySystem) -> None:
    plan(simulation, operation="*", kind="garbage")
    plan(simulation, operation="*", kind="http_status", status=503)
    body = b"<S:Envelope xmlns:S='http://schemas.xmlsoap.org/soap/envelope/'><S:Body><a/></S:Body></S:Envelope>"
    status, data = await pvs.post("/ws/EventService", body)
    assert (status, b"\x00" in data) == (200, True)
    assert await pvs.post("/ws/EventService", body) == (503, b"")


async def test_a_status_that_contradicts(simulation: Simulation, pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    plays(simulation, "kt-empfang", {"action": "type_right"})
    plan(simulation, operation="VerifyPin", kind="wrong_status", code=4120)
    reply: Reply = await pvs.pin("VerifyPin", handle, "PIN.SMC")
    assert (reply.text("CARDCMN:PinResult"), reply.code) == ("ERROR", 4120)


async def test_calls_are_remembered_without_secrets(simulation: Simulation, pvs: PrimarySystem) -> None:
    await pvs.at(user="a-secret-uuid").call("EVT:GetCards")
    record = simulation.konnektors["konnektor"].calls.as_json()[-1]
    assert (record["operation"], record["namespace"], record["result"], record["with_user"]) == (
        "GetCards",
        "EVT",
        "OK",
        True,
    )
    assert "a-secret-uuid" not in str(record)


@pytest.mark.parametrize(
    "plan_", [{}, {"operation": "*", "kind": "fire"}, {"operation": "*", "kind": "cut", "x": 1}, {"kind": "cut"}]
)
def test_faults_that_cannot_be_planned(plan_: dict[str, object]) -> None:
    with pytest.raises(FaultError):
        read_fault(plan_)


def test_a_fault_says_whether_the_operation_runs() -> None:
    assert Fault(operation="*", kind="cut").runs
    assert not Fault(operation="*", kind="silent").runs
    assert Fault(operation="*", kind="silent", execute=True).runs


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no xml",
        b"<a/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<S:Envelope xmlns:S='http://schemas.xmlsoap.org/soap/envelope/'/>",
        b"<S:Envelope xmlns:S='http://schemas.xmlsoap.org/soap/envelope/'><S:Body/></S:Envelope>",
    ],
)
async def test_what_is_no_request(pvs: PrimarySystem, body: bytes) -> None:
    status, data = await pvs.post("/ws/EventService", body)
    assert status == 500
    assert b"<GERROR:Code>4000</GERROR:Code>" in data


@pytest.mark.parametrize(
    ("name", "content", "attributes"),
    [
        ("EVT:GetCards", "<CARDCMN:SlotId>1</CARDCMN:SlotId><CARDCMN:CtId>kt-empfang</CARDCMN:CtId>", ""),
        ("EVT:GetCards", "<CARDCMN:CardType>Krankenkarte</CARDCMN:CardType>", ""),
        ("EVT:GetCards", "<EVT:Nonsense/>", ""),
        ("EVT:GetCards", "", 'mandant-wide="vielleicht"'),
        ("EVT:GetCards", "", 'mandantwide="true"'),
        ("EVT:GetCards", "<CARDCMN:SlotId>1</CARDCMN:SlotId>", ""),
        ("CARD:VerifyPin", "<CARDCMN:PinTyp>PIN.SMC</CARDCMN:PinTyp>", ""),
        ("EVT:RenewSubscriptions", "", ""),
        ("EVT:Unsubscribe", "", ""),
        ("SIG75:SignDocument", "", ""),
    ],
)
async def test_what_the_schema_forbids(pvs: PrimarySystem, name: str, content: str, attributes: str) -> None:
    assert (await pvs.call(name, content, attributes)).code == 4000


@given(st.binary(max_size=200))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_bytes_never_crash_the_reader(data: bytes) -> None:
    with pytest.raises(KonnektorError, match=r"^4000 "):
        soap.read_request(data)

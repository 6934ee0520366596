"""What a context sees of terminals and cards, and how the Konnektor says that it is unwell."""

import pytest

from firmware_sim.simulation import Simulation
from tests.sim.conftest import Client
from tests.sim.soap_client import PrimarySystem, certificates

ICCSN = ".//CARD:Card/CARDCMN:Iccsn"


async def iccsns(system: PrimarySystem, content: str = "", attributes: str = "") -> set[str]:
    return {each[-3:] for each in (await system.call("EVT:GetCards", content, attributes)).texts(ICCSN)}


async def test_cards_of_other_mandants_are_not_listed(client: Client) -> None:
    assert await iccsns(client("pvs")) == {"101", "201", "202", "301"}
    assert await iccsns(client("pvs", mandant="m2")) == {"102", "301"}


async def test_by_type_terminal_and_slot(pvs: PrimarySystem) -> None:
    assert await iccsns(pvs, "<CARDCMN:CardType>HBAx</CARDCMN:CardType>") == {"201", "202"}
    assert await iccsns(pvs, "<CARDCMN:CardType>SM-B</CARDCMN:CardType>") == {"101"}
    assert await iccsns(pvs, "<CARDCMN:CtId>kt-sprechzimmer</CARDCMN:CtId>") == {"201", "202"}
    slot = "<CARDCMN:CtId>kt-empfang</CARDCMN:CtId><CARDCMN:SlotId>{}</CARDCMN:SlotId>"
    assert await iccsns(pvs, slot.format(1)) == {"301"}
    assert (await pvs.call("EVT:GetCards", slot.format(2))).code == 4098
    assert (await pvs.call("EVT:GetCards", slot.format(9))).code == 4097
    assert (await pvs.call("EVT:GetCards", slot.format(4))).code == 4098


async def test_terminals_and_their_workplaces(simulation: Simulation, pvs: PrimarySystem) -> None:
    simulation.practice.disconnect("kt-sprechzimmer")
    reply = await pvs.call("EVT:GetCardTerminals")
    assert reply.texts(".//CT:CardTerminal/CARDCMN:CtId") == ["kt-empfang", "kt-sprechzimmer"]
    assert reply.texts(".//CT:CardTerminal/CT:Connected") == ["true", "false"]
    assert (await pvs.at(mandant="m2").call("EVT:GetCardTerminals")).texts(".//CARDCMN:CtId") == ["kt-empfang"]


async def test_a_lost_terminal_takes_its_handles(simulation: Simulation, client: Client) -> None:
    doctor = client("pvs", workplace="sprechzimmer", user="adler")
    old = await doctor.handle("HBA")
    simulation.practice.disconnect("kt-sprechzimmer")
    assert (await doctor.pin("GetPinStatus", old, "PIN.CH")).code == 4008
    simulation.practice.connect("kt-sprechzimmer")
    assert await doctor.handle("HBA") != old


async def test_the_konnektors_health(simulation: Simulation, pvs: PrimarySystem) -> None:
    simulation.practice.devices["konnektor"].set_condition("EC_No_VPN_TI_Connection", True)
    reply = await pvs.call("EVT:GetResourceInformation")
    assert reply.text(".//CONN:VPNTIStatus/CONN:ConnectionStatus") == "Offline"
    assert reply.text(".//CONN:VPNSISStatus/CONN:ConnectionStatus") == "Online"
    holding = [
        state.findtext("CONN:ErrorCondition", namespaces={"CONN": "http://ws.gematik.de/conn/ConnectorCommon/v5.0"})
        for state in reply.root.iterfind(".//{*}ErrorState")
        if state.findtext("{*}Value") == "true"
    ]
    assert holding == ["EC_No_VPN_TI_Connection"]


async def test_one_resource(pvs: PrimarySystem) -> None:
    by_iccsn = await pvs.call("EVT:GetResourceInformation", "<CARDCMN:Iccsn>80276001011699900301</CARDCMN:Iccsn>")
    assert by_iccsn.text("CARD:Card/CARD:Kvnr") == "X000000012"
    unknown = await pvs.call("EVT:GetResourceInformation", "<CARDCMN:Iccsn>80276001011699900999</CARDCMN:Iccsn>")
    assert unknown.code == 4099
    by_slot = "<CARDCMN:CtId>kt-empfang</CARDCMN:CtId><CARDCMN:SlotId>3</CARDCMN:SlotId>"
    assert (await pvs.call("EVT:GetResourceInformation", by_slot)).text("CARD:Card/CARDCMN:CardType") == "SMC-B"
    foreign = "<CARDCMN:Iccsn>80276001011699900102</CARDCMN:Iccsn>"
    assert (await pvs.call("EVT:GetResourceInformation", foreign)).code == 4013


async def test_a_critical_state_stops_cards_but_not_questions(simulation: Simulation, pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    simulation.practice.devices["konnektor"].set_condition("EC_CRL_Out_Of_Date", True)
    assert (await pvs.call("EVT:GetResourceInformation")).status == 200
    assert (await pvs.pin("GetPinStatus", handle, "PIN.SMC")).code == 4002


async def test_certificates(client: Client, pvs: PrimarySystem) -> None:
    handle, egk = await pvs.handle("SMC-B"), await pvs.handle("EGK")
    reply = await certificates(pvs, handle, "C.AUT", "C.SIG")
    assert reply.texts(".//CERTCMN:CertRef") == ["C.AUT", "C.SIG"]
    assert len(reply.texts(".//CERTCMN:X509Certificate")) == 2
    assert (await certificates(pvs, handle, "C.QES")).code == 4147
    assert (await certificates(pvs, handle, "C.WRONG")).code == 4149
    assert (await certificates(pvs, egk, "C.AUT")).code == 4090
    without_user = client("pvs", workplace="sprechzimmer")
    assert (await certificates(without_user, await pvs.handle("HBA"), "C.QES")).status == 200


@pytest.mark.parametrize("world_text", ["PTV3"], indirect=True)
async def test_an_old_certificate_service_knows_no_crypt(pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    assert (await certificates(pvs, handle, "C.AUT")).code == 4000
    assert (await certificates(pvs, handle, "C.AUT", crypt="")).code == 4256

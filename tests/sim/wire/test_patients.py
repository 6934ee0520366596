"""Patients' cards: what ReadVSD and ReadKVK tell, who may ask, and how long it takes; RequestCard and EjectCard."""

import asyncio
import base64
import time

import pytest

from firmware_sim.pads.pad import Pad
from firmware_sim.patients.kvk import checksum_right
from firmware_sim.simulation import Simulation
from firmware_sim.world.configuration import VerifiedConfiguration
from tests.sim.conftest import Client
from tests.sim.event_sink import EventSink
from tests.sim.patients import opened, place, read_vsd
from tests.sim.soap_client import PrimarySystem, Reply, subscription
from tests.waiting import until


def result(reply: Reply) -> str | None:
    return opened(reply, "Pruefungsnachweis").findtext("{*}E")


async def test_a_card_is_read_with_a_proof(pvs: PrimarySystem, sink: EventSink) -> None:
    await pvs.call("EVT:Subscribe", subscription(sink.url, "VSDM/PROGRESS"))
    reply = await read_vsd(pvs, await pvs.handle("EGK"), await pvs.handle("SMC-B"))
    person = opened(reply, "PersoenlicheVersichertendaten")
    assert person.findtext(".//{*}Versicherten_ID") == "X000000012"
    assert person.findtext(".//{*}Nachname") == "Erfunden"
    assert opened(reply, "AllgemeineVersicherungsdaten").findtext(".//{*}WOP") == "98"
    assert opened(reply, "GeschuetzteVersichertendaten").findtext(".//{*}Status") == "0"
    assert (reply.text("VSD:VSD_Status/VSD:Status"), result(reply)) == ("0", "2")
    assert await sink.topics(1) == ["VSDM/PROGRESS/READVSD"]


async def test_without_a_check_there_is_the_proof_on_the_card_or_none(pvs: PrimarySystem) -> None:
    egk, smb = await pvs.handle("EGK"), await pvs.handle("SMC-B")
    assert (await read_vsd(pvs, egk, smb, check=False)).code == 3040
    assert (await read_vsd(pvs, egk, smb, check=False, receipt=False)).text("VSD:Pruefungsnachweis") is None
    await read_vsd(pvs, egk, smb, receipt=False)
    assert result(await read_vsd(pvs, egk, smb, check=False)) == "2"


async def test_a_proof_is_readable_for_who_made_it(simulation: Simulation, pvs: PrimarySystem) -> None:
    simulation.practice.verify_elsewhere(_verified("smcb-m2", "m2"))
    other = pvs.at(mandant="m2")
    egk = await pvs.handle("EGK")
    await read_vsd(pvs, egk, await pvs.handle("SMC-B"))
    assert (await read_vsd(other, egk, await other.handle("SMC-B"), check=False)).code == 3039


async def test_who_may_read(client: Client, pvs: PrimarySystem) -> None:
    egk, smb = await pvs.handle("EGK"), await pvs.handle("SMC-B")
    assert (await read_vsd(client("kim"), egk, smb)).code == 3041
    assert (await read_vsd(pvs.at(workplace="sprechzimmer"), egk, smb)).code == 4016
    doctor = client("pvs", workplace="empfang", user="adler")
    assert (await read_vsd(doctor, egk, await doctor.handle("HBA"))).code == 3042
    assert (await read_vsd(pvs, smb, smb)).code == 4209
    assert (await read_vsd(pvs, egk, egk)).code == 4209
    assert (await read_vsd(pvs, "gone", smb)).code == 4008


@pytest.mark.parametrize(
    ("world_text", "expected"), [("updated", "1"), ("certificate_invalid", "4")], indirect=["world_text"]
)
async def test_the_online_check_ends_as_the_world_says(pvs: PrimarySystem, expected: str) -> None:
    egk, smb = await pvs.handle("EGK"), await pvs.handle("SMC-B")
    first = await read_vsd(pvs, egk, smb)
    assert result(first) == expected
    again = await read_vsd(pvs, egk, smb)
    assert result(again) == ("2" if expected == "1" else expected)
    street = opened(again, "PersoenlicheVersichertendaten").findtext(".//{*}Strasse")
    assert street == ("Neue Gasse" if expected == "1" else "Ahornweg")


async def test_without_the_ti_the_proof_says_that_nothing_could_be_checked(
    simulation: Simulation, pvs: PrimarySystem
) -> None:
    simulation.practice.devices["konnektor"].set_condition("EC_No_VPN_TI_Connection", True)
    reply = await read_vsd(pvs, await pvs.handle("EGK"), await pvs.handle("SMC-B"))
    assert (result(reply), opened(reply, "Pruefungsnachweis").findtext("{*}EC")) == ("3", "12999")


@pytest.mark.parametrize("world_text", ["gesperrt"], indirect=True)
async def test_an_invalid_card(pvs: PrimarySystem) -> None:
    assert (await read_vsd(pvs, await pvs.handle("EGK"), await pvs.handle("SMC-B"))).code == 114


@pytest.mark.parametrize("world_text", ["second_egk slow_patients"], indirect=True)
async def test_two_cards_take_turns_at_the_practice_card_only(simulation: Simulation, pvs: PrimarySystem) -> None:
    """A reading takes 0.5 s, 0.2 s of it at the SMC-B: the second ends 0.2 s after the first, not 0.5 s."""
    first, second = await pvs.handle("EGK", 0), await pvs.handle("EGK", 1)
    smb, started = await pvs.handle("SMC-B"), time.monotonic()
    replies = await asyncio.gather(read_vsd(pvs, first, smb), read_vsd(pvs, second, smb))
    assert [reply.status for reply in replies] == [200, 200]
    assert 0.7 <= time.monotonic() - started < 0.95
    busy = await asyncio.gather(read_vsd(pvs, first, smb), read_vsd(pvs, first, smb))
    assert sorted(reply.code or 0 for reply in busy) == [0, 4093]


@pytest.mark.parametrize(("world_text", "code"), [("kvk", None), ("kvk spoilt_kvk", 3021)], indirect=["world_text"])
async def test_an_old_card(pvs: PrimarySystem, code: int | None) -> None:
    handle = f"<KVK:KVKHandle>{await pvs.handle('KVK')}</KVK:KVKHandle>"
    reply = await pvs.call("KVK:ReadKVK", before=handle)
    assert reply.code == code
    if code is None:
        template = base64.b64decode(reply.text("KVK:KVK") or "")
        assert checksum_right(template)
        assert b"M}ller" in template
    wrong = f"<KVK:KVKHandle>{await pvs.handle('EGK')}</KVK:KVKHandle>"
    assert (await pvs.call("KVK:ReadKVK", before=wrong)).code == 4209


async def shows(pad: Pad, text: str) -> None:
    async def look() -> bool:
        return pad.display == text

    await until(look)


async def test_request_card_waits_for_a_person(simulation: Simulation, pvs: PrimarySystem) -> None:
    practice, pad = simulation.practice, simulation.pads["kt-empfang"]
    practice.pull("egk-muster")
    text = "<CTS:DisplayMsg>Karte bitte</CTS:DisplayMsg><CTS:TimeOut>5</CTS:TimeOut>"
    waiting = asyncio.create_task(pvs.call("CTS:RequestCard", place(1, text)))
    await shows(pad, "Karte bitte")
    assert (await pvs.call("CTS:RequestCard", place(2))).code == 4039
    practice.insert("egk-muster", "kt-empfang", 1)
    reply = await waiting
    assert (reply.text("CTS:AlreadyInserted"), reply.text("CARD:Card/CARDCMN:CardType")) == ("false", "EGK")
    assert pad.display == "Empfang"
    already = await pvs.call("CTS:RequestCard", place(1))
    assert already.text("CTS:AlreadyInserted") == "true"
    wrong = "<CARDCMN:CardType>HBAx</CARDCMN:CardType>"
    assert (await pvs.call("CTS:RequestCard", place(1, wrong))).code == 4058


async def test_nobody_brings_or_takes_a_card(pvs: PrimarySystem) -> None:
    assert (await pvs.call("CTS:RequestCard", place(2, "<CTS:TimeOut>0</CTS:TimeOut>"))).code == 4202
    handle = f"<CONN:CardHandle>{await pvs.handle('EGK')}</CONN:CardHandle>"
    started = time.monotonic()
    assert (await pvs.call("CTS:EjectCard", f"{handle}<CTS:TimeOut>50</CTS:TimeOut>")).code == 4203
    assert time.monotonic() - started < 5  # milliseconds
    assert (await pvs.call("CTS:EjectCard", place(2))).code == 4098
    assert (await pvs.call("CTS:RequestCard", place(9))).code == 4097


async def test_eject_ends_sessions_and_waits_until_the_card_is_out(simulation: Simulation, client: Client) -> None:
    pvs, pad = client("pvs"), simulation.pads["kt-empfang"]
    card = await pvs.handle("SMC-B")
    text = "<CTS:DisplayMsg>Danke</CTS:DisplayMsg><CTS:TimeOut>5000</CTS:TimeOut>"
    waiting = asyncio.create_task(pvs.call("CTS:EjectCard", f"<CONN:CardHandle>{card}</CONN:CardHandle>{text}"))
    await shows(pad, "Danke")
    assert not simulation.practice.devices["konnektor"].sessions.of_card(card)
    simulation.practice.pull("smcb-m1")
    assert (await waiting).text("CONN:Status/CONN:Result") == "OK"
    assert (await pvs.call("CTS:EjectCard", f"<CONN:CardHandle>{card}</CONN:CardHandle>")).code == 4008


def _verified(card: str, mandant: str) -> VerifiedConfiguration:
    return VerifiedConfiguration(card=card, pin="PIN.SMC", mandant=mandant, client_system="pvs")

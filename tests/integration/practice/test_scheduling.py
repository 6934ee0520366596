"""People at pads and terminals that hang keep nobody else waiting, and every answer says where its time went."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from kartenwart.api.card.v1 import card_pb2, card_service_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.client import CallFailed, Kartenwart
from tests.bench.sides import keys_of
from tests.integration.practice.desk import (
    AT_THE_DOCTOR,
    AT_THE_RECEPTION,
    EMPFANG,
    SPRECHZIMMER,
    entered,
    pin_entry,
    signature,
    signed,
)
from tests.integration.practice.staff import Staffed, many_cards, staffed
from tests.practice import practice

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(90)]
FALK = "users/falk"
GET_PIN_STATUS = "kartenwart.api.pin.v1.PinService/GetPinStatus"
LIST_CARDS = "kartenwart.api.card.v1.CardService/ListCards"


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="staff")
async def _staff(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staffed]:
    folder = tmp_path_factory.mktemp("practice")
    async with practice(folder, many_cards(folder)) as here, staffed(here, ("falk",)) as staff:
        yield staff


async def status(box: Kartenwart, card: str) -> card_pb2.PinState:
    return await box.pins.status(card, card_pb2.PIN_SMC, context=EMPFANG)


async def test_the_first_entries_of_two_rooms_are_asked_for_at_once_though_nobody_knew_the_pads(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba, smcb = await here.card(box, "HBA", "0206"), await here.card(box, "SMC_B", "0101")
    first = await box.pins.verify(pin_entry(hba, FALK))
    await here.simulator.prompt(AT_THE_DOCTOR)
    second = await box.pins.verify(pin_entry(smcb, context=EMPFANG))
    await here.simulator.prompt(AT_THE_RECEPTION)
    assert (await here.simulator.ask(f"/pads/{AT_THE_DOCTOR}"))["prompt"]
    await here.simulator.do(f"/pads/{AT_THE_RECEPTION}/type", pin="135790")
    await here.simulator.do(f"/pads/{AT_THE_DOCTOR}/type", pin="314159")
    ends = await asyncio.gather(box.jobs.follow(first), box.jobs.follow(second))
    assert [end.verify_pin.outcome for end in ends] == [job_pb2.PIN_OUTCOME_VERIFIED] * 2


async def test_an_smcb_signs_and_answers_while_somebody_is_asked_for_its_pin(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    smcb = await here.card(box, "SMC_B", "0101")
    waiting = await box.pins.verify(pin_entry(smcb, context=EMPFANG))
    await here.simulator.prompt(AT_THE_RECEPTION)
    document = await box.documents.upload(b"Befund", "text/plain")
    form = signature_pb2.SIGNATURE_FORMAT_CADES_DETACHED
    async with asyncio.timeout(6):
        job = await signed(box, signature(smcb, document.name, form=form, context=EMPFANG))
        await status(box, smcb)
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED
    assert (await here.simulator.ask(f"/pads/{AT_THE_RECEPTION}"))["prompt"]
    await here.simulator.do(f"/pads/{AT_THE_RECEPTION}/type", keys="cancel")
    await box.jobs.follow(waiting)


async def test_a_doctors_card_in_use_is_not_asked_beside_and_the_caller_waits_for_its_turn(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    job = await box.pins.verify(pin_entry(hba, FALK))
    await here.simulator.prompt(AT_THE_DOCTOR)
    asked = asyncio.create_task(box.pins.status(hba, card_pb2.PIN_CH, context=SPRECHZIMMER, user=FALK))
    before = (await here.simulator.counts("hba-falk"))["operations"].get("GetPinStatus", 0)
    await asyncio.sleep(0.5)
    assert (await here.simulator.counts("hba-falk"))["operations"].get("GetPinStatus", 0) == before
    await here.simulator.do(f"/pads/{AT_THE_DOCTOR}/type", pin="314159")
    assert (await asked).status == card_pb2.PIN_STATUS_VERIFIED
    await box.jobs.follow(job)


async def test_a_terminal_that_hangs_takes_only_its_own_cards_with_it(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba, smcb = await here.card(box, "HBA", "0206"), await here.card(box, "SMC_B", "0101")
    await here.simulator.do(f"/terminals/{AT_THE_DOCTOR}/hang", seconds=45)
    stuck = asyncio.create_task(box.pins.status(hba, card_pb2.PIN_CH, context=SPRECHZIMMER, user=FALK))
    try:
        async with asyncio.timeout(2):
            for _ in range(5):
                await status(staff.other, smcb)
                assert await staff.other.cards.list()
        with pytest.raises(CallFailed) as silent:
            await stuck
        assert silent.value.reason == "KONNEKTOR_SILENT"
    finally:
        await here.simulator.do(f"/terminals/{AT_THE_DOCTOR}/hang", seconds=0)
    assert (await box.konnektors.list())[0].HasField("last_confirmed_time")


async def test_a_job_says_where_its_time_went_and_so_do_journal_and_metrics(staff: Staffed) -> None:
    here = staff.practice
    hba = await here.card(staff.box, "HBA", "0206")
    await here.simulator.plays(AT_THE_DOCTOR, {"action": "type_right", "after": 1.0})
    job = await entered(staff.box, pin_entry(hba, FALK))
    person = job.times.person.ToTimedelta().total_seconds()
    assert 0.9 < person < 5
    assert job.times.konnektor.ToTimedelta().total_seconds() < person
    (line,) = [line for line in here.agent.said.splitlines() if "job.ended" in line and job.name in line]
    assert "VERIFY_PIN" in line
    assert re.search(r"person_ms\W+[0-9]{3,4}\b", line)
    assert "falk" not in line
    assert hba not in line
    text = await metrics(staff)
    counted = re.search(r'kartenwart_job_seconds_sum\{kind="VERIFY_PIN",part="person"\} ([0-9.]+)', text)
    assert counted is not None
    assert float(counted[1]) >= person - 0.01
    assert 'kartenwart_job_seconds_count{kind="VERIFY_PIN",part="queue"}' in text


@pytest.mark.parametrize("door", ["grpc", "http"])
async def test_an_answer_of_a_card_says_where_its_time_went(staff: Staffed, door: str) -> None:
    here = staff.practice
    smcb = await here.card(staff.box, "SMC_B", "0101")
    await here.simulator.fault("GetPinStatus", "delay", seconds=0.3, times=-1)
    request = pin_service_pb2.GetPinStatusRequest(card=smcb, context=EMPFANG, pin=card_pb2.PIN_SMC)
    try:
        told = await (by_grpc if door == "grpc" else by_http)(staff, GET_PIN_STATUS, request)
    finally:
        await here.simulator.do("/konnektors/konnektor/faults", "DELETE")
    spent = re.fullmatch(r"queue;dur=([0-9]+), konnektor;dur=([0-9]+)", told)
    assert spent is not None
    assert int(spent[1]) < 250
    assert int(spent[2]) >= 300
    counted = f'kartenwart_card_call_seconds_count{{method="{GET_PIN_STATUS}",part="konnektor"}}'
    assert counted in await metrics(staff)
    listing = card_service_pb2.ListCardsRequest()
    assert await (by_grpc if door == "grpc" else by_http)(staff, LIST_CARDS, listing) == ""


async def by_grpc(staff: Staffed, method: str, request: Message) -> str:
    """Call as a workstation; return what the trailers say of the time."""
    profile = await staff.practice.workstation(f"Tablet {method[-6:]}", contexts=("empfang",))
    async with keys_of(profile).channel() as channel:
        call: Any = channel.unary_unary(f"/{method}")
        answer = call(request.SerializeToString())
        await answer
        return str(dict(await answer.trailing_metadata() or ()).get("server-timing", ""))


async def by_http(staff: Staffed, method: str, request: Message) -> str:
    """Call at the local door; return what the header says of the time."""
    connector = aiohttp.UnixConnector(str(staff.practice.agent.socket))
    url, document = f"http://box/{method}", MessageToDict(request)
    async with aiohttp.ClientSession(connector=connector) as http, http.post(url, json=document) as answer:
        assert answer.status == 200, await answer.text()
        return answer.headers.get("Server-Timing", "")


async def metrics(staff: Staffed) -> str:
    """Return what Prometheus would get."""
    connector = aiohttp.UnixConnector(str(staff.practice.agent.socket))
    async with aiohttp.ClientSession(connector=connector) as http, http.get("http://box/metrics") as answer:
        return await answer.text()

"""Patients' cards over the whole way: read once per insertion, shared beside the card, gone with it."""

import asyncio
import gzip
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.patient.v1 import patient_card_pb2 as patient_pb2
from kartenwart.api.terminal.v1 import terminal_service_pb2
from kartenwart.client import CallFailed, Failure, Kartenwart
from tests.integration.leaks import marks
from tests.integration.leaks.marks import ALL_IN_ONE, KVNR, PATIENT, found_in
from tests.integration.security.conftest import get, kartenwart
from tests.practice import Practice, practice
from tests.waiting import until

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("patients"),
]

EMPFANG = "contexts/empfang"
STREET, DISPLAYED, OLD_NAME = "Quittenstieg", "Bitte Karte von Herrn Q stecken", "Wimpernzucker"
SECRET = (PATIENT, KVNR, STREET, DISPLAYED, OLD_NAME)
KVK = """
[[cards]]
name = "kvk-mueller"
kind = "kvk"
iccsn = "80276001011699900399"
holder = "Max Wimpernzucker TEST-ONLY"
"""


class Reception:
    """Two workplaces at the reception, one in the consulting room, one of the other practice."""

    def __init__(self, here: Practice, boxes: list[Kartenwart], profile: Path) -> None:
        self.here = here
        self.box, self.other, self.far, self.neighbour = boxes
        self.profile = profile

    async def egk(self) -> str:
        """Return the eGK's name, once the box knows that it is beside the reception."""

        async def look() -> str:
            return next((one.name for one in await self.box.cards.list() if PATIENT in one.holder), "")

        return await until(look)

    async def reinserted(self) -> str:
        """Pull the card and insert it again; return its new name."""
        before = await self.egk()
        await self.here.simulator.do("/cards/egk-muster/pull")
        await self.here.simulator.do("/cards/egk-muster/insert", terminal="kt-empfang", slot=1)

        async def look() -> str:
            name = await self.egk()
            return name if name != before else ""

        return await until(look)

    async def readings(self) -> int:
        return int((await self.here.simulator.counts("egk-muster"))["operations"].get("ReadVSD", 0))

    async def checks(self) -> int:
        return int((await self.here.simulator.counts("egk-muster"))["online_checks"])


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="reception")
async def _reception(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Reception]:
    folder = tmp_path_factory.mktemp("patients")
    world = marks.world(folder)
    text = world.read_text(encoding="utf-8")
    place = 'terminal = "kt-empfang"\nslot = 1\n'
    assert text.count(place) == 1
    world.write_text(text.replace(place, f'{place}patient = {{ street = "{STREET}" }}\n') + KVK, encoding="utf-8")
    async with practice(folder, world, '\n[log]\nlevel = "debug"\n') as here:
        for mandant, card in (("m1", "smcb-m1"), ("m2", "smcb-m2")):
            await here.simulator.do("/sessions/verify", card=card, mandant=mandant, client_system="kartenwart")
        one = await here.workstation("Empfang 1", role="WORKSTATION", contexts=("empfang",))
        two = await here.workstation("Empfang 2", role="WORKSTATION", contexts=("empfang",))
        far = await here.workstation("Sprechzimmer", contexts=("sprechzimmer",))
        neighbour = await here.workstation("Nachbar", role="WORKSTATION", contexts=("nachbar",))
        async with (
            here.connected(one) as box,
            here.connected(two) as other,
            here.connected(far) as distant,
            here.connected(neighbour) as next_door,
        ):
            yield Reception(here, [box, other, distant, next_door], here.folder / "Empfang 1")


async def test_a_card_is_read_once_per_insertion_for_all_who_may_see_it(reception: Reception) -> None:
    card, before = await reception.reinserted(), await reception.readings()
    boxes = (reception.box, reception.other, reception.box)
    readings = await asyncio.gather(*(one.patients.read_vsd(card) for one in boxes))
    assert await reception.readings() == before + 1
    assert sorted(one.shared for one in readings) == [False, True, True]
    again = await reception.other.patients.read_vsd(card)
    assert (again.shared, await reception.readings()) == (True, before + 1)
    assert (again.person.family_name, again.person.insured_id) == (PATIENT, KVNR)
    assert again.insurance.region == "98"
    assert again.HasField("protected_data")
    assert again.replacement_procedure == patient_pb2.REPLACEMENT_PROCEDURE_NOT_NEEDED
    kinds = {one.kind: one.content for one in again.containers}
    assert PATIENT.encode() in gzip.decompress(kinds[patient_pb2.CONTAINER_KIND_PERSONAL])
    assert again.times.konnektor.ToMilliseconds() >= 80
    assert (await reception.reinserted()) != card
    with pytest.raises(CallFailed) as gone:
        await reception.box.patients.read_vsd(card)
    assert gone.value.reason == "NOT_FOUND"


async def test_who_is_not_beside_the_card_does_not_read_it(reception: Reception) -> None:
    card, before = await reception.egk(), await reception.readings()
    with pytest.raises(CallFailed) as refused:
        await reception.far.patients.read_vsd(card)
    assert refused.value.reason == "OUT_OF_SCOPE"
    with pytest.raises(CallFailed) as elsewhere:
        await reception.far.patients.read_vsd(card, context=EMPFANG)
    assert elsewhere.value.reason == "OUT_OF_SCOPE"
    assert await reception.readings() == before


async def test_another_practice_reads_for_itself(reception: Reception) -> None:
    card = await reception.reinserted()
    await reception.box.patients.read_vsd(card)
    before = await reception.readings()
    theirs = await reception.neighbour.patients.read_vsd(card)
    assert (theirs.shared, await reception.readings()) == (False, before + 1)
    proof = next(one.content for one in theirs.containers if one.kind == patient_pb2.CONTAINER_KIND_PROOF)
    assert proof not in [one.content for one in (await reception.box.patients.read_vsd(card)).containers]


async def test_the_first_reading_of_the_quarter_is_checked_online(reception: Reception) -> None:
    """What the box keeps of that survives its restart, and is neither a name nor a number."""
    await reception.box.patients.read_vsd(await reception.egk())
    card, before = await reception.reinserted(), await reception.checks()
    second = await reception.box.patients.read_vsd(card)
    assert not second.HasField("proof")
    assert not second.HasField("failure")
    always = await reception.other.patients.read_vsd(card, online_check=patient_pb2.ONLINE_CHECK_ALWAYS)
    assert always.proof.result == patient_pb2.ONLINE_CHECK_RESULT_UP_TO_DATE
    assert (always.shared, await reception.checks()) == (False, before + 1)
    shared = await reception.box.patients.read_vsd(card)
    assert (shared.shared, shared.HasField("proof")) == (True, True)
    stored = b"".join(path.read_bytes() for path in (reception.here.agent.folder / "state").glob("agent.db*"))
    assert b"online_check/" in stored
    assert KVNR.encode() not in stored
    assert b"80276001011699900301" not in stored


@pytest.mark.parametrize(
    ("code", "reason", "replacement", "kept"),
    [
        (114, "CARD_INVALID", patient_pb2.REPLACEMENT_PROCEDURE_FORBIDDEN, True),
        (3001, "CARD_FAULT", patient_pb2.REPLACEMENT_PROCEDURE_ALLOWED, False),
        (4192, "CARD_FAULT", patient_pb2.REPLACEMENT_PROCEDURE_ANOTHER_INSERTION_FIRST, False),
        (3041, "PIN_NOT_VERIFIED", patient_pb2.REPLACEMENT_PROCEDURE_UNSPECIFIED, False),
    ],
)
async def test_what_fails_says_what_the_practice_may_do(
    reception: Reception, code: int, reason: str, replacement: int, kept: bool
) -> None:
    card, before = await reception.reinserted(), await reception.readings()
    await reception.here.simulator.fault("ReadVSD", "soap_fault", code=code, text=ALL_IN_ONE)
    reading = await reception.box.patients.read_vsd(card)
    failure = reading.failure
    assert (Failure.of(failure).reason, failure.konnektor_code) == (reason, code)
    assert (reading.replacement_procedure, reading.HasField("person")) == (replacement, False)
    again = await reception.other.patients.read_vsd(card)
    assert again.HasField("person") is not kept
    assert await reception.readings() == before + (1 if kept else 2)


async def test_a_reading_lost_on_the_way_is_not_repeated(reception: Reception) -> None:
    card, before = await reception.reinserted(), await reception.readings()
    await reception.here.simulator.fault("ReadVSD", "cut", bytes=100)
    reading = await reception.box.patients.read_vsd(card)
    assert reading.replacement_procedure == patient_pb2.REPLACEMENT_PROCEDURE_ALLOWED
    assert await reception.readings() == before + 1


async def test_an_old_card_and_its_terminal(reception: Reception) -> None:
    """Asked for at the terminal, read, and taken out again."""
    box, simulator = reception.box, reception.here.simulator
    terminal = next(one for one in await box.terminals.list() if one.ct_id == "kt-empfang")
    wished = terminal_service_pb2.RequestCardRequest(
        request_id=str(uuid.uuid4()),
        terminal=terminal.name,
        slot_id=2,
        display_text=DISPLAYED,
        timeout=Duration(seconds=15),
    )
    job = await box.terminals.request_card(wished)

    async def shown() -> bool:
        display: str = (await simulator.ask("/pads/kt-empfang"))["display"]
        return display == DISPLAYED

    await until(shown)
    await simulator.do("/cards/kvk-mueller/insert", terminal="kt-empfang", slot=2)
    ended = await box.jobs.follow(job)
    assert (ended.state, ended.card_result.already_inserted) == (job_pb2.JOB_STATE_SUCCEEDED, False)
    assert any(step.step == job_pb2.JOB_STEP_CARD_REQUESTED for step in ended.progress)
    card = ended.card_result.card
    reading = await box.patients.read_kvk(card)
    assert (reading.person.family_name, reading.person.birth_date) == (OLD_NAME, "19640812")
    with pytest.raises(CallFailed) as wrong:
        await box.patients.read_vsd(card)
    assert wrong.value.reason == "CARD_TYPE_WRONG"
    late = terminal_service_pb2.EjectCardRequest(
        request_id=str(uuid.uuid4()), card=card, timeout=Duration(seconds=1), wait=Duration(seconds=20)
    )
    assert (await box.jobs.follow(await box.terminals.eject_card(late))).failure.konnektor_code == 4203
    taken = terminal_service_pb2.EjectCardRequest(
        request_id=str(uuid.uuid4()), card=card, display_text="Danke", timeout=Duration(seconds=15)
    )
    leaving = await box.terminals.eject_card(taken)
    await asyncio.sleep(0.2)
    await simulator.do("/cards/kvk-mueller/pull")
    assert (await box.jobs.follow(leaving)).state == job_pb2.JOB_STATE_SUCCEEDED


async def test_nobody_brings_a_card(reception: Reception) -> None:
    terminal = next(one for one in await reception.box.terminals.list() if one.ct_id == "kt-empfang")
    wished = terminal_service_pb2.RequestCardRequest(
        request_id=str(uuid.uuid4()), terminal=terminal.name, slot_id=2, timeout=Duration(seconds=1)
    )
    ended = await reception.box.jobs.follow(await reception.box.terminals.request_card(wished))
    assert (ended.state, ended.failure.konnektor_code) == (job_pb2.JOB_STATE_FAILED, 4202)


async def test_a_card_of_another_type_is_not_what_was_asked_for(reception: Reception) -> None:
    await reception.egk()
    terminal = next(one for one in await reception.box.terminals.list() if one.ct_id == "kt-empfang")

    async def asked(kind: card_pb2.CardType.ValueType) -> job_pb2.Job:
        wished = terminal_service_pb2.RequestCardRequest(
            request_id=str(uuid.uuid4()), terminal=terminal.name, slot_id=1, card_type=kind, timeout=Duration(seconds=1)
        )
        return await reception.box.jobs.follow(await reception.box.terminals.request_card(wished))

    wrong = await asked(card_pb2.CARD_TYPE_HBA)
    failed = Failure.of(wrong.failure)
    assert (wrong.state, failed.reason, wrong.failure.konnektor_code) == (
        job_pb2.JOB_STATE_FAILED,
        "CARD_TYPE_WRONG",
        4058,
    )
    assert "andere Art" in failed.title
    assert (await asked(card_pb2.CARD_TYPE_EGK)).state == job_pb2.JOB_STATE_SUCCEEDED


async def test_the_command_shows_a_patient_to_the_caller_only(reception: Reception) -> None:
    await reception.egk()
    said = await kartenwart("vsd", "read", "--profile", reception.profile, "--format", "json")
    reading = json.loads(said.out)["reading"]
    assert reading["person"]["familyName"] == PATIENT
    assert not found_in(said.err.encode(), SECRET)
    table = await kartenwart("vsd", "read", "--profile", reception.profile)
    assert f"Erika {PATIENT}" in table.out
    assert STREET in table.out
    assert "1964-08-12" in table.out


async def test_the_command_asks_for_a_card_and_lets_it_go(reception: Reception) -> None:
    mine = ("--profile", reception.profile)
    there = await kartenwart("card", "request", "kt-empfang", "--slot", "1", "--timeout", "5", *mine)
    assert (there.status, "Steckte schon" in there.out) == (0, True), there
    before = await reception.egk()
    leaving = asyncio.create_task(kartenwart("card", "eject", "egk", "--timeout", "15", "--text", "Danke", *mine))

    async def shown() -> bool:
        display: str = (await reception.here.simulator.ask("/pads/kt-empfang"))["display"]
        return display == "Danke"

    await until(shown)
    await reception.here.simulator.do("/cards/egk-muster/pull")
    said = await leaving
    assert (said.status, "Entnommen" in said.out) == (0, True), said
    await reception.here.simulator.do("/cards/egk-muster/insert", terminal="kt-empfang", slot=1)
    assert await reception.egk()
    missing = await kartenwart("card", "eject", before, *mine)
    assert missing.status != 0


async def test_nothing_of_a_patient_stands_in_any_sink(reception: Reception) -> None:
    """After all of the above, with a journal that tells everything; the address and the text for the display too."""
    here = reception.here
    await reception.box.patients.read_vsd(await reception.egk())
    status, metrics = await get(here, "/metrics")
    assert status == 200
    async with here.technician() as box:
        records = (await box.audit.page(1000)).records
    sinks = {"journal": here.agent.said, "metrics": metrics, "audit": str(records)}
    assert [name for name, text in sinks.items() if found_in(text.encode(), SECRET)] == []
    files = [path for path in here.agent.folder.rglob("*") if path.is_file()]
    assert {str(path): found for path in files if (found := found_in(path.read_bytes(), SECRET))} == {}
    # The same search finds what does belong there, and what the caller was told.
    assert {record.action.rpartition("/")[2] for record in records} >= {
        "ReadVsd",
        "ReadKvk",
        "RequestCard",
        "EjectCard",
    }
    assert found_in(metrics.encode(), ("ReadVsd",)) == ["ReadVsd"]
    told = await reception.box.patients.read_vsd(await reception.egk())
    assert found_in(str(told).encode(), (PATIENT, KVNR, STREET)) == [PATIENT, KVNR, STREET]

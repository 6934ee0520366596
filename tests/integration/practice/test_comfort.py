"""The comfort signature: a PIN once, then a person's word for each signature, and each word only once."""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from firmware_sim.signing import make_pdf
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.signature.v1 import comfort_signature_service_pb2 as comfort_pb2
from kartenwart.api.signature.v1 import person_assertion_pb2 as assertion_pb2
from kartenwart.api.signature.v1 import signature_journal_service_pb2 as journal_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import CallFailed, Kartenwart
from kartenwart.client.services.comfort import person_assertion
from tests.integration.practice.desk import AT_THE_DOCTOR, SPRECHZIMMER, bound, signature, signed, why
from tests.integration.practice.staff import world
from tests.practice import Practice, practice

pytestmark = [
    pytest.mark.timeout(90),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("practice-comfort"),
]

ADLER = "users/adler"
KEY = assertion_pb2.PERSON_ACT_SECURITY_KEY
KONNEKTOR = "/konnektors/konnektor/comfort"


class Desk:
    """A doctor's workstation with the right to comfort signatures, and the card of its doctor."""

    def __init__(self, here: Practice, box: Kartenwart, technician: Kartenwart) -> None:
        self.here, self.box, self.technician = here, box, technician
        self.card = ""

    async def counts(self) -> Any:
        return await self.here.simulator.counts("hba-adler")

    async def reinsert(self) -> None:
        """Take the card out and put it in again; whatever was verified on it is gone."""
        simulator = self.here.simulator
        await simulator.do("/cards/hba-adler/pull")
        await simulator.do("/cards/hba-adler/insert", terminal=AT_THE_DOCTOR, slot=1)
        handle = (await self._sim_card())["handle"]
        async with asyncio.timeout(20):
            while (await self._sim_card())["handle"] != handle or not await self._polled():
                await asyncio.sleep(0.1)

    async def _sim_card(self) -> Any:
        cards = (await self.here.simulator.ask("/state"))["cards"]
        return next(one for one in cards if one["name"] == "hba-adler")

    async def _polled(self) -> bool:
        try:
            state = await self.box.comfort.state(self.card, user=ADLER, context=SPRECHZIMMER)
        except CallFailed:
            return False
        return state.state == comfort_pb2.COMFORT_STATE_INACTIVE

    async def activated(self, **wishes: Any) -> job_pb2.Job:
        request = comfort_pb2.ActivateComfortSignatureRequest(
            request_id=str(uuid.uuid4()),
            card=self.card,
            context=SPRECHZIMMER,
            user=ADLER,
            **({"accept_unknown_attempts": True} | wishes),
        )
        return await self.box.jobs.follow(await self.box.comfort.activate(request))

    async def state(self) -> comfort_pb2.ComfortSignature:
        return await self.box.comfort.state(self.card, user=ADLER, context=SPRECHZIMMER)

    async def sign(self, comfort: assertion_pb2.PersonAssertion | None, documents: int = 1) -> job_pb2.Job:
        uploaded = [await self.box.documents.upload(make_pdf("pdfa2"), "application/pdf") for _ in range(documents)]
        request = signature(self.card, uploaded[0].name, ADLER, comfort=comfort)
        for more in uploaded[1:]:
            request.documents.add().CopyFrom(request.documents[0])
            request.documents[-1].document = more.name
        return await signed(self.box, request)


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="desk")
async def _desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("practice")
    text = world(folder, ("pin_entry_seconds = 60", "pin_entry_seconds = 8\nevent_connect_seconds = 20"))
    async with practice(folder, text) as here, here.technician() as technician:
        await technician.users.create("adler", "Dr. Adler")
        profile = await here.workstation("arzt", users=("adler",))
        async with here.connected(profile) as box:
            desk = Desk(here, box, technician)
            desk.card = await here.card(box, "HBA", "0201")
            await bound(here, box, desk.card, ADLER)
            await permit(desk, comfort=True)
            yield desk


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _fresh(desk: Desk) -> None:
    """Every test begins with the function switched on, a card on which nothing is verified, and a person at the pad."""
    await desk.here.simulator.do(KONNEKTOR, enabled=True, signatures=100, seconds=3600)
    await desk.here.simulator.plays(AT_THE_DOCTOR, default="type_right")
    await desk.reinsert()


async def permit(desk: Desk, *, comfort: bool) -> None:
    [found] = [one for one in await desk.technician.workstations.list() if one.label == "arzt"]
    changed = workstation_pb2.Workstation(name=found.name, scope=workstation_pb2.Scope(comfort=comfort))
    await desk.technician.workstations.update(changed, "scope.comfort")


async def said(profile: Path, *arguments: str) -> str:
    """Run the command and return what it wrote; it must end well."""
    command = (sys.executable, "-m", "kartenwart", *arguments, "--profile", str(profile))
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=os.environ | {"COLUMNS": "200"}
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


def refusal(error: pytest.ExceptionInfo[CallFailed]) -> str:
    return error.value.reason


async def test_one_pin_then_signatures_by_assertion(desk: Desk) -> None:
    before = await desk.counts()
    job = await desk.activated()
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED
    assert (job.comfort.user, job.comfort.signatures_left) == (ADLER, 100)
    for documents in (1, 3):
        job = await desk.sign(person_assertion(ADLER, KEY), documents)
        assert job.state == job_pb2.JOB_STATE_SUCCEEDED, why(job)
    state = await desk.state()
    assert (state.state, state.signatures_left, state.ends_soon) == (comfort_pb2.COMFORT_STATE_ACTIVE, 96, False)
    after = await desk.counts()
    assert after["pin_prompts"] == before["pin_prompts"] + 1
    assert after["signature_modes"]["COMFORT"] == before["signature_modes"].get("COMFORT", 0) + 4
    again = await desk.activated()
    assert (again.state, again.comfort.signatures_left) == (job_pb2.JOB_STATE_SUCCEEDED, 96)
    assert (await desk.counts())["comfort_activations"] == before["comfort_activations"] + 1
    entries = (await desk.box.signature_journal.page(2)).signatures
    assert [(one.mode, one.act, one.user, one.documents, one.signed) for one in entries] == [
        (journal_pb2.SIGNATURE_MODE_COMFORT, KEY, ADLER, 3, 3),
        (journal_pb2.SIGNATURE_MODE_COMFORT, KEY, ADLER, 1, 1),
    ]
    assert {(one.document_kind, one.format, one.outcome) for one in entries} == {
        ("application/pdf", "PADES", "SUCCEEDED")
    }


async def test_nothing_is_signed_without_a_fresh_word_of_the_right_person(desk: Desk) -> None:
    await desk.activated()
    good = person_assertion(ADLER, KEY)
    assert (await desk.sign(good)).state == job_pb2.JOB_STATE_SUCCEEDED
    before = await desk.counts()
    late = person_assertion(ADLER, KEY)
    late.time.FromDatetime(datetime.now(UTC) - timedelta(minutes=3))
    for bad, reason in (
        (good, "ASSERTION_REPLAYED"),
        (late, "ASSERTION_INVALID"),
        (person_assertion("users/brandt", KEY), "ASSERTION_INVALID"),
    ):
        with pytest.raises(CallFailed) as error:
            await desk.sign(bad)
        assert refusal(error) == reason
    assert why(await desk.sign(None)).reason == "ASSERTION_MISSING"
    assert (await desk.counts())["sign_document_calls"] == before["sign_document_calls"]
    assert (await desk.counts())["pin_prompts"] == before["pin_prompts"]


async def test_a_workstation_without_the_right(desk: Desk) -> None:
    await desk.activated()
    before = await desk.counts()
    await permit(desk, comfort=False)
    try:
        with pytest.raises(CallFailed) as error:
            await desk.sign(person_assertion(ADLER, KEY))
        assert refusal(error) == "COMFORT_NOT_PERMITTED"
        with pytest.raises(CallFailed) as error:
            await desk.activated()
        assert refusal(error) == "COMFORT_NOT_PERMITTED"
    finally:
        await permit(desk, comfort=True)
    after = await desk.counts()
    assert after["sign_document_calls"] == before["sign_document_calls"]
    assert after["comfort_activations"] == before["comfort_activations"]


async def test_each_condition_is_told_before_anyone_is_asked(desk: Desk) -> None:
    before = (await desk.counts())["pin_prompts"]
    simulator = desk.here.simulator
    await simulator.do(KONNEKTOR, enabled=False)
    assert why(await desk.activated()).reason == "COMFORT_DISABLED"
    assert (await desk.state()).state == comfort_pb2.COMFORT_STATE_DISABLED
    await simulator.do(KONNEKTOR, enabled=True)
    await simulator.do(
        "/sessions/verify", card="hba-adler", pin="PIN.CH", mandant="m1", client_system="kartenwart", user="somebody"
    )
    failed = why(await desk.activated())
    assert (failed.reason, failed.konnektor_code) == ("CARD_SESSION_FOREIGN", 4018)
    state = await desk.state()
    assert (state.state, state.failure.konnektor_code) == (comfort_pb2.COMFORT_STATE_FOREIGN, 4018)
    await desk.reinsert()
    for system in ("pvs", "kim"):
        await simulator.do(f"{KONNEKTOR}/session", card="hba-adler", client_system=system, user=str(uuid.uuid4()))
    assert (await desk.counts())["pin_prompts"] == before
    assert why(await desk.activated()).reason == "COMFORT_SESSIONS_EXHAUSTED"
    assert (await desk.counts())["pin_prompts"] == before
    no = await desk.box.comfort.deactivate(desk.card, user=ADLER, context=SPRECHZIMMER, end_all_sessions=True)
    assert no is True


async def test_a_session_that_ended_signs_nothing_and_says_so(desk: Desk) -> None:
    await desk.activated()
    events = await desk.box.inventory.events()
    await desk.here.simulator.do(f"{KONNEKTOR}/left", signatures=2)
    before = await desk.counts()
    assert why(await desk.sign(person_assertion(ADLER, KEY), 3)).reason == "COMFORT_ENDED"
    assert (await desk.state()).ends_soon
    assert (await desk.sign(person_assertion(ADLER, KEY), 2)).state == job_pb2.JOB_STATE_SUCCEEDED
    assert why(await desk.sign(person_assertion(ADLER, KEY))).reason == "COMFORT_ENDED"
    after = await desk.counts()
    assert after["sign_document_calls"] == before["sign_document_calls"] + 1
    assert after["pin_prompts"] == before["pin_prompts"]
    assert (await desk.sign(None)).state == job_pb2.JOB_STATE_SUCCEEDED
    assert (await desk.counts())["pin_prompts"] == before["pin_prompts"] + 1
    news = await desk.box.inventory.events(events.cursor)
    told = [one.type for one in news.events]
    for kind in ("ENDING", "ENDED"):
        assert inventory_pb2.EventType.Value(f"EVENT_TYPE_COMFORT_SIGNATURE_{kind}") in told


async def test_ending_all_sessions_takes_a_word(desk: Desk) -> None:
    await desk.activated()
    with pytest.raises(CallFailed) as error:
        await desk.box.comfort.deactivate(desk.card, user=ADLER, context=SPRECHZIMMER, end_all_sessions=False)
    assert [one.field for one in error.value.failure.violations] == ["end_all_sessions"]
    assert (await desk.state()).state == comfort_pb2.COMFORT_STATE_ACTIVE
    assert await desk.box.comfort.deactivate(desk.card, user=ADLER, context=SPRECHZIMMER, end_all_sessions=True)
    assert (await desk.state()).state == comfort_pb2.COMFORT_STATE_INACTIVE
    assert not await desk.box.comfort.deactivate(desk.card, user=ADLER, context=SPRECHZIMMER, end_all_sessions=True)


async def test_a_pin_that_nobody_enters_begins_nothing(desk: Desk) -> None:
    await desk.here.simulator.plays(AT_THE_DOCTOR, {"action": "cancel"}, default="silent")
    assert why(await desk.activated()).reason == "PIN_ABORTED"
    assert (await desk.state()).state == comfort_pb2.COMFORT_STATE_INACTIVE
    assert why(await desk.sign(person_assertion(ADLER, KEY))).reason == "COMFORT_ENDED"


async def test_by_the_command_line(desk: Desk, tmp_path: Path) -> None:
    letter = tmp_path / "brief.pdf"
    letter.write_bytes(make_pdf("pdfa2"))
    profile = desk.here.folder / "arzt"
    assert "aktiv" in await said(profile, "comfort", "activate", "--user", "adler", "--accept-unknown-attempts")
    before = (await desk.counts())["pin_prompts"]
    confirmed = ("--user", "adler", "--comfort", "--act", "security-key")
    assert "brief-signiert.pdf" in await said(profile, "sign", str(letter), *confirmed)
    assert (await desk.counts())["pin_prompts"] == before
    assert "99 Signaturen" in await said(profile, "comfort", "status", "--user", "adler")
    assert "Komfort, mit Bestätigung" in await said(profile, "signatures")
    assert "beendet" in await said(profile, "comfort", "deactivate", "--user", "adler", "--end-all-sessions")


async def test_the_secret_of_a_session_stands_nowhere(desk: Desk) -> None:
    await desk.activated()
    await desk.sign(person_assertion(ADLER, KEY))
    secrets = (await desk.here.simulator.ask(f"{KONNEKTOR}/secrets"))["user_ids"]
    assert secrets
    files = [one.read_bytes() for one in desk.here.agent.folder.rglob("*") if one.is_file()]
    told = desk.here.agent.said.encode() + b"".join(files)
    for page in (await desk.box.jobs.page(100), await desk.technician.audit.page(1000), await desk.state()):
        told += page.SerializeToString()
    assert not [one for one in secrets if one.encode() in told or uuid.UUID(one).bytes in told]


async def test_a_restart_forgets_the_session_and_says_so(desk: Desk) -> None:
    await desk.activated()
    used = person_assertion(ADLER, KEY)
    assert (await desk.sign(used)).state == job_pb2.JOB_STATE_SUCCEEDED
    before = await desk.counts()
    await desk.here.agent.kill()
    await desk.here.agent.start()
    await desk.here.card(desk.box, "HBA", "0201")
    with pytest.raises(CallFailed) as error:
        await desk.sign(used)
    assert refusal(error) == "ASSERTION_REPLAYED"
    assert why(await desk.sign(person_assertion(ADLER, KEY))).reason == "COMFORT_ENDED"
    assert why(await desk.sign(None)).reason == "CARD_SESSION_FOREIGN"
    assert (await desk.state()).state == comfort_pb2.COMFORT_STATE_FOREIGN
    assert await desk.counts() == before | {"operations": (await desk.counts())["operations"]}

"""A day with marked people, PINs and letters: what stands in no log, metric, audit, error, database or file.

The patient's name is shown where the card is in reach of one's hand, and nowhere else.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from firmware_sim.signing import make_pdf
from kartenwart.adapters.store.codec import time_text
from tests.integration.leaks import marks
from tests.integration.leaks.flows import TEXT, WORDS, comfort, faults_of_keys, keys, patients, troubles, verifications
from tests.integration.leaks.marks import ALL_IN_ONE, KVNR, LETTER, MARKS, PATIENT, WRONG_PIN, found_in
from tests.integration.leaks.workplace import Workplace, at_the_box, workplace
from tests.integration.security.conftest import Said, get, kartenwart
from tests.practice import Practice, practice

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("leaks"), pytest.mark.timeout(120)]

SETTINGS = '\n[log]\nlevel = "debug"\n'
PIN, SIGN = "pin.v1.PinService/VerifyPin", "signature.v1.SignatureService/SignDocuments"
BUT_CERTIFICATES = tuple(mark for mark in MARKS if mark not in marks.DOCTORS)


@dataclass(frozen=True, kw_only=True)
class Day:
    """The practice after a long day, and the workplaces with all that they were told."""

    here: Practice
    near: Workplace
    far: Workplace
    looker: Workplace
    technician: Workplace
    commands: list[Said]
    near_picture: dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Day]:
    folder = tmp_path_factory.mktemp("leaks")
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(practice(folder, marks.world(folder), SETTINGS))
        technician = await stack.enter_async_context(at_the_box(str(here.agent.socket)))
        await technician.post("user.v1.UserService/CreateUser", userId="adler", label="Dr. Adler")
        near = await here.workstation("Empfang", role="WORKSTATION", contexts=("empfang",))
        far = await here.workstation("Sprechzimmer", contexts=("sprechzimmer",), users=("adler",))
        looker = await here.workstation("Flur", role="VIEWER", contexts=("sprechzimmer",))
        places = [await stack.enter_async_context(workplace(one)) for one in (near, far, looker)]
        async with here.connected(near) as box:
            smcb = await here.card(box, "SMC_B", "0101")
        async with here.connected(far) as box:
            hba = await here.card(box, "HBA", "0201")
        picture = await places[0].look()
        for one in (*places[1:], technician):
            await one.look()
        await pins(here, places[0], places[1], smcb, hba)
        await signatures(here, places[0], places[1], smcb, hba)
        await keys(here, places[0], smcb)
        await faults_of_keys(here, places[0], smcb)
        await verifications(here, places[0], places[1], smcb, hba)
        await comfort(here, places[1], hba)
        await patients(here, places[0], picture)
        await faults(here, places[0], places[1], smcb, hba)
        await strangers(places[2], technician, smcb, hba)
        await here.simulator.do("/cards/egk-muster/pull")
        await here.simulator.do("/cards/egk-muster/insert", terminal="kt-empfang", slot=1)
        assert here.agent.process is not None
        for one in (*places[1:], technician):
            await one.look()
        yield Day(
            here=here,
            near=places[0],
            far=places[1],
            looker=places[2],
            technician=technician,
            commands=await commands(looker.folder, here.agent.socket, smcb, folder),
            near_picture=picture,
        )


async def pins(here: Practice, near: Workplace, far: Workplace, smcb: str, hba: str) -> None:
    """A PIN typed wrong, given up, and right; a doctor is bound."""
    play = here.simulator.plays
    await play("kt-empfang", {"pin": WRONG_PIN}, {"action": "cancel"}, default="type_right")
    ends = [await near.job(PIN, card=smcb, pin="PIN_SMC") for _ in range(3)]
    assert [one["state"] for one in ends] == ["JOB_STATE_FAILED", "JOB_STATE_FAILED", "JOB_STATE_SUCCEEDED"]
    await play("kt-sprechzimmer", default="type_right")
    bound = await far.job("user.v1.UserService/BindUser", user="users/adler", card=hba)
    assert bound["state"] == "JOB_STATE_SUCCEEDED", bound
    await life_of_a_pin(here, near, smcb)


async def life_of_a_pin(here: Practice, near: Workplace, smcb: str) -> None:
    """Changed and changed back, a PUK typed wrong and right, and the practice unlocked everywhere."""
    new, back = (marks.SMC_PIN, marks.NEW_PIN, marks.NEW_PIN), (marks.NEW_PIN, marks.SMC_PIN, marks.SMC_PIN)
    ends = []
    for verb, typed in (("ChangePin", new), ("ChangePin", back), ("UnblockPin", (WRONG_PIN,))):
        await here.simulator.plays("kt-empfang", *({"pin": digits} for digits in typed))
        ends.append(await near.job(f"pin.v1.PinService/{verb}", card=smcb, pin="PIN_SMC"))
    await here.simulator.plays("kt-empfang", {"pin": marks.SMC_PUK}, default="type_right")
    ends.append(await near.job("pin.v1.PinService/UnblockPin", card=smcb, pin="PIN_SMC"))
    ends.append(await near.job("pin.v1.PinService/UnlockPracticeCards"))
    assert [one["state"].removeprefix("JOB_STATE_") for one in ends] == [
        "SUCCEEDED",
        "SUCCEEDED",
        "FAILED",
        "SUCCEEDED",
        "SUCCEEDED",
    ]
    assert (await near.post("pin.v1.PinService/GetPinMatrix"))["cells"]


async def signatures(here: Practice, near: Workplace, far: Workplace, smcb: str, hba: str) -> None:
    """Signed in every form; refused before anyone is asked; spoilt on the way back."""
    for form in ("CADES_DETACHED", "CADES_ENVELOPING"):
        done = await near.sign(TEXT, "text/plain", form, card=smcb, text="Brief Zwirbelnuss")
        assert done["state"] == "JOB_STATE_SUCCEEDED", done
    done = await far.sign(make_pdf("pdfa2"), "application/pdf", "PADES", card=hba, user="users/adler")
    assert done["state"] == "JOB_STATE_SUCCEEDED", done
    refused = await far.sign(make_pdf("plain"), "application/pdf", "PADES", card=hba, user="users/adler")
    assert refused["code"] == "invalid_argument", refused
    await here.simulator.fault("SignDocument", "corrupt_signature")
    spoilt = await near.sign(TEXT, "text/plain", "CADES_DETACHED", card=smcb)
    assert spoilt["failure"]["reason"] == "REASON_SIGNATURE_INVALID", spoilt


async def faults(here: Practice, near: Workplace, far: Workplace, smcb: str, hba: str) -> None:
    """A Konnektor whose errors repeat what they are about, with codes that are known and some of its own."""
    door = f"/konnektors/{here.simulator.konnektor['name']}/faults"

    async def certificate() -> None:
        reference = "CERTIFICATE_REFERENCE_AUT"
        await far.post("card.v1.CardService/ReadCardCertificate", card=hba, reference=reference, user="users/adler")

    async def status() -> None:
        await near.post("pin.v1.PinService/GetPinStatus", card=smcb, pin="PIN_SMC")

    async def entry() -> None:
        await near.job(PIN, card=smcb, pin="PIN_SMC", force=True)

    async def signature() -> None:
        await near.sign(TEXT, "text/plain", "CADES_DETACHED", card=smcb)

    for operation, act in (
        ("GetPinStatus", status),
        ("GetPinStatus", entry),
        ("VerifyPin", entry),
        ("ReadCardCertificate", certificate),
        ("GetJobNumber", signature),
        ("SignDocument", signature),
    ):
        await troubles(here, operation, act)
    await here.simulator.fault("GetCards", "soap_fault", code=9999, times=4, **WORDS)
    async with asyncio.timeout(20):
        while "KONNEKTOR_FAULT" not in near.told[-1]:
            await near.post("konnektor.v1.KonnektorService/ListKonnektors")
    await here.simulator.do(door, method="DELETE")
    async with here.technician() as box:
        await here.card(box, "HBA", "0201")  # the polls are well again


async def strangers(looker: Workplace, technician: Workplace, smcb: str, hba: str) -> None:
    """Calls without right, and calls whose every field is wrong."""
    await looker.job(PIN, card=smcb, pin="PIN_SMC")
    await looker.job(SIGN, card=hba, documents=[{"document": "documents/d-1"}])
    for one in (looker, technician):
        fields = {"card": ALL_IN_ONE, "context": ALL_IN_ONE, "user": PATIENT, "request_id": KVNR, "extra": LETTER}
        await one.post("pin.v1.PinService/GetPinStatus", **fields)
        await one.post("pin.v1.PinService/VerifyPin", **fields, pin=marks.SMC_PIN)
        await one.post(SIGN, documents=[{"shortText": ALL_IN_ONE, "format": LETTER}])
    await technician.post("enrolment.v1.EnrolmentService/OpenEnrolment")
    await technician.post("enrolment.v1.EnrolmentService/ApproveEnrolment", code="123456")
    await technician.post("enrolment.v1.EnrolmentService/CreateToken", role="ROLE_SIGNER", scope={"contexts": [KVNR]})
    await technician.post("enrolment.v1.EnrolmentService/CloseEnrolment")


async def commands(profile: Path | None, socket: Path, smcb: str, folder: Path) -> list[Said]:
    """What the command says to somebody who may only look, from a corridor."""
    assert profile is not None
    letter = folder / "brief.txt"
    letter.write_bytes(TEXT)
    mine = ("--profile", profile)
    return [
        await kartenwart("cards", *mine),
        await kartenwart("status", *mine, "--format", "json"),
        await kartenwart("pin", "verify", smcb, *mine),
        await kartenwart("sign", letter, "--card", smcb, *mine),
        await kartenwart("audit", "list", "--socket", socket, "--number", "1000", "--format", "json"),
    ]


def holders(picture: dict[str, Any]) -> set[str]:
    return {card.get("holder", "") for card in picture["inventory"]["cards"] if card["type"] == "CARD_TYPE_EGK"}


async def test_the_patient_is_named_where_the_card_is_in_reach_and_nowhere_else(day: Day) -> None:
    assert holders(day.near_picture) == {f"Erika {PATIENT} TEST-ONLY"}
    for place in (day.far, day.looker, day.technician):
        assert holders(await place.look()) == {""}
        assert not found_in("\n".join(place.told).encode(), MARKS if place is day.looker else BUT_CERTIFICATES)
    told = "\n".join(day.near.told).encode()
    assert found_in(told) == [PATIENT]
    # In its own picture, list of cards, and nothing else that it was told.
    assert {tuple(json.loads(text)) for text in day.near.told if PATIENT in text} <= {
        ("inventory", "cursor"),
        ("cards",),
    }


async def test_nothing_is_in_what_the_agent_says_measures_and_records(day: Day) -> None:
    status, metrics = await get(day.here, "/metrics")
    assert status == 200
    async with day.here.technician() as box:
        records = (await box.audit.page(1000)).records
    sinks = {"journal": day.here.agent.said, "metrics": metrics, "audit": str(records)}
    assert [name for name, text in sinks.items() if found_in(text.encode())] == []
    # The same search finds what does belong there.
    actions = {record.action for record in records}
    assert {"job.sent", "job.ended", "user.bound"} <= actions
    assert found_in(metrics.encode(), ("VerifyPin", "KONNEKTOR_FAULT")) == ["VerifyPin", "KONNEKTOR_FAULT"]
    assert found_in(day.here.agent.said.encode(), ("agent.ready",)) == ["agent.ready"]


async def test_nothing_is_in_what_the_command_says(day: Day) -> None:
    for said in day.commands:
        assert not found_in((said.out + said.err).encode()), said
    assert [said.status for said in day.commands] == [0, 0, 3, 3, 0]
    assert "Adler" in day.commands[0].out


async def test_nothing_is_in_any_file_of_the_box_neither_now_nor_after_it_was_tidied(day: Day) -> None:
    state = day.here.agent.folder
    assert everything_in(state, BUT_CERTIFICATES) == {}
    assert found_in((state / "state" / "agent.db-wal").read_bytes(), ("job.sent",)) == ["job.sent"]
    documents = list((state / "state" / "documents").rglob("*"))
    assert any(path.is_file() and path.stat().st_size > len(TEXT) for path in documents)
    await grown_old(day.here)
    assert everything_in(state, MARKS) == {}
    assert [path for path in (state / "state" / "documents").glob("*") if path.suffix == ".doc"] == []
    with closing(sqlite3.connect(state / "state" / "agent.db")) as connection:
        bodies = [body for (body,) in connection.execute("SELECT body FROM jobs WHERE pruned = 1")]
    assert len(bodies) > 20
    assert not [body for body in bodies if '"progress":[{' in body or "signer_certificate" in json.loads(body)]


def everything_in(folder: Path, searched: tuple[str, ...] = MARKS) -> dict[str, list[str]]:
    found = {str(path): found_in(path.read_bytes(), searched) for path in folder.rglob("*") if path.is_file()}
    assert len(found) > 8
    return {path: these for path, these in found.items() if these}


async def grown_old(here: Practice) -> None:
    """Two days later, by the time that the box trusts; jobs are kept for one."""
    assert here.agent.process is not None
    assert await here.agent.process.stop() == 0
    later = time_text(datetime.now(UTC) + timedelta(days=2))
    with closing(sqlite3.connect(here.agent.folder / "state" / "agent.db", isolation_level=None)) as connection:
        connection.execute("UPDATE facts SET value = ? WHERE name = 'high_water'", (later,))
    settings = here.agent.folder / "kartenwart.toml"
    text = settings.read_text().replace("[box]", "[box]\njob_retention_days = 1")
    settings.write_text(text)
    await here.agent.start()
    async with asyncio.timeout(20):
        while not reduced(here):
            await asyncio.sleep(0.1)
    assert await here.agent.process.stop() == 0  # whatever is to vanish has vanished


def reduced(here: Practice) -> bool:
    with closing(sqlite3.connect(here.agent.folder / "state" / "agent.db")) as connection:
        (waiting,) = connection.execute("SELECT count(*) FROM jobs WHERE pruned = 0").fetchone()
    return bool(waiting == 0)


async def test_the_search_finds_every_mark_where_it_is(day: Day) -> None:
    """The simulator knows them all and really used them: a search that finds nothing there would prove nothing."""
    world = (day.here.folder / "world.toml").read_bytes()
    assert set(found_in(world)) >= set(MARKS) - {WRONG_PIN, marks.NEW_PIN, LETTER}
    counts = await day.here.simulator.counts("smcb-m1")
    assert counts["pin_tries"] == {"right": counts["pin_tries"]["right"], "wrong": 1}
    assert counts["pin_tries"]["right"] > 1
    assert counts["signatures"] >= 3
    for mark in MARKS:
        assert all(found_in(b"..." + one + b"...", (mark,)) == [mark] for one in marks.disguises(mark))
    assert found_in(TEXT) == [LETTER]

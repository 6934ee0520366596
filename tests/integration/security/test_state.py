"""What lies on the disk after a real day: who may read it, whether the audit shows tampering, and time that ran on."""

import asyncio
import os
import sqlite3
import stat
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from kartenwart.adapters.site import Site
from kartenwart.adapters.store.codec import time_text
from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.api.system.v1 import system_service_pb2
from kartenwart.client import CallFailed, Profile, keys
from tests.integration.security.conftest import Said, grpc, kartenwart
from tests.practice import Practice, practice

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("security-state")]

WHO = system_service_pb2.GetSystemRequest(), system_service_pb2.GetSystemResponse


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Practice]:
    """A practice that was started by somebody who masks no rights at all, and has worked a little."""
    before = os.umask(0)
    try:
        async with practice(tmp_path_factory.mktemp("practice")) as opened:
            await a_days_work(opened)
            yield opened
    finally:
        os.umask(before)


async def a_days_work(here: Practice) -> None:
    await here.simulator.plays("kt-empfang", default="type_right")
    profile = await here.workstation("Empfang", contexts=("empfang",))
    async with here.connected(profile) as box:
        card = await here.card(box, "SMC_B", "0101")
        request = pin_service_pb2.VerifyPinRequest(
            request_id=str(uuid.uuid4()), card=card, pin=card_pb2.PIN_SMC, accept_unknown_attempts=True
        )
        job = await box.jobs.follow(await box.pins.verify(request))
        assert job.state == job_pb2.JOB_STATE_SUCCEEDED, job.failure
        await box.documents.upload(b"Ein Brief", "text/plain")


async def test_nobody_else_on_the_machine_may_read_or_write_the_state(here: Practice) -> None:
    box = here.agent.folder
    kept = [path for folder in ("state", "anchor") for path in ((box / folder), *(box / folder).rglob("*"))]
    names = {path.name for path in kept}
    assert {"site", "documents", "audit.anchor", "agent.lock"} <= names
    assert any(name.endswith("-wal") for name in names)
    assert any(path.parent.name == "documents" and path.is_file() for path in kept)
    open_to_others = {path: oct(mode) for path in kept if (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077}
    assert not open_to_others
    assert stat.S_IMODE(here.agent.socket.stat().st_mode) == 0o660
    profile = here.folder / "Empfang" / "profile.json"
    assert stat.S_IMODE(profile.stat().st_mode) == 0o600
    exported = Profile.load(profile.parent).export(profile.parent / "pem")
    assert {stat.S_IMODE(path.stat().st_mode) for path in exported} == {0o600}


async def test_a_whole_audit_is_said_to_be_whole(here: Practice) -> None:
    said = await verified(here)
    assert (said.status, said.err) == (0, "")
    assert "unverändert" in said.out


@pytest.mark.parametrize(
    ("tampering", "words"),
    [
        ("UPDATE audit SET outcome = 'OK!' WHERE sequence = 2", "Eintrag 2 wurde nachträglich verändert"),
        ("DELETE FROM audit WHERE sequence = 2", "Eintrag 2 fehlt"),
        ("DELETE FROM audit WHERE sequence = 1", "Eintrag 1 fehlt"),
    ],
)
async def test_a_row_that_was_changed_or_removed_is_found(here: Practice, tampering: str, words: str) -> None:
    with closing(database(here)) as connection:
        rows = connection.execute("SELECT * FROM audit ORDER BY sequence").fetchall()
        connection.execute(tampering)
        try:
            async with here.technician() as box:
                verdict = await box.audit.verify()
            if tampering.startswith("UPDATE"):
                said = await verified(here)
                assert (said.status, words in said.out) == (1, True)
        finally:
            put_back(connection, rows)
    assert (verdict.intact, verdict.finding.partition(":")[0]) == (False, words)
    async with here.technician() as box:
        assert (await box.audit.verify()).intact


async def test_a_tail_that_was_cut_off_is_found(here: Practice) -> None:
    await stopped(here)
    with closing(database(here)) as connection:
        rows = connection.execute("SELECT * FROM audit ORDER BY sequence DESC LIMIT 3").fetchall()
        connection.execute("DELETE FROM audit WHERE sequence > (SELECT max(sequence) - 3 FROM audit)")
    await here.agent.start()
    said = await verified(here)
    assert said.status == 1
    # The box itself has noticed at its start, and that stands where the cut was: so the chain is another one there.
    assert "Anker außerhalb der Datenbank" in said.out
    async with here.technician() as box:
        newest = next(one for one in (await box.audit.page(10)).records if one.action == "audit.anchor")
        assert newest.outcome == "DIFFERS"
    await stopped(here)
    with closing(database(here)) as connection:
        connection.execute("DELETE FROM audit WHERE sequence >= ?", (rows[-1][0],))
        put_back(connection, rows)
    await here.agent.start()


async def test_what_expires_expires_by_a_time_that_does_not_go_back(here: Practice) -> None:
    """The box has seen a time forty minutes from now; its own clock is back, as after a power cut without a battery."""
    leaf, enrolment, fresh = [await here.workstation(name) for name in ("Blatt", "Anmeldung", "Frisch")]
    soon = datetime.now(UTC) + timedelta(minutes=30)
    site = Site.open(here.agent.folder / "state" / "site", datetime.now(UTC))
    issued = site.issue(
        workstation=leaf.workstation,
        public_key=keys.public_der(leaf.key),
        not_after=soon,
        now=datetime.now(UTC),
    )
    leaf = replace(leaf, certificate_pem=keys.certificate_pem(issued))
    assert await who(leaf) == await who(enrolment) == await who(fresh) == "OK"
    await stopped(here)
    with closing(database(here)) as connection:
        connection.execute(
            "UPDATE workstations SET body = json_set(body, '$.expires_at', ?) WHERE name = ?",
            (time_text(soon), enrolment.workstation),
        )
        later = time_text(datetime.now(UTC) + timedelta(minutes=40))
        connection.execute("UPDATE facts SET value = ? WHERE name = 'high_water'", (later,))
    await here.agent.start()
    assert await who(leaf) == await who(enrolment) == "UNAUTHENTICATED"
    assert await who(fresh) == "OK"
    async with here.technician() as box:
        assert not (await box.system.get()).clock_trusted
    assert '"clock.behind"' in here.agent.said


async def who(profile: Profile) -> str:
    async with grpc(profile) as wire:
        try:
            await wire.call(*WHO)
        except CallFailed as failed:
            return failed.reason
    return "OK"


async def verified(here: Practice) -> Said:
    return await kartenwart("audit", "verify", "--socket", here.agent.socket)


async def stopped(here: Practice) -> None:
    assert here.agent.process is not None
    assert await here.agent.process.stop() == 0
    await asyncio.sleep(0)


def put_back(connection: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    connection.executemany("INSERT OR REPLACE INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def database(here: Practice) -> sqlite3.Connection:
    (path,) = (here.agent.folder / "state").glob("*.db")
    return sqlite3.connect(Path(path), isolation_level=None)

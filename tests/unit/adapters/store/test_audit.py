"""The audit: a chain that nobody changes unnoticed, neither in the middle, nor at the end, nor as a whole."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from kartenwart.adapters.store import Store
from kartenwart.adapters.store.anchor import Anchor
from kartenwart.domain.audit import GENESIS, AuditEntry, AuditVerdict, chain_hash
from tests.unit.adapters.store.scene import NOW, HandClock, Opener


def entry(number: int, mandant: str = "") -> AuditEntry:
    return AuditEntry(
        actor="workstations/w-1",
        action="job.sent",
        subject=f"cards/c-{number}",
        outcome="OK",
        context="contexts/a",
        mandant=mandant,
        detail="ab" * 4,
    )


async def filled(opener: Opener, count: int = 5) -> None:
    async with opener() as store:
        for number in range(1, count + 1):
            await store.audit.append_audit(entry(number))


async def verdict(opener: Opener) -> AuditVerdict:
    async with opener() as store:
        return await store.audit.verify_audit()


def change(state: Path, *statements: str) -> None:
    with closing(sqlite3.connect(state / "agent.db")) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0
        connection.commit()


def rewrite(state: Path) -> None:
    """Change a record and compute the chain anew, as somebody with the code could."""
    with closing(sqlite3.connect(state / "agent.db")) as connection:
        connection.execute("UPDATE audit SET outcome = 'FORGED' WHERE sequence = 2")
        previous = GENESIS
        for sequence, *fields in connection.execute(
            "SELECT sequence, actor, action, subject, outcome, context, mandant, detail FROM audit ORDER BY sequence"
        ).fetchall():
            names = ("actor", "action", "subject", "outcome", "context", "mandant", "detail")
            forged = AuditEntry(**dict(zip(names, fields, strict=True)))
            time = NOW + timedelta(seconds=sequence)
            previous = chain_hash(previous, sequence, time, forged)
            stored = (time.isoformat(timespec="microseconds"), previous, sequence)
            connection.execute("UPDATE audit SET time = ?, hash = ? WHERE sequence = ?", stored)
        connection.commit()


async def test_records_are_chained_and_kept(opener: Opener) -> None:
    async with opener() as store:
        first = await store.audit.append_audit(entry(1))
        second = await store.audit.append_audit(entry(2))
    assert (first.sequence, second.sequence) == (1, 2)
    assert first.hash == chain_hash(GENESIS, 1, first.time, entry(1))
    assert second.hash == chain_hash(first.hash, 2, second.time, entry(2))
    async with opener() as store:
        assert await store.audit.list_audit(mandants=None, before=0, limit=10) == [second, first]


async def test_records_that_come_at_once_form_one_chain(store: Store) -> None:
    records = await asyncio.gather(*(store.audit.append_audit(entry(number)) for number in range(200)))
    assert [record.sequence for record in records] == list(range(1, 201))
    found = await store.audit.verify_audit()
    assert (found.intact, found.checked, found.head_hash) == (True, 200, records[-1].hash)


async def test_an_empty_chain_is_intact(store: Store) -> None:
    found = await store.audit.verify_audit()
    assert (found.intact, found.checked, found.head_hash) == (True, 0, GENESIS)


async def test_the_list_keeps_to_the_box_and_mandants(store: Store) -> None:
    for number, mandant in enumerate(["", "a", "b", ""], start=1):
        await store.audit.append_audit(entry(number, mandant))

    async def numbers(mandants: frozenset[str] | None, before: int = 0, limit: int = 10) -> list[int]:
        found = await store.audit.list_audit(mandants=mandants, before=before, limit=limit)
        return [record.sequence for record in found]

    assert await numbers(None) == [4, 3, 2, 1]
    assert await numbers(frozenset({"a"})) == [4, 2, 1]
    assert await numbers(frozenset()) == [4, 1]
    assert await numbers(None, before=3, limit=1) == [2]


async def test_an_untouched_chain_is_intact_after_restarts(opener: Opener) -> None:
    await filled(opener)
    await filled(opener)
    found = await verdict(opener)
    assert (found.intact, found.checked, found.first_broken_sequence) == (True, 10, 0)
    assert "10 Einträge" in found.finding


@pytest.mark.parametrize(
    "column", ["time", "actor", "action", "subject", "outcome", "context", "mandant", "detail", "hash"]
)
async def test_a_changed_field_is_found(opener: Opener, state: Path, column: str) -> None:
    await filled(opener)
    change(state, f"UPDATE audit SET {column} = {column} || '0' WHERE sequence = 3")  # noqa: S608
    found = await verdict(opener)
    assert (found.intact, found.first_broken_sequence, found.checked) == (False, 3, 2)
    assert "Eintrag 3" in found.finding


async def test_a_missing_record_is_found(opener: Opener, state: Path) -> None:
    await filled(opener)
    change(state, "DELETE FROM audit WHERE sequence = 3")
    found = await verdict(opener)
    assert (found.intact, found.first_broken_sequence) == (False, 3)
    assert "fehlt" in found.finding


async def test_a_cut_end_is_found_by_the_anchor(opener: Opener, state: Path) -> None:
    await filled(opener)
    change(state, "DELETE FROM audit WHERE sequence > 3")
    found = await verdict(opener)
    assert not found.intact
    # The box's own record of it took the place of record 4; there or at 5 a line of the anchor tells.
    assert found.first_broken_sequence in (4, 5)
    async with opener() as store:
        newest = (await store.audit.list_audit(mandants=None, before=0, limit=10))[1]
        assert (newest.sequence, newest.entry.action, newest.entry.outcome) == (4, "audit.anchor", "DIFFERS")


async def test_a_cut_end_is_found_while_the_agent_runs(opener: Opener, state: Path) -> None:
    async with opener(anchor_seconds=0.01) as store:
        for number in range(1, 6):
            await store.audit.append_audit(entry(number))
        await asyncio.sleep(0.2)
        change(state, "DELETE FROM audit WHERE sequence > 3")
        found = await store.audit.verify_audit()
    assert (found.intact, found.first_broken_sequence, found.checked) == (False, 4, 3)
    assert "ältere Sicherung" in found.finding


async def test_a_rewritten_chain_is_found_by_the_anchor(opener: Opener, state: Path) -> None:
    await filled(opener)
    rewrite(state)
    found = await verdict(opener)
    assert not found.intact
    assert "Anker" in found.finding


async def test_without_the_anchor_nothing_is_called_intact(opener: Opener, anchor: Path) -> None:
    async with opener() as store:
        await store.audit.append_audit(entry(1))
        await asyncio.sleep(0.1)
        shutil.rmtree(anchor)
        found = await store.audit.verify_audit()
    assert (found.intact, found.first_broken_sequence) == (False, 0)
    assert "Anker" in found.finding


async def test_a_vanished_anchor_becomes_part_of_the_audit(opener: Opener, anchor: Path) -> None:
    await filled(opener, 2)
    shutil.rmtree(anchor)
    async with opener() as store:
        newest = (await store.audit.list_audit(mandants=None, before=0, limit=1))[0]
        assert (newest.entry.action, newest.entry.outcome) == ("audit.anchor", "MISSING")
    assert (await verdict(opener)).intact


async def test_an_anchor_that_cannot_be_written_stops_nobody(opener: Opener, anchor: Path) -> None:
    anchor.write_text("a file stands where the folder should be")
    async with opener() as store:
        assert (await store.audit.append_audit(entry(1))).sequence == 1
        assert not (await store.audit.verify_audit()).intact
        anchor.unlink()
        await asyncio.sleep(0.1)
        assert not (await store.audit.verify_audit()).intact  # no folder was made behind the technician's back
        anchor.mkdir()
        await asyncio.sleep(0.1)
        assert (await store.audit.verify_audit()).intact


async def test_the_anchor_gets_one_line_per_interval_and_one_at_the_end(opener: Opener, anchor: Path) -> None:
    async with opener(anchor_seconds=3600) as store:
        for number in range(1, 51):
            await store.audit.append_audit(entry(number))
            await asyncio.sleep(0.005)
        lines = Anchor(anchor).read().hashes
        assert 0 < len(lines) < 3
    assert max(Anchor(anchor).read().hashes) == 50
    assert (anchor / "audit.anchor").read_bytes().count(b"\n") == len(lines) + 1


async def test_a_restart_without_records_adds_no_line(opener: Opener, anchor: Path) -> None:
    await filled(opener)
    before = (anchor / "audit.anchor").read_bytes()
    assert (await verdict(opener)).intact
    assert (anchor / "audit.anchor").read_bytes() == before


def test_a_line_that_a_power_cut_tore_says_nothing(tmp_path: Path, clock: HandClock) -> None:
    anchor = Anchor(tmp_path)
    anchor.create()
    anchor.append(1, "a" * 64, clock.now())
    with anchor.path.open("ab") as file:
        file.write(b"000000000002 bbbb")
    assert anchor.read().hashes == {1: "a" * 64}
    anchor.append(3, "c" * 64, clock.now())
    lines = anchor.read()
    assert (dict(lines.hashes), lines.unreadable) == ({1: "a" * 64, 3: "c" * 64}, 0)


async def test_a_scribbled_anchor_is_not_called_intact(opener: Opener, anchor: Path) -> None:
    await filled(opener)
    path = anchor / "audit.anchor"
    path.write_bytes(path.read_bytes() + b"x" * 98 + b"\n")
    found = await verdict(opener)
    assert not found.intact
    assert "nicht lesbar" in found.finding


async def test_an_anchor_that_contradicts_itself_is_not_called_intact(
    opener: Opener, anchor: Path, clock: HandClock
) -> None:
    await filled(opener)
    Anchor(anchor).append(2, "f" * 64, clock.now())
    assert not (await verdict(opener)).intact

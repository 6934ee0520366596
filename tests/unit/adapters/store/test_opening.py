"""Opening: one agent per folder, no newer schema, no damaged file, rights for the owner only."""

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kartenwart.adapters.store import StateDamaged, StateInUse, StateTooNew, StateUnusable
from kartenwart.adapters.store.migrations import STEPS, migrate
from kartenwart.domain.jobs import JobTimes, SignDocumentsResult
from kartenwart.domain.principals import Scope
from tests.unit.adapters.store.scene import Opener, job

FIFTY_JOBS = range(50)
BEFORE_COMFORT = 4
BEFORE_TIMES = 3  # the version of the schema before jobs told where their time went
SIGNED_BEFORE = (
    '{"name":"jobs/j-1","kind":"SIGN_DOCUMENTS","state":"SUCCEEDED","creator":"workstations/w-1","request_id":"r-1",'
    '"payload_hash":"h","context":"contexts/x","mandant":"m1","card":"cards/c-1",'
    '"created_at":"2026-11-01T08:00:00.000000+00:00","updated_at":"2026-11-01T08:00:00.000000+00:00","documents":[],'
    '"job_number":"ABC-123","ended_at":"2026-11-01T08:00:00.000000+00:00","progress":[],"failure":null,'
    '"result":{"SignDocumentsResult":{"documents":[{"input":"","output":"","input_sha256":"aa","output_sha256":"bb",'
    '"mime_type":"application/pdf","signer_certificate":""}]}}}'
)


async def test_only_the_owner_may_read(opener: Opener, state: Path, anchor: Path) -> None:
    previous = os.umask(0)
    try:
        async with opener() as store:
            await store.jobs.insert_job(job(1))
            files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in state.iterdir()}
    finally:
        os.umask(previous)
    assert files == dict.fromkeys(["agent.db", "agent.db-wal", "agent.db-shm", "agent.lock"], 0o600)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert stat.S_IMODE((anchor / "audit.anchor").stat().st_mode) == 0o600


async def test_the_log_is_folded_into_the_file_at_the_end(opener: Opener, state: Path) -> None:
    async with opener() as store:
        await store.jobs.insert_job(job(1))
    assert sorted(path.name for path in state.iterdir()) == ["agent.db", "agent.lock"]


async def test_a_second_agent_is_refused(opener: Opener) -> None:
    async with opener() as store:
        with pytest.raises(StateInUse, match=str(os.getpid())):
            async with opener():
                pass
        assert await store.jobs.insert_job(job(1)) is None
    async with opener() as store:
        assert await store.jobs.get_job("jobs/j-1")


def test_a_lock_of_another_process_counts_and_dies_with_it(state: Path, repository: Path) -> None:
    from kartenwart.adapters.store.state import locked

    holder = (
        "import sys, pathlib; from kartenwart.adapters.store.state import locked\n"
        "with locked(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": str(repository / "agent")}
    command = [sys.executable, "-c", holder, str(state)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(StateInUse, match=str(other.pid)), locked(state):
            pass
        other.kill()
    with locked(state):
        pass


async def test_a_newer_schema_is_refused_and_left_alone(opener: Opener, state: Path) -> None:
    async with opener():
        pass
    with closing(sqlite3.connect(state / "agent.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = (state / "agent.db").read_bytes()
    with pytest.raises(StateTooNew, match=r"99.*neuere Fassung"):
        async with opener():
            pass
    assert (state / "agent.db").read_bytes() == before


async def test_a_file_that_is_no_database_is_refused_and_left_alone(opener: Opener, state: Path) -> None:
    state.mkdir()
    (state / "agent.db").write_bytes(b"not a database at all " * 100)
    with pytest.raises(StateDamaged, match="Sicherung"):
        async with opener():
            pass
    assert (state / "agent.db").read_bytes().startswith(b"not a database")


async def test_a_damaged_page_is_noticed(opener: Opener, state: Path) -> None:
    async with opener() as store:
        for number in FIFTY_JOBS:
            await store.jobs.insert_job(job(number))
    content = bytearray((state / "agent.db").read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 200] = b"\x5a" * 200
    (state / "agent.db").write_bytes(content)
    with pytest.raises(StateDamaged, match="beschädigt"):
        async with opener():
            pass


async def test_a_folder_that_cannot_be_made_is_said(opener: Opener, state: Path) -> None:
    state.write_text("a file stands in the way")
    with pytest.raises(StateUnusable, match="Pfad"):
        async with opener():
            pass


async def test_a_database_that_cannot_be_opened_is_said(opener: Opener, state: Path) -> None:
    (state / "agent.db").mkdir(parents=True)
    with pytest.raises(StateUnusable, match="nicht öffnen"):
        async with opener():
            pass


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_steps_run_once_and_in_order(tmp_path: Path) -> None:
    ran: list[str] = []
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as connection:
        migrate(connection, (lambda _: ran.append("one"),))
        migrate(connection, (lambda _: ran.append("one"), lambda _: ran.append("two")))
        assert ran == ["one", "two"]
        assert _version(connection) == 2


def first_version(state: Path, table: str, body: str) -> None:
    """Make a database as the first version left it, with one row."""
    state.mkdir()
    with closing(sqlite3.connect(state / "agent.db", isolation_level=None)) as connection:
        migrate(connection, STEPS[:1])
        connection.execute(f"INSERT INTO {table} (name, body) VALUES ('x', ?)", (body,))  # noqa: S608  # our own word


async def test_workstations_of_the_first_version_are_taken_over(opener: Opener, state: Path) -> None:
    body = (
        '{"name":"workstations/w-1","label":"Empfang","role":"SIGNER","scope":{"contexts":[],"users":[],'
        '"everything":false},"key_sha256":"ab","enrolled_at":"2026-03-02T08:00:00.000000+00:00",'
        '"expires_at":"2026-06-02T08:00:00.000000+00:00","revoked_at":null}'
    )
    first_version(state, "workstations", body)
    async with opener() as store:
        (found,) = await store.workstations.list_workstations()
    assert (found.key_sha256, found.previous_key_sha256, found.revoked_at) == ("ab", "", None)


async def test_users_of_the_first_version_belong_to_the_house(opener: Opener, state: Path) -> None:
    first_version(
        state, "users", '{"name":"users/a","label":"Dr. A","konnektor_user_id":"s","card":"cards/c-1","bound_at":null}'
    )
    async with opener() as store:
        (found,) = await store.workstations.list_users()
    assert (found.card, found.mandants) == ("cards/c-1", frozenset())


def test_a_step_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def failing(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        connection.execute("CREATE nonsense")

    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as connection:
        migrate(connection, STEPS)
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, (*STEPS, failing))
        assert _version(connection) == len(STEPS)
        assert not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'half'").fetchall()


async def test_deleted_content_is_overwritten_and_commits_wait_for_the_disk(opener: Opener, state: Path) -> None:
    from kartenwart.adapters.store.database import open_database

    async with opener():
        pass
    async with open_database(state / "agent.db") as database:
        settings = await database.write(
            lambda connection: [
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous", "secure_delete")
            ]
        )
    assert settings == ["wal", 2, 1]


async def test_jobs_of_an_older_version_are_read_after_the_change(opener: Opener, state: Path) -> None:
    async with opener():
        pass
    (state / "agent.db").unlink()
    with closing(sqlite3.connect(state / "agent.db", isolation_level=None)) as connection:
        migrate(connection, STEPS[:BEFORE_TIMES])
        connection.execute(
            "INSERT INTO jobs (name, creator, request_id, mandant, state, ended_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                "jobs/j-1",
                "workstations/w-1",
                "r-1",
                "m1",
                "SUCCEEDED",
                "2026-11-01T08:00:00.000000+00:00",
                SIGNED_BEFORE,
            ),
        )
    async with opener() as store:
        found = await store.jobs.get_job("jobs/j-1")
    assert found is not None
    assert found.times == JobTimes()
    assert isinstance(found.result, SignDocumentsResult)
    assert [(one.output_sha256, one.failure) for one in found.result.documents] == [("bb", None)]


async def test_workstations_of_an_older_version_have_no_right_to_comfort_signatures(
    opener: Opener, state: Path
) -> None:
    async with opener():
        pass
    (state / "agent.db").unlink()
    body = (
        '{"name":"workstations/w-1","label":"Empfang","role":"SIGNER","key_sha256":"ab","enrolled_at":'
        '"2026-11-01T08:00:00.000000+00:00","expires_at":"2026-11-01T08:00:00.000000+00:00","revoked_at":null,'
        '"previous_key_sha256":"","scope":{"contexts":["contexts/x"],"users":[],"everything":false}}'
    )
    with closing(sqlite3.connect(state / "agent.db", isolation_level=None)) as connection:
        migrate(connection, STEPS[:BEFORE_COMFORT])
        connection.execute("INSERT INTO workstations (name, body) VALUES (?, ?)", ("workstations/w-1", body))
    async with opener() as store:
        [found] = await store.workstations.list_workstations()
    assert found.scope == Scope(contexts=("contexts/x",))

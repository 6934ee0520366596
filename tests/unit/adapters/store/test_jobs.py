"""Jobs survive a restart, are inserted once per request, and end once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kartenwart.adapters.store import Store
from kartenwart.adapters.store.database import open_database
from kartenwart.adapters.store.jobs import JobTable
from kartenwart.domain.audit import AuditEntry
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason
from kartenwart.domain.jobs import (
    JobProgress,
    JobState,
    JobStep,
    PinOutcome,
    SignDocumentsResult,
    SignedDocument,
    VerifyPinResult,
)
from tests.unit.adapters.store.scene import NOW, Opener, ended, job


async def listed(store: Store, **wish: object) -> list[str]:
    wishes: dict[str, object] = {"creator": None, "mandants": None, "request_id": "", "before": "", "limit": 100}
    return [found.name for found in await store.jobs.list_jobs(**(wishes | wish))]  # type: ignore[arg-type]


async def test_a_job_is_the_same_after_a_restart(opener: Opener) -> None:
    whole = ended(
        1,
        NOW,
        documents=("documents/d-1",),
        job_number="ABC-123",
        progress=(JobProgress(step=JobStep.PIN_ENTRY, time=NOW, text="Bitte PIN eingeben", terminal="terminals/t-1"),),
        failure=failure(Reason.PIN_REJECTED, attempts_left=2),
        result=VerifyPinResult(outcome=PinOutcome.REJECTED, attempts_left=2),
    )
    async with opener() as store:
        assert await store.jobs.insert_job(whole) is None
    async with opener() as store:
        assert await store.jobs.get_job("jobs/j-1") == whole
        assert await store.jobs.get_job("jobs/j-2") is None


async def test_a_request_is_inserted_once(store: Store) -> None:
    await store.jobs.insert_job(job(1))
    again = job(2, request_id="request-1", payload_hash="cd" * 32)
    assert await store.jobs.insert_job(again) == job(1)
    assert await store.jobs.get_job("jobs/j-2") is None
    assert await store.jobs.insert_job(replace(again, creator="workstations/w-2")) is None


async def test_a_job_whose_first_commit_was_there_unnoticed_is_no_other_job(store: Store) -> None:
    assert await store.jobs.insert_job(job(1)) is None
    assert await store.jobs.insert_job(job(1)) is None
    assert await listed(store) == ["jobs/j-1"]


async def test_of_many_equal_requests_at_once_one_wins(store: Store) -> None:
    answers = await asyncio.gather(*(store.jobs.insert_job(job(number, request_id="same")) for number in range(100)))
    assert answers.count(None) == 1
    assert {answer.name for answer in answers if answer} == set(await listed(store))


async def test_an_update_replaces_the_job(store: Store) -> None:
    await store.jobs.insert_job(job(1))
    sent = job(1, state=JobState.SENT, job_number="ABC-123")
    await store.jobs.update_job(sent)
    assert await store.jobs.get_job("jobs/j-1") == sent


async def test_an_update_of_nothing_is_a_mistake(store: Store) -> None:
    with pytest.raises(ValueError, match="jobs/j-1"):
        await store.jobs.update_job(job(1))


@pytest.mark.parametrize("other", [JobState.SENT, JobState.FAILED, JobState.OUTCOME_UNKNOWN])
async def test_an_end_is_final(store: Store, other: JobState) -> None:
    await store.jobs.insert_job(ended(1, NOW))
    with pytest.raises(ValueError, match="another end"):
        await store.jobs.update_job(job(1, state=other))
    assert await store.jobs.get_job("jobs/j-1") == ended(1, NOW)


async def test_the_end_may_be_written_twice(store: Store) -> None:
    await store.jobs.insert_job(job(1))
    await store.jobs.update_job(ended(1, NOW))
    await store.jobs.update_job(ended(1, NOW))


def record(outcome: str) -> AuditEntry:
    return AuditEntry(actor="workstations/w-1", action="job.ended", subject="cards/c-1", outcome=outcome)


async def test_a_state_and_its_record_are_one_write_and_an_end_is_recorded_once(store: Store) -> None:
    await store.jobs.insert_job(job(1))
    for _ in range(2):  # the second as after a commit whose answer was lost
        await store.jobs.update_job(ended(1, NOW), record("SUCCEEDED"))
    found = await store.audit.list_audit(mandants=None, before=0, limit=10)
    assert [one.entry for one in found] == [record("SUCCEEDED")]
    assert (await store.audit.verify_audit()).intact


async def test_a_state_whose_record_cannot_be_written_is_not_entered(store: Store) -> None:
    await store.jobs.insert_job(job(1))
    with pytest.raises(UnicodeEncodeError):
        await store.jobs.update_job(ended(1, NOW), record("\ud800"))
    assert await store.jobs.get_job("jobs/j-1") == job(1)
    assert await store.audit.list_audit(mandants=None, before=0, limit=10) == []


async def test_unfinished_jobs_are_those_without_an_end(store: Store) -> None:
    for number, state in enumerate(JobState):
        await store.jobs.insert_job(job(number, state=state))
    assert {found.state for found in await store.jobs.unfinished_jobs()} == {
        JobState.RECEIVED,
        JobState.READY,
        JobState.SENT,
        JobState.CANCELLING,
    }


async def test_the_list_is_newest_first_and_in_pages(store: Store) -> None:
    for number in (3, 1, 2):
        await store.jobs.insert_job(job(number))
    assert await listed(store) == ["jobs/j-2", "jobs/j-1", "jobs/j-3"]
    assert await listed(store, limit=2) == ["jobs/j-2", "jobs/j-1"]
    assert await listed(store, limit=2, before="jobs/j-1") == ["jobs/j-3"]
    assert await listed(store, before="jobs/unknown") == []


async def test_the_list_keeps_to_creator_mandants_and_request(store: Store) -> None:
    await store.jobs.insert_job(job(1, creator="workstations/w-1", mandant="a"))
    await store.jobs.insert_job(job(2, creator="workstations/w-2", mandant="b"))
    await store.jobs.insert_job(job(3, creator="workstations/w-2", mandant="c"))
    assert await listed(store, creator="workstations/w-2") == ["jobs/j-3", "jobs/j-2"]
    assert await listed(store, mandants=frozenset({"a", "b"})) == ["jobs/j-2", "jobs/j-1"]
    assert await listed(store, mandants=frozenset()) == []
    assert await listed(store, request_id="request-2") == ["jobs/j-2"]
    assert await listed(store, creator="workstations/w-1", request_id="request-2") == []


async def test_a_request_is_looked_up_without_walking_over_all_jobs(opener: Opener, state: Path) -> None:
    async with opener() as store:
        await asyncio.gather(*(store.jobs.insert_job(job(number)) for number in range(2000)))
    async with open_database(state / "agent.db") as database:
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        await database.read(lambda connection: connection.set_progress_handler(count, 10))
        wish = {"creator": "workstations/w-1", "mandants": None, "before": "", "limit": 1}
        assert await JobTable(database, store.audit).list_jobs(request_id="unheard-of", **wish) == []  # type: ignore[arg-type]
        assert steps < 100


def signed(marker: str) -> SignDocumentsResult:
    document = SignedDocument(
        input=f"documents/d-{marker}",
        output=f"documents/d-{marker}",
        input_sha256="ab" * 32,
        output_sha256="cd" * 32,
        mime_type="application/pdf",
        signer_certificate=marker.encode(),
    )
    return SignDocumentsResult(documents=(document,))


async def test_pruning_keeps_identity_outcome_and_hashes(store: Store) -> None:
    old = ended(1, NOW, result=signed("MARKED"), documents=("documents/d-MARKED",), job_number="ABC-123")
    await store.jobs.insert_job(old)
    await store.jobs.insert_job(ended(2, NOW + timedelta(days=1), documents=("documents/d-2",)))
    await store.jobs.insert_job(job(3, documents=("documents/d-3",)))
    assert await store.jobs.prune_jobs(NOW + timedelta(hours=1)) == 1
    assert await store.jobs.prune_jobs(NOW + timedelta(hours=1)) == 0
    kept = await store.jobs.insert_job(job(4, request_id="request-1"))
    assert kept is not None
    assert (kept.name, kept.state, kept.payload_hash, kept.documents) == ("jobs/j-1", old.state, old.payload_hash, ())
    assert isinstance(kept.result, SignDocumentsResult)
    document = kept.result.documents[0]
    assert (document.input_sha256, document.output_sha256, document.signer_certificate) == ("ab" * 32, "cd" * 32, b"")
    for number in (2, 3):
        whole = await store.jobs.get_job(f"jobs/j-{number}")
        assert whole is not None
        assert whole.documents == (f"documents/d-{number}",)


async def test_what_is_pruned_is_gone_from_file_and_log(store: Store, state: Path) -> None:
    for number in range(300):
        await store.jobs.insert_job(ended(number, NOW, documents=(f"documents/d-MARKED{number}",) * 20))
    assert b"MARKED" in _on_disk(state)
    assert await store.jobs.prune_jobs(NOW + timedelta(hours=1)) == 300
    assert b"MARKED" not in _on_disk(state)
    assert (state / "agent.db-wal").stat().st_size == 0


def _on_disk(state: Path) -> bytes:
    return b"".join(path.read_bytes() for path in state.iterdir() if path.is_file())

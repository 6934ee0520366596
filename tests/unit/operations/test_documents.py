import hashlib
from datetime import timedelta

import pytest

from kartenwart.domain.documents import CHUNK_BYTES, MAX_DOCUMENT_BYTES, RETENTION
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.operations.documents import KEPT_FREE, MOST_BYTES, MOST_BYTES_PER_OWNER, MOST_PER_OWNER
from tests.unit.operations.memory import START
from tests.unit.operations.practice import Practice, caller

DATA = b"a letter of some length"
DIGEST = hashlib.sha256(DATA).hexdigest()
STRANGER = caller("workstations/w-2")


async def test_a_document_goes_in_and_out_in_chunks_that_may_be_repeated(practice: Practice) -> None:
    made = await practice.documents.create(caller(), len(DATA), DIGEST, "text/plain")
    assert made.gone_at == START + timedelta(hours=1)
    for _ in range(2):
        await practice.documents.upload(caller(), made.name, 0, DATA[:5])
    done = await practice.documents.upload(caller(), made.name, 5, DATA[5:])
    assert done.complete
    assert done.gone_at == START + timedelta(hours=24)
    assert (await practice.documents.download(caller(), made.name, 2))[1] == DATA[2:]
    assert (await practice.documents.download(caller(), made.name, len(DATA)))[1] == b""
    assert await practice.documents.content(done) == DATA


async def test_it_belongs_to_its_uploader(practice: Practice) -> None:
    made = await practice.documents.create(caller(), len(DATA), DIGEST, "text/plain")
    await practice.documents.upload(caller(), made.name, 0, DATA)
    for attempt in (
        practice.documents.upload(STRANGER, made.name, 0, b"x"),
        practice.documents.download(STRANGER, made.name, 0),
        practice.documents.delete(STRANGER, made.name),
    ):
        with pytest.raises(CallerError) as refused:
            await attempt
        assert refused.value.failure.reason is Reason.NOT_FOUND
    await practice.documents.delete(caller(), made.name)
    assert practice.vault.documents == {}


@pytest.mark.parametrize(
    ("size", "digest", "mime", "reason", "path"),
    [
        (0, DIGEST, "text/plain", Reason.INVALID_ARGUMENT, "size"),
        (MAX_DOCUMENT_BYTES + 1, DIGEST, "text/plain", Reason.DOCUMENT_TOO_LARGE, "size"),
        (1, DIGEST.upper(), "text/plain", Reason.INVALID_ARGUMENT, "sha256"),
        (1, DIGEST, "image/png", Reason.INVALID_ARGUMENT, "mime_type"),
    ],
)
async def test_what_is_announced_is_checked(
    practice: Practice, size: int, digest: str, mime: str, reason: Reason, path: str
) -> None:
    with pytest.raises(CallerError) as refused:
        await practice.documents.create(caller(), size, digest, mime)
    assert refused.value.failure.reason is reason
    assert [one.field for one in refused.value.violations] == [path]


async def test_limits_of_number_size_and_chunks(practice: Practice) -> None:
    for _ in range(MOST_BYTES_PER_OWNER // MAX_DOCUMENT_BYTES):
        await practice.documents.create(caller(), MAX_DOCUMENT_BYTES, DIGEST, "text/plain")
    for attempt in (
        practice.documents.create(caller(), MAX_DOCUMENT_BYTES, DIGEST, "text/plain"),
        practice.documents.upload(caller(), next(iter(practice.vault.documents)), 0, b"x" * (CHUNK_BYTES + 1)),
        practice.documents.upload(caller(), next(iter(practice.vault.documents)), MAX_DOCUMENT_BYTES, b"x"),
    ):
        with pytest.raises(CallerError) as refused:
            await attempt
        assert refused.value.failure.reason is Reason.LIMIT_EXCEEDED
    for _ in range(MOST_PER_OWNER):
        await practice.documents.create(STRANGER, 1, DIGEST, "text/plain")
    with pytest.raises(CallerError):
        await practice.documents.create(STRANGER, 1, DIGEST, "text/plain")


async def test_an_incomplete_document_is_not_handed_out_and_an_old_one_is_swept(practice: Practice) -> None:
    made = await practice.documents.create(caller(), len(DATA), DIGEST, "text/plain")
    with pytest.raises(CallerError) as refused:
        await practice.documents.download(caller(), made.name, 0)
    assert refused.value.failure.reason is Reason.DOCUMENT_INCOMPLETE
    whole = await practice.documents.create(caller(), len(DATA), DIGEST, "text/plain")
    await practice.documents.upload(caller(), whole.name, 0, DATA)
    practice.clock.move(seconds=3600)
    await practice.documents.sweep()
    assert list(practice.vault.documents) == [whole.name]
    practice.clock.move(seconds=23 * 3600)
    await practice.documents.sweep()
    assert practice.vault.documents == {}


async def test_uploads_that_no_job_took_within_an_hour_make_room_and_results_do_not(practice: Practice) -> None:
    """A program that crashes between upload and signature forgets the names, and must not be locked out for a day."""
    result = await practice.documents.keep(caller().name, DATA, "application/pdf")
    assert (result.complete, result.sha256, result.expires_at) == (True, DIGEST, START + RETENTION)
    for _ in range(MOST_PER_OWNER - 1):
        made = await practice.documents.create(caller(), len(DATA), DIGEST, "text/plain")
        await practice.documents.upload(caller(), made.name, 0, DATA)
    for seconds in (0, 3599):
        practice.clock.move(seconds=seconds)
        with pytest.raises(CallerError) as refused:
            await practice.documents.create(caller(), 1, DIGEST, "text/plain")
        assert refused.value.failure.reason is Reason.LIMIT_EXCEEDED
    practice.clock.move(seconds=1)
    fresh = await practice.documents.create(caller(), 1, DIGEST, "text/plain")
    assert set(practice.vault.documents) == {result.name, fresh.name}


async def test_many_owners_together_have_a_limit_too(practice: Practice) -> None:
    for number in range(MOST_BYTES // MAX_DOCUMENT_BYTES):
        owner = caller(f"workstations/w-{number // 8}")
        await practice.documents.create(owner, MAX_DOCUMENT_BYTES, DIGEST, "text/plain")
    with pytest.raises(CallerError) as refused:
        await practice.documents.create(caller("workstations/w-late"), MAX_DOCUMENT_BYTES, DIGEST, "text/plain")
    assert refused.value.failure.reason is Reason.LIMIT_EXCEEDED


async def test_the_last_of_the_disk_is_not_for_documents(practice: Practice) -> None:
    practice.vault.free = KEPT_FREE + 10
    await practice.documents.create(caller(), 10, DIGEST, "text/plain")
    with pytest.raises(WorldError) as full:
        await practice.documents.create(caller(), 11, DIGEST, "text/plain")
    assert full.value.failure.reason is Reason.STORE_FAILED


async def test_bytes_that_are_not_those_announced_go_nowhere(practice: Practice) -> None:
    made = await practice.documents.create(caller(), len(DATA), DIGEST, "text/plain")
    done = await practice.documents.upload(caller(), made.name, 0, DATA)
    for held in (b"", DATA[:-1], b"x" * len(DATA)):
        practice.vault.documents[made.name] = (done, held)
        with pytest.raises(WorldError) as halted:
            await practice.documents.content(done)
        assert halted.value.failure.reason is Reason.DOCUMENT_INCOMPLETE

"""Signing many documents: cut into calls, each a round of its own; what is signed stays, the rest is told."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.domain.catalogue import failure
from kartenwart.domain.documents import MAX_DOCUMENT_BYTES, Document, DocumentToSign, SignatureFormat
from kartenwart.domain.failures import Reason, RetryClass, WorldError
from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import Job, JobState, JobStep, SignDocumentsResult
from kartenwart.domain.ports.konnektor import Signature, Signed, SignOrder
from kartenwart.domain.ports.observations import Notice, NoticeType
from kartenwart.operations.batches import MOST_BYTES_PER_CALL, MOST_PER_CALL, SMALL_BYTES, ToSign, calls, room_for
from kartenwart.operations.signatures import SignDocumentsOrder
from tests.unit.operations.memory import until
from tests.unit.operations.practice import DESK, HBA, K1, SMCB, Practice, caller, named
from tests.unit.operations.test_signatures import QES, SIG, doctor, ready, refusal, uploaded

CADES = SignatureFormat.CADES_DETACHED
Answer = Callable[[SignOrder], Signed]


def letters(count: int) -> list[bytes]:
    return [b"letter %d" % number for number in range(count)]


async def batch(practice: Practice, count: int, *, card: str = "hba") -> SignDocumentsOrder:
    names = [await uploaded(practice, letter, "text/plain") for letter in letters(count)]
    return SignDocumentsOrder(
        request_id="r-1",
        card=named(HBA if card == "hba" else SMCB),
        context=DESK,
        user="users/arzt1" if card == "hba" else "",
        documents=tuple(DocumentToSign(document=name, format=CADES, short_text="Brief") for name in names),
    )


def right(order: SignOrder, certificate: bytes = QES) -> Signed:
    return Signed(signatures=tuple(Signature(data=b"signed " + one.document + certificate) for one in order.requests))


async def signed(practice: Practice, order: SignDocumentsOrder) -> Job:
    job = await practice.signatures.sign(caller(), order)
    return await practice.jobs.wait(caller(), job.name, 20)


def outputs(job: Job) -> list[str]:
    return [one.output for one in job.result.documents] if isinstance(job.result, SignDocumentsResult) else []


@pytest.fixture
async def prepared(practice: Practice) -> Practice:
    await doctor(practice)
    ready(practice)
    practice.konnektor.answer = right
    return practice


async def test_more_documents_than_a_call_takes_are_rounds_of_one_job(prepared: Practice) -> None:
    order = await batch(prepared, 120)
    job = await signed(prepared, order)
    assert job.state is JobState.SUCCEEDED
    konnektor = prepared.konnektor
    assert [len(one.requests) for one in konnektor.orders] == [50, 50, 20]
    assert [one.job_number for one in konnektor.orders] == ["ABC-001", "ABC-002", "ABC-003"]
    assert isinstance(job.result, SignDocumentsResult)
    assert [one.input for one in job.result.documents] == [one.document for one in order.documents]
    assert len(set(outputs(job))) == 120
    announced = [one.text for one in job.progress if one.step is JobStep.PIN_ENTRY and "noch einmal" in one.text]
    assert [text[:6] for text in announced] == ["50 von", "100 vo"]
    _, data = await prepared.documents.download(caller(), outputs(job)[77], 0)
    assert data == b"signed letter 77" + QES
    assert prepared.store.audit[-1].entry.detail.split()[-2] == "documents:120"


async def test_an_smcb_announces_no_pin(prepared: Practice) -> None:
    prepared.konnektor.answer = lambda order: right(order, SIG)
    job = await signed(prepared, await batch(prepared, 60, card="smcb"))
    assert (job.state, len(outputs(job))) == (JobState.SUCCEEDED, 60)
    assert JobStep.PIN_ENTRY not in [one.step for one in job.progress]


async def test_a_corrupt_signature_costs_only_its_document_and_nothing_is_repeated_or_begun(prepared: Practice) -> None:
    def answer(order: SignOrder) -> Signed:
        signatures = list(right(order).signatures)
        signatures[3] = Signature(data=b"signed by somebody else")
        return Signed(signatures=tuple(signatures))

    prepared.konnektor.answer = answer
    job = await signed(prepared, await batch(prepared, 60))
    assert (job.state, job.failure) == (JobState.FAILED, failure(Reason.SIGNATURE_INVALID))
    assert isinstance(job.result, SignDocumentsResult)
    assert [one.failure is None for one in job.result.documents] == [number != 3 for number in range(50)]
    assert job.result.documents[3].output == ""
    assert prepared.konnektor.verbs_sent == 1
    await until()
    assert sorted(prepared.vault.documents) == sorted(name for name in outputs(job) if name)
    assert "Weitere 10 Dokumente" in job.progress[-1].text


async def test_a_failing_second_round_keeps_what_the_first_has_signed(prepared: Practice) -> None:
    def answer(order: SignOrder) -> Signed:
        if order.job_number == "ABC-002":
            raise WorldError(failure(Reason.CARD_FAULT, code=4045), sent=True)
        return right(order)

    prepared.konnektor.answer = answer
    job = await signed(prepared, await batch(prepared, 60))
    assert (job.state, job.failure) == (JobState.FAILED, failure(Reason.CARD_FAULT, code=4045))
    assert len(outputs(job)) == 50
    assert prepared.konnektor.verbs_sent == 2


async def test_a_lost_answer_in_the_second_round_leaves_only_that_unknown(prepared: Practice) -> None:
    def answer(order: SignOrder) -> Signed:
        if order.job_number == "ABC-002":
            raise WorldError(failure(Reason.KONNEKTOR_SILENT), sent=True)
        return right(order)

    prepared.konnektor.answer = answer
    job = await signed(prepared, await batch(prepared, 60))
    assert job.state is JobState.OUTCOME_UNKNOWN
    assert len(outputs(job)) == 50


async def test_cancelling_what_was_sent_asks_the_konnektor_to_stop_once(prepared: Practice) -> None:
    stopped = failure(Reason.PIN_ABORTED, code=4049)

    def answer(order: SignOrder) -> Signed:
        finished = right(order).signatures[:2]
        return Signed(signatures=(*finished, *(Signature(failure=stopped) for _ in order.requests[2:])))

    prepared.konnektor.answer = answer
    prepared.konnektor.go.clear()
    job = await prepared.signatures.sign(caller(), await batch(prepared, 60))
    while not prepared.konnektor.on_wire:
        await asyncio.sleep(0.001)
    for _ in range(2):
        await prepared.jobs.cancel(caller(), job.name)
    while not prepared.konnektor.stopped:
        await asyncio.sleep(0.001)
    prepared.konnektor.go.set()
    ended = await prepared.jobs.wait(caller(), job.name, 5)
    assert prepared.konnektor.stopped == ["ABC-001"]
    assert (ended.state, ended.failure) == (JobState.FAILED, failure(Reason.SIGNATURE_STOPPED, code=4049))
    assert [bool(output) for output in outputs(ended)] == [True] * 2 + [False] * 48
    assert prepared.konnektor.verbs_sent == 1
    assert JobStep.STOP_SENT in [one.step for one in ended.progress]


async def test_a_stop_that_came_too_late_ends_after_its_round(prepared: Practice) -> None:
    prepared.konnektor.go.clear()
    job = await prepared.signatures.sign(caller(), await batch(prepared, 60))
    while not prepared.konnektor.on_wire:
        await asyncio.sleep(0.001)
    await prepared.jobs.cancel(caller(), job.name)
    while not prepared.konnektor.stopped:
        await asyncio.sleep(0.001)
    prepared.konnektor.go.set()
    ended = await prepared.jobs.wait(caller(), job.name, 5)
    assert (ended.state, ended.failure) == (JobState.FAILED, failure(Reason.SIGNATURE_STOPPED))
    assert len(outputs(ended)) == 50
    assert prepared.konnektor.verbs_sent == 1


async def test_an_abort_at_the_pad_without_a_stop_stays_an_abort(prepared: Practice) -> None:
    prepared.konnektor.answer = WorldError(failure(Reason.PIN_ABORTED, code=4049), sent=True)
    job = await signed(prepared, await batch(prepared, 2))
    assert job.failure is not None
    assert (job.failure.reason, job.result) == (Reason.PIN_ABORTED, None)


@pytest.mark.parametrize(("events", "counted"), [(2, 2), (5, 3)])
async def test_progress_counts_what_the_konnektor_tells(prepared: Practice, events: int, counted: int) -> None:
    prepared.konnektor.go.clear()
    job = await prepared.signatures.sign(caller(), await batch(prepared, 3))
    while not prepared.konnektor.on_wire:
        await asyncio.sleep(0.001)
    for _ in range(events):  # anyone can forge more of them than there are documents
        prepared.keeper.notice(Notice(type=NoticeType.DOCUMENT_SIGNED, konnektor=K1, detail="ABC-001"))
    prepared.konnektor.go.set()
    ended = await prepared.jobs.wait(caller(), job.name, 5)
    told = [one.text for one in ended.progress if one.step is JobStep.DOCUMENT_SIGNED]
    assert told[-1] == f"Die Karte hat {counted} von 3 Dokumenten signiert."


async def test_a_full_disk_costs_the_documents_and_no_program_begins_again(prepared: Practice) -> None:
    prepared.vault.refuse_results = True
    job = await signed(prepared, await batch(prepared, 2))
    lost = replace(failure(Reason.STORE_FAILED), retry=RetryClass.BY_PERSON)
    assert isinstance(job.result, SignDocumentsResult)
    assert [one.failure for one in job.result.documents] == [lost, lost]


async def test_what_cannot_be_signed_together_is_refused_with_its_own_reason(prepared: Practice) -> None:
    order = await batch(prepared, 2)
    pdf = await uploaded(prepared)
    other_type = replace(order.documents[0], document=pdf)
    other_format = replace(order.documents[1], format=SignatureFormat.CADES_ENVELOPING)
    for mixed in (other_type, other_format):
        wrong = await refusal(prepared, replace(order, documents=(order.documents[0], mixed)))
        assert wrong.failure.reason is Reason.DOCUMENTS_MIXED
        assert wrong.violations[0].field.startswith("documents[1].")
    many = tuple(replace(order.documents[0], document=f"documents/d-{number}") for number in range(251))
    assert (await refusal(prepared, replace(order, documents=many))).failure.reason is Reason.DOCUMENTS_TOO_MANY
    assert prepared.konnektor.asked == []


async def test_too_many_bytes_are_refused_before_any_is_read(prepared: Practice) -> None:
    order = await batch(prepared, 11)
    for wanted in order.documents:
        held, data = prepared.vault.documents[wanted.document]
        grown = replace(held, size=MAX_DOCUMENT_BYTES, received=MAX_DOCUMENT_BYTES)
        prepared.vault.documents[wanted.document] = (grown, data)
    assert (await refusal(prepared, order)).failure.reason is Reason.DOCUMENTS_TOO_LARGE


def document(size: int) -> ToSign:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = Document(
        name="documents/d", owner="w", size=size, received=size, sha256="", mime_type="text/plain", expires_at=now
    )
    return ToSign(document=made, format=CADES, short_text="x")


@given(st.lists(st.integers(1, MAX_DOCUMENT_BYTES), min_size=1, max_size=250))
def test_calls_keep_the_order_and_both_limits(sizes: list[int]) -> None:
    cut = calls([document(size) for size in sizes])
    assert [one.document.size for call in cut for one in call] == sizes
    for call in cut:
        assert 1 <= len(call) <= MOST_PER_CALL
        assert sum(one.document.size for one in call) <= MOST_BYTES_PER_CALL
    for call, following in pairwise(cut):
        together = sum(one.document.size for one in call) + following[0].document.size
        assert len(call) == MOST_PER_CALL or together > MOST_BYTES_PER_CALL


XML = b"<{http://hl7.org/fhir}Bundle> content"


async def by_preset(practice: Practice, preset: str, data: bytes, mime: str, **changes: object) -> SignDocumentsOrder:
    wanted = DocumentToSign(document=await uploaded(practice, data, mime), preset=preset)
    order = SignDocumentsOrder(request_id="r-1", card=named(HBA), context=DESK, user="users/arzt1", documents=(wanted,))
    return replace(order, **changes)  # type: ignore[arg-type]


async def test_a_preset_brings_form_and_short_text(prepared: Practice) -> None:
    assert (await signed(prepared, await by_preset(prepared, "erezept", XML, "text/xml"))).state is JobState.SUCCEEDED
    (sent,) = prepared.konnektor.orders[0].requests
    assert (sent.format, sent.short_text) == (SignatureFormat.CADES_ENVELOPING, "E-Rezept 1")


@pytest.mark.parametrize(
    ("preset", "data", "mime", "reason"),
    [
        ("erezept", b"<other>", "text/xml", Reason.DOCUMENT_TYPE_WRONG),
        ("erezept", b"no xml", "text/xml", Reason.DOCUMENT_TYPE_WRONG),
        ("erezept", XML, "text/plain", Reason.DOCUMENT_TYPE_WRONG),
        ("earztbrief", b"%PDF-3B x", "application/pdf", Reason.DOCUMENT_PDFA_PART_WRONG),
        ("earztbrief", b"plain", "application/pdf", Reason.DOCUMENT_NOT_PDFA),
        ("nothing", XML, "text/xml", Reason.INVALID_ARGUMENT),
        ("", XML, "text/xml", Reason.INVALID_ARGUMENT),
    ],
)
async def test_a_preset_is_held_against_its_document(
    prepared: Practice, preset: str, data: bytes, mime: str, reason: Reason
) -> None:
    assert (await refusal(prepared, await by_preset(prepared, preset, data, mime))).failure.reason is reason


async def test_only_a_doctor_s_card_signs_what_must_be_qualified(prepared: Practice) -> None:
    smcb = {"card": named(SMCB), "user": ""}
    order = await by_preset(prepared, "erezept", XML, "text/xml", **smcb)
    assert (await refusal(prepared, order)).failure.reason is Reason.CARD_TYPE_WRONG
    prepared.konnektor.answer = lambda order: right(order, SIG)
    eau = await by_preset(prepared, "eau", XML, "text/xml", **smcb)
    assert (await signed(prepared, eau)).state is JobState.SUCCEEDED


async def between_rounds(practice: Practice, job: Job) -> None:
    """Wait until the first round is done and the second one cannot go on to its card."""
    while not (practice.store.jobs[job.name].state is JobState.READY and practice.store.jobs[job.name].result):
        await asyncio.sleep(0.001)


async def test_a_cancel_between_two_rounds_does_not_say_that_nothing_was_done(prepared: Practice) -> None:
    def answer(order: SignOrder) -> Signed:
        prepared.konnektor.connecting.clear()  # the second round never gets to the wire
        return right(order)

    prepared.konnektor.answer = answer
    job = await prepared.signatures.sign(caller(), await batch(prepared, 60))
    await between_rounds(prepared, job)
    await prepared.jobs.cancel(caller(), job.name)
    prepared.konnektor.connecting.set()
    ended = await prepared.jobs.wait(caller(), job.name, 5)
    assert ended.failure is not None
    assert (ended.state, ended.failure.reason, len(outputs(ended))) == (JobState.FAILED, Reason.CANCELLED, 50)
    assert "bevor etwas an die Karte ging" not in ended.failure.title
    assert "nichts ausgeführt" not in ended.failure.next_step
    assert prepared.konnektor.verbs_sent == 1


async def test_a_restart_between_two_rounds_does_not_say_that_nothing_was_done(prepared: Practice) -> None:
    def answer(order: SignOrder) -> Signed:
        prepared.konnektor.connecting.clear()
        return right(order)

    prepared.konnektor.answer = answer
    job = await prepared.signatures.sign(caller(), await batch(prepared, 60))
    await between_rounds(prepared, job)
    restarted = Practice(store=prepared.store, vault=prepared.vault)
    await restarted.jobs.recover()
    ended = await restarted.jobs.get(caller(), job.name)
    assert ended.failure is not None
    assert (ended.state, ended.failure.reason, len(outputs(ended))) == (JobState.FAILED, Reason.AGENT_RESTARTED, 50)
    assert "bevor etwas an die Karte ging" not in ended.failure.title
    assert "nichts ausgeführt" not in ended.failure.next_step


async def test_no_program_may_begin_again_where_only_the_second_round_found_nobody(prepared: Practice) -> None:
    def answer(order: SignOrder) -> Signed:
        gone = WorldError(failure(Reason.KONNEKTOR_UNREACHABLE), sent=False)
        prepared.konnektor.readings[DESK, Pin.QES] = gone
        return right(order)

    prepared.konnektor.answer = answer
    job = await signed(prepared, await batch(prepared, 60))
    assert failure(Reason.KONNEKTOR_UNREACHABLE).retry is RetryClass.LATER
    assert job.failure is not None
    assert (job.failure.reason, job.failure.retry) == (Reason.KONNEKTOR_UNREACHABLE, RetryClass.BY_PERSON)
    assert len(outputs(job)) == 50


async def grown(practice: Practice, wanted: SignDocumentsOrder, size: int) -> None:
    """Let the vault say that documents are larger than they are; their content stays the one of their hash."""
    for one in wanted.documents:
        held, data = practice.vault.documents[one.document]
        practice.vault.documents[one.document] = (replace(held, size=size, received=size), data)


async def test_large_calls_wait_for_the_box_s_memory_and_small_ones_do_not(prepared: Practice) -> None:
    prepared.konnektor.go.clear()
    large = await batch(prepared, 2, card="smcb")
    doctor_s = replace(await batch(prepared, 2), request_id="r-2")
    small = replace(await batch(prepared, 2, card="smcb"), request_id="r-3")
    for one in (large, doctor_s):
        await grown(prepared, one, 20 * 1024 * 1024)
    first = await prepared.signatures.sign(caller(), large)
    while prepared.konnektor.on_wire < 1:
        await asyncio.sleep(0.001)
    waiting = await prepared.signatures.sign(caller(), doctor_s)
    await prepared.signatures.sign(caller(), small)
    while prepared.konnektor.on_wire < 2:
        await asyncio.sleep(0.001)
    await until()
    assert prepared.konnektor.on_wire == 2
    told = (await prepared.jobs.get(caller(), waiting.name)).progress[-1]
    assert (told.step, "Speicher" in told.text) == (JobStep.WAITING_FOR_CARD, True)
    prepared.konnektor.answer = lambda order: right(order, SIG if order.job_number != "ABC-003" else QES)
    prepared.konnektor.go.set()
    assert (await prepared.jobs.wait(caller(), first.name, 5)).state is JobState.SUCCEEDED
    assert (await prepared.jobs.wait(caller(), waiting.name, 5)).state is JobState.SUCCEEDED


@given(st.lists(st.integers(1, MAX_DOCUMENT_BYTES), min_size=1, max_size=250))
def test_every_call_fits_into_the_memory_for_it(sizes: list[int]) -> None:
    for call in calls([document(size) for size in sizes]):
        size = sum(one.document.size for one in call)
        claimed = room_for(call)
        assert bool(claimed) is (size > SMALL_BYTES)
        assert all(claim.weight == size <= claim.capacity for claim in claimed)


async def test_the_journal_counts_what_was_signed_before_a_restart(prepared: Practice) -> None:
    def answer(order: SignOrder) -> Signed:
        prepared.konnektor.connecting.clear()
        return right(order)

    prepared.konnektor.answer = answer
    job = await prepared.signatures.sign(caller(), await batch(prepared, 60))
    await between_rounds(prepared, job)
    restarted = Practice(store=prepared.store, vault=prepared.vault)
    await restarted.jobs.recover()
    [entry] = await restarted.signature_journal.list(caller(), 0, 10)
    assert (entry.outcome, entry.facts.documents, entry.facts.signed) == ("AGENT_RESTARTED", 60, 50)
    assert entry.facts.user == "users/arzt1"

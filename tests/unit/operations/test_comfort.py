"""Comfort sessions: a fresh secret per activation, used from then on, told to nobody; and words that count once."""

import asyncio
import json
from dataclasses import asdict, replace
from datetime import timedelta
from uuid import UUID

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.comfort import ComfortState, PersonAct, PersonAssertion
from kartenwart.domain.events import EventType
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm, Pin, PinStatus
from kartenwart.domain.jobs import ComfortResult, Job, JobState, JobStep
from kartenwart.domain.ports.cards import PinReading
from kartenwart.domain.ports.konnektor import Signature, Signed
from kartenwart.domain.principals import Caller, Role
from kartenwart.operations.comfort import ActivateComfortOrder
from tests.unit.operations.practice import DESK, HBA, Practice, caller, named
from tests.unit.operations.test_signatures import LETTER, QES, doctor, order

ADLER = "users/arzt1"


def permitted(role: Role = Role.SIGNER, *, comfort: bool = True) -> Caller:
    plain = caller(role=role)
    return replace(plain, scope=replace(plain.scope, comfort=comfort, everything=True))


def word(practice: Practice, nonce: bytes = b"n" * 16, **changes: object) -> PersonAssertion:
    plain = PersonAssertion(user=ADLER, act=PersonAct.FACE, time=practice.clock.now(), nonce=nonce)
    return replace(plain, **changes)  # type: ignore[arg-type]


def ready(practice: Practice) -> None:
    practice.konnektor.certificates = {(CertificateReference.QES, KeyAlgorithm.ECC): QES}
    practice.konnektor.readings[DESK, Pin.QES] = PinReading(status=PinStatus.VERIFIABLE, attempts_left=3)
    practice.konnektor.answer = Signed(signatures=(Signature(data=b"signed " + LETTER + QES),))
    practice.konnektor.go.set()


async def activated(practice: Practice, request_id: str = "r-a") -> Job:
    wanted = ActivateComfortOrder(request_id=request_id, card=named(HBA), context=DESK, user=ADLER)
    job = await practice.comfort.activate(permitted(), wanted)
    return await practice.jobs.wait(caller(), job.name, 5)


async def signed(practice: Practice, request_id: str, assertion: PersonAssertion | None) -> Job:
    wanted = await order(practice, request_id=request_id, comfort=assertion)
    job = await practice.signatures.sign(permitted(), wanted)
    return await practice.jobs.wait(caller(), job.name, 5)


def reason(job: Job) -> Reason | None:
    return job.failure.reason if job.failure else None


async def test_one_secret_per_activation_counts_for_everything_after(practice: Practice) -> None:
    own = await doctor(practice)
    ready(practice)
    job = await activated(practice)
    assert job.state is JobState.SUCCEEDED
    assert isinstance(job.result, ComfortResult)
    assert job.result.signatures_left == 100
    secret = practice.konnektor.comfort_user
    assert secret != own
    assert UUID(secret).version == 4
    assert set(practice.konnektor.mode_users) == {secret}
    assert (await signed(practice, "r-1", word(practice))).state is JobState.SUCCEEDED
    assert {call.user_id for call in practice.konnektor.calls} == {secret}
    told = json.dumps([asdict(one.entry) for one in practice.store.audit]) + repr(practice.store.jobs)
    assert secret not in told + repr(list(practice.sessions)) + repr(practice.konnektor.calls)
    assert "mode=COMFORT user=users/arzt1 act=FACE" in told
    again = await activated(practice, "r-b")
    assert again.state is JobState.SUCCEEDED
    assert practice.konnektor.verbs_sent == 2


async def test_a_session_signs_nothing_without_a_word(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    await activated(practice)
    assert reason(await signed(practice, "r-1", None)) is Reason.ASSERTION_MISSING
    practice.konnektor.comfort_user = ""  # it has ended at the Konnektor
    assert reason(await signed(practice, "r-2", word(practice))) is Reason.COMFORT_ENDED
    assert practice.konnektor.verbs_sent == 1
    assert (await signed(practice, "r-3", None)).state is JobState.SUCCEEDED


async def test_a_session_that_ends_before_a_call_arrives_is_not_used(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    await activated(practice)
    practice.konnektor.comfort_time = timedelta(seconds=4)
    assert reason(await signed(practice, "r-1", word(practice))) is Reason.COMFORT_ENDED
    practice.konnektor.comfort_time = timedelta(seconds=6)
    assert (await signed(practice, "r-2", word(practice, b"m" * 16))).state is JobState.SUCCEEDED


async def test_each_signature_says_what_is_left_of_the_session(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    await activated(practice)
    for left, words in ((3, "noch für 2 Signaturen."), (2, "noch für eine Signatur."), (1, "damit zu Ende")):
        practice.konnektor.comfort_left = left
        job = await signed(practice, f"r-{left}", word(practice, bytes([left]) * 16))
        [told] = [one.text for one in job.progress if one.step is JobStep.DOCUMENT_SIGNED]
        assert words in told


async def test_words_of_others_of_other_times_and_used_ones_count_for_nothing(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    await activated(practice)
    assert (await signed(practice, "r-0", word(practice))).state is JobState.SUCCEEDED
    now = practice.clock.now()
    for number, (bad, expected) in enumerate(
        (
            (word(practice), Reason.ASSERTION_REPLAYED),
            (word(practice, b"a" * 16, user="users/other"), Reason.ASSERTION_INVALID),
            (word(practice, b"b" * 16, time=now - timedelta(minutes=2, seconds=1)), Reason.ASSERTION_INVALID),
            (word(practice, b"c" * 16, time=now + timedelta(minutes=2, seconds=1)), Reason.ASSERTION_INVALID),
        )
    ):
        with pytest.raises(CallerError) as refused:
            await signed(practice, f"r-{number + 1}", bad)
        assert refused.value.failure.reason is expected
    for assertion in (word(practice, b"d" * 16), None):
        wanted = await order(practice, request_id="r-9", comfort=assertion)
        if assertion is not None:
            with pytest.raises(CallerError) as refused:
                await practice.signatures.sign(permitted(comfort=False), wanted)
            assert refused.value.failure.reason is Reason.COMFORT_NOT_PERMITTED
    assert practice.konnektor.verbs_sent == 2


async def test_an_activation_that_certainly_failed_leaves_what_counted_before(practice: Practice) -> None:
    own = await doctor(practice)
    ready(practice)
    practice.konnektor.answer = WorldError(failure(Reason.PIN_ABORTED), sent=True)
    assert reason(await activated(practice)) is Reason.PIN_ABORTED
    assert practice.cards.reach(named(HBA), DESK, ADLER).call.user_id == own
    practice.konnektor.answer = WorldError(failure(Reason.KONNEKTOR_SILENT), sent=True)
    assert (await activated(practice, "r-b")).state is JobState.OUTCOME_UNKNOWN
    assert practice.cards.reach(named(HBA), DESK, ADLER).call.user_id != own


async def test_conditions_are_checked_before_anyone_is_asked(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    practice.konnektor.comfort_on = False
    assert reason(await activated(practice)) is Reason.COMFORT_DISABLED
    practice.konnektor.comfort_on = True
    practice.konnektor.readings[DESK, Pin.QES] = PinReading(status=PinStatus.BLOCKED, attempts_left=0)
    assert reason(await activated(practice, "r-b")) is Reason.PIN_BLOCKED
    wanted = ActivateComfortOrder(request_id="r-c", card=named(HBA), context=DESK, user=ADLER)
    with pytest.raises(CallerError) as refused:
        await practice.comfort.activate(permitted(comfort=False), wanted)
    assert refused.value.failure.reason is Reason.COMFORT_NOT_PERMITTED
    assert practice.konnektor.verbs_sent == 0


async def test_the_end_is_announced_ahead_and_once(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    await activated(practice)
    kinds = (EventType.COMFORT_SIGNATURE_ENDING, EventType.COMFORT_SIGNATURE_ENDED)

    def told() -> list[EventType]:
        return [event.type for _, event in practice.events.after(0, 1000)[0] if event.type in kinds]

    practice.comfort.look()
    assert told() == []
    practice.konnektor.comfort_left = 10
    state = await practice.comfort.state(named(HBA), DESK, ADLER)
    assert (state.state, state.signatures_left, state.ends_soon) == (ComfortState.ACTIVE, 10, True)
    practice.comfort.look()
    assert told() == [EventType.COMFORT_SIGNATURE_ENDING]
    assert await practice.comfort.deactivate(named(HBA), DESK, ADLER, end_all_sessions=True)
    practice.comfort.look()
    assert told() == [EventType.COMFORT_SIGNATURE_ENDING, EventType.COMFORT_SIGNATURE_ENDED]


async def test_the_journal_tells_signers_their_own_and_what_a_restart_cut_short(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    await activated(practice)
    job = await signed(practice, "r-1", word(practice))
    [entry] = await practice.signature_journal.list(caller(), 0, 10)
    assert (entry.job, entry.facts.user, entry.facts.act, entry.facts.signed) == (job.name, ADLER, PersonAct.FACE, 1)
    stranger = caller("workstations/other")
    assert await practice.signature_journal.list(stranger, 0, 10) == []
    assert len(await practice.signature_journal.list(replace(stranger, role=Role.AUDITOR), 0, 10)) == 1
    await practice.audit.record(replace(practice.store.audit[-1].entry, detail=f"SIGN_DOCUMENTS {job.name} restart"))
    cut, _ = await practice.signature_journal.list(caller(), 0, 10)
    assert (cut.facts.user, cut.facts.kind) == (ADLER, "application/pdf")


async def test_the_same_request_twice_at_once_is_one_job_and_no_replay(practice: Practice) -> None:
    await doctor(practice)
    ready(practice)
    await activated(practice)
    wanted = await order(practice, request_id="r-1", comfort=word(practice))
    one, other = await asyncio.gather(*(practice.signatures.sign(permitted(), wanted) for _ in range(2)))
    assert one.name == other.name
    assert practice.konnektor.verbs_sent <= 2

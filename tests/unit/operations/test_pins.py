import asyncio
from dataclasses import replace

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.inventory import Pin, PinStatus
from kartenwart.domain.jobs import Job, JobState, JobStep, PinOutcome, VerifyPinResult
from kartenwart.domain.ports.cards import PinReading
from kartenwart.domain.ports.observations import Notice, NoticeType
from kartenwart.domain.principals import Role
from kartenwart.operations.pins import VerifyPinOrder
from tests.unit.operations.memory import MemoryStore, until
from tests.unit.operations.practice import DESK, EGK, HBA, K1, OTHER, ROOM, SMCB, Practice, caller, named, observation

ORDER = VerifyPinOrder(request_id="r-1", card=named(SMCB), context=DESK, pin=Pin.SMC)


async def ended(practice: Practice, job: Job) -> Job:
    practice.konnektor.go.set()
    return await practice.jobs.wait(caller(), job.name, 5)


async def verified(practice: Practice, order: VerifyPinOrder = ORDER) -> Job:
    return await ended(practice, await practice.pins.verify(caller(), order))


async def reason(practice: Practice, order: VerifyPinOrder) -> Reason:
    job = await verified(practice, order)
    assert job.failure is not None
    assert job.state is JobState.FAILED
    return job.failure.reason


def reads(practice: Practice, status: PinStatus, attempts: int | None = None, context: str = DESK) -> None:
    for pin in Pin:
        practice.konnektor.readings[context, pin] = PinReading(status=status, attempts_left=attempts)


async def test_a_verified_pin_succeeds_and_stands_in_the_picture_of_its_context_only(practice: Practice) -> None:
    job = await verified(practice)
    assert job.state is JobState.SUCCEEDED
    assert job.result == VerifyPinResult(outcome=PinOutcome.VERIFIED)
    card = practice.keeper.picture.inventory.card(ORDER.card)
    assert card is not None
    assert [(state.context, state.status) for state in card.pin_states] == [(DESK, PinStatus.VERIFIED)]
    assert practice.konnektor.verbs_sent == 1


async def test_nobody_is_asked_where_the_pin_is_verified(practice: Practice) -> None:
    reads(practice, PinStatus.VERIFIED)
    job = await verified(practice)
    assert job.result == VerifyPinResult(outcome=PinOutcome.ALREADY_VERIFIED)
    assert (job.state, practice.konnektor.verbs_sent) == (JobState.SUCCEEDED, 0)
    assert JobState.SENT not in practice.store.history[job.name]


async def test_force_asks_even_then(practice: Practice) -> None:
    reads(practice, PinStatus.VERIFIED)
    order = replace(ORDER, force=True, accept_unknown_attempts=True)
    assert (await verified(practice, order)).result == VerifyPinResult(outcome=PinOutcome.VERIFIED)
    assert practice.konnektor.verbs_sent == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (PinStatus.BLOCKED, Reason.PIN_BLOCKED),
        (PinStatus.TRANSPORT_PIN, Reason.PIN_TRANSPORT),
        (PinStatus.EMPTY_PIN, Reason.PIN_NOT_SET),
        (PinStatus.DISABLED, Reason.PIN_NOT_SET),
    ],
)
async def test_a_pin_that_cannot_be_typed_is_not_asked_for(
    practice: Practice, status: PinStatus, expected: Reason
) -> None:
    reads(practice, status)
    order = replace(ORDER, accept_last_attempt=True, accept_unknown_attempts=True)
    assert await reason(practice, order) is expected
    assert practice.konnektor.verbs_sent == 0


async def test_the_last_attempt_needs_the_callers_word(practice: Practice) -> None:
    reads(practice, PinStatus.VERIFIABLE, 1)
    job = await verified(practice)
    assert job.failure == failure(Reason.PIN_LAST_ATTEMPT, attempts_left=1)
    assert practice.konnektor.verbs_sent == 0
    again = replace(ORDER, request_id="r-2", accept_last_attempt=True)
    assert (await verified(practice, again)).state is JobState.SUCCEEDED


@pytest.mark.parametrize("kept", [None, 2])
async def test_unknown_attempts_need_the_callers_word_and_an_old_refusal_does_not_tell_what_others_spent(
    practice: Practice, kept: int | None
) -> None:
    reads(practice, PinStatus.VERIFIABLE, None)
    if kept is not None:
        practice.store.attempts[ORDER.card, Pin.SMC] = kept
    assert await reason(practice, ORDER) is Reason.PIN_ATTEMPTS_UNKNOWN
    again = replace(ORDER, request_id="r-2", accept_unknown_attempts=True)
    assert (await verified(practice, again)).state is JobState.SUCCEEDED
    assert (ORDER.card, Pin.SMC) not in practice.store.attempts


async def test_a_pin_that_the_konnektor_calls_verified_has_its_tries_back(practice: Practice) -> None:
    practice.store.attempts[ORDER.card, Pin.SMC] = 1
    reads(practice, PinStatus.VERIFIED)
    await practice.pins.status(caller(), ORDER.card, DESK, Pin.SMC, "")
    assert not practice.store.attempts


async def test_a_remembered_last_attempt_counts_where_the_device_says_nothing(practice: Practice) -> None:
    reads(practice, PinStatus.VERIFIABLE, None)
    practice.store.attempts[ORDER.card, Pin.SMC] = 1
    assert await reason(practice, replace(ORDER, accept_unknown_attempts=True)) is Reason.PIN_LAST_ATTEMPT


async def test_a_remembered_blocked_pin_that_can_be_verified_again_is_unknown(practice: Practice) -> None:
    reads(practice, PinStatus.VERIFIABLE, None)
    practice.store.attempts[ORDER.card, Pin.SMC] = 0
    assert await reason(practice, ORDER) is Reason.PIN_ATTEMPTS_UNKNOWN


@pytest.mark.parametrize(
    ("outcome", "attempts", "expected", "kept"),
    [
        (PinOutcome.REJECTED, 2, Reason.PIN_REJECTED, 2),
        (PinOutcome.REJECTED, None, Reason.PIN_REJECTED, None),
        (PinOutcome.BLOCKED, 0, Reason.PIN_BLOCKED, 0),
        (PinOutcome.ABORTED, None, Reason.PIN_ABORTED, 3),
        (PinOutcome.TIMED_OUT, None, Reason.PIN_TIMED_OUT, 3),
        (PinOutcome.CARD_REMOVED, None, Reason.CARD_REMOVED, None),
    ],
)
async def test_each_outcome_has_its_reason_and_teaches_the_attempts(
    practice: Practice, outcome: PinOutcome, attempts: int | None, expected: Reason, kept: int | None
) -> None:
    practice.store.attempts[ORDER.card, Pin.SMC] = 3
    practice.konnektor.answer = VerifyPinResult(outcome=outcome, attempts_left=attempts)
    job = await verified(practice)
    assert job.failure == failure(expected, attempts_left=attempts)
    assert job.result == VerifyPinResult(outcome=outcome, attempts_left=attempts)
    assert practice.store.attempts.get((ORDER.card, Pin.SMC)) == kept


async def test_a_missing_answer_stays_unknown_and_what_was_known_of_the_pin_is_forgotten(practice: Practice) -> None:
    practice.store.attempts[ORDER.card, Pin.SMC] = 3
    practice.konnektor.answer = WorldError(failure(Reason.KONNEKTOR_SILENT))
    job = await verified(practice)
    assert job.state is JobState.OUTCOME_UNKNOWN
    assert job.result == VerifyPinResult(outcome=PinOutcome.OUTCOME_UNKNOWN)
    await until()
    assert not practice.store.attempts
    card = practice.keeper.picture.inventory.card(ORDER.card)
    assert card is not None
    assert card.pin_states == ()


async def test_an_answered_fault_keeps_its_code_and_is_no_unknown_outcome(practice: Practice) -> None:
    practice.konnektor.answer = WorldError(failure(Reason.KONNEKTOR_FAULT, code=4711, severity="Error"))
    job = await verified(practice)
    assert job.failure is not None
    assert (job.state, job.failure.konnektor_code) == (JobState.FAILED, 4711)


async def test_pins_must_fit_their_card_and_people_their_rights(practice: Practice) -> None:
    await practice.people.create("users/arzt1", "Dr. A")
    cases = [
        (replace(ORDER, pin=Pin.QES), caller(), Reason.INVALID_ARGUMENT),
        (replace(ORDER, pin=Pin.CH), caller(), Reason.CARD_TYPE_WRONG),
        (replace(ORDER, card=named(HBA), pin=Pin.SMC, user="users/arzt1"), caller(), Reason.CARD_TYPE_WRONG),
        (replace(ORDER, card=named(HBA), pin=Pin.CH), caller(), Reason.INVALID_ARGUMENT),
        (replace(ORDER, card=named(HBA), pin=Pin.CH, user="users/x"), caller(), Reason.NOT_FOUND),
        (replace(ORDER, card=named(EGK)), caller(), Reason.CARD_TYPE_WRONG),
        (replace(ORDER, card="cards/c-none"), caller(), Reason.NOT_FOUND),
        (replace(ORDER, context=OTHER), caller(), Reason.NOT_FOUND),
        (
            replace(ORDER, card=named(HBA), pin=Pin.CH, user="users/arzt1"),
            caller(role=Role.TECHNICIAN),
            Reason.ROLE_MISSING,
        ),
    ]
    for order, who, expected in cases:
        with pytest.raises(CallerError) as refused:
            await practice.pins.verify(who, order)
        assert refused.value.failure.reason is expected, order
    assert not practice.store.jobs
    assert practice.konnektor.asked == []


async def test_an_hba_is_asked_in_the_session_of_its_user(practice: Practice) -> None:
    user = await practice.people.create("users/arzt1", "Dr. A")
    job = await verified(practice, replace(ORDER, card=named(HBA), pin=Pin.CH, user=user.name))
    assert job.state is JobState.SUCCEEDED
    assert [call.user_id for call in practice.konnektor.calls] == [user.konnektor_user_id]
    card = practice.keeper.picture.inventory.card(named(HBA))
    assert card is not None
    assert [state.user for state in card.pin_states] == [user.name]
    assert user.konnektor_user_id not in repr(job)


async def test_a_card_taken_out_before_its_turn_is_not_asked_for(practice: Practice) -> None:
    waiting = await practice.pins.verify(caller(), replace(ORDER, request_id="r-0"))
    await until()
    queued = await practice.pins.verify(caller(), ORDER)
    await until()
    practice.keeper.observe(observation(HBA))
    practice.konnektor.go.set()
    assert (await practice.jobs.wait(caller(), waiting.name, 5)).state is JobState.SUCCEEDED
    job = await practice.jobs.wait(caller(), queued.name, 5)
    assert job.failure is not None
    assert job.failure.reason is Reason.CARD_REMOVED
    assert practice.konnektor.verbs_sent == 1


async def test_the_second_in_the_queue_finds_the_pin_verified_by_the_first(practice: Practice) -> None:
    first = await practice.pins.verify(caller(), ORDER)
    second = await practice.pins.verify(caller(), replace(ORDER, request_id="r-2"))
    await until()
    assert JobStep.WAITING_FOR_CARD in [step.step for step in (await practice.jobs.get(caller(), second.name)).progress]
    reads(practice, PinStatus.VERIFIED)
    assert (await ended(practice, first)).result == VerifyPinResult(outcome=PinOutcome.VERIFIED)
    result = (await practice.jobs.wait(caller(), second.name, 5)).result
    assert result == VerifyPinResult(outcome=PinOutcome.ALREADY_VERIFIED)
    assert practice.konnektor.verbs_sent == 1


@pytest.mark.parametrize("ticks", range(12))
async def test_who_was_checked_while_another_spent_a_try_is_checked_again(practice: Practice, ticks: int) -> None:
    reads(practice, PinStatus.VERIFIABLE, 2)
    first = await practice.pins.verify(caller(), ORDER)
    await until()
    second = await practice.pins.verify(caller(), replace(ORDER, request_id="r-2"))
    await until(ticks=ticks)
    practice.konnektor.answer = VerifyPinResult(outcome=PinOutcome.REJECTED, attempts_left=1)
    reads(practice, PinStatus.VERIFIABLE, 1)
    await ended(practice, first)
    last = await practice.jobs.wait(caller(), second.name, 5)
    assert last.failure == failure(Reason.PIN_LAST_ATTEMPT, attempts_left=1)
    assert practice.konnektor.verbs_sent == 1


async def test_a_pin_is_asked_for_at_one_pad_at_a_time_also_where_a_card_serves_several(practice: Practice) -> None:
    for context in (DESK, ROOM):
        reads(practice, PinStatus.VERIFIABLE, 2, context)
    first = await practice.pins.verify(caller(), ORDER)
    second = await practice.pins.verify(caller(), replace(ORDER, request_id="r-2", context=ROOM))
    await until()
    assert practice.konnektor.on_wire == 1
    practice.konnektor.answer = VerifyPinResult(outcome=PinOutcome.REJECTED, attempts_left=1)
    for context in (DESK, ROOM):
        reads(practice, PinStatus.VERIFIABLE, 1, context)
    await ended(practice, first)
    last = await practice.jobs.wait(caller(), second.name, 5)
    assert last.failure == failure(Reason.PIN_LAST_ATTEMPT, attempts_left=1)
    assert practice.konnektor.verbs_sent == 1


class SlowDisk(MemoryStore):
    async def save_attempts(self, card: str, pin: Pin, attempts_left: int | None, *, puk: bool = False) -> None:
        await asyncio.sleep(0.05)
        await super().save_attempts(card, pin, attempts_left, puk=puk)


@pytest.mark.parametrize(
    ("kept", "answer", "expected"),
    [
        (2, VerifyPinResult(outcome=PinOutcome.REJECTED, attempts_left=1), Reason.PIN_LAST_ATTEMPT),
        (1, WorldError(failure(Reason.KONNEKTOR_SILENT)), Reason.PIN_ATTEMPTS_UNKNOWN),
    ],
)
async def test_the_second_in_the_queue_reckons_by_what_the_first_taught_however_slow_the_disk(
    kept: int, answer: VerifyPinResult | WorldError, expected: Reason
) -> None:
    practice = Practice(store=SlowDisk(attempts={(ORDER.card, Pin.SMC): kept}))
    reads(practice, PinStatus.VERIFIABLE, None)
    practice.konnektor.answer = answer
    order = replace(ORDER, accept_unknown_attempts=kept == 2, accept_last_attempt=kept == 1)
    first = await practice.pins.verify(caller(), order)
    second = await practice.pins.verify(caller(), replace(order, request_id="r-2"))
    await until()
    await ended(practice, first)
    last = await practice.jobs.wait(caller(), second.name, 5)
    assert last.failure is not None
    assert last.failure.reason is expected
    assert practice.konnektor.verbs_sent == 1


async def test_progress_says_what_is_expected_and_then_what_the_konnektor_said(practice: Practice) -> None:
    job = await practice.pins.verify(caller(), ORDER)
    await until()
    started = Notice(
        type=NoticeType.PIN_ENTRY_STARTED, konnektor=K1, context=DESK, handle=SMCB.handle, ct_id="ct-1", pin=Pin.SMC
    )
    for notice in (
        started,
        replace(started, handle="h-hba"),
        replace(started, context=ROOM),
        replace(started, pin=Pin.CH),
        replace(started, type=NoticeType.PIN_ENTRY_FINISHED),
    ):
        practice.keeper.notice(notice)
    steps = (await ended(practice, job)).progress
    told = [(step.step, step.expected, step.terminal_label) for step in steps]
    assert told == [
        (JobStep.SENT, False, ""),
        (JobStep.PIN_ENTRY, True, "Empfang"),
        (JobStep.PIN_ENTRY, False, "Empfang"),
        (JobStep.PIN_ENTRY_FINISHED, False, "Empfang"),
    ]
    assert "PIN.SMC" in steps[2].text


async def test_nothing_is_expected_where_only_the_konnektor_knows_the_remote_pad(practice: Practice) -> None:
    job = await verified(practice, replace(ORDER, context=ROOM))
    assert [step.step for step in job.progress] == [JobStep.SENT]


async def test_one_pad_asks_for_one_pin_at_a_time(practice: Practice) -> None:
    await practice.people.create("users/arzt1", "Dr. A")
    await practice.pins.verify(caller(), ORDER)
    await practice.pins.verify(
        caller(), replace(ORDER, request_id="r-2", card=named(HBA), pin=Pin.CH, user="users/arzt1")
    )
    await until()
    assert practice.konnektor.on_wire == 1
    practice.konnektor.go.set()
    async with asyncio.timeout(5):
        while practice.konnektor.verbs_sent < 2:
            await asyncio.sleep(0)
    assert practice.konnektor.most_on_wire == 1


async def test_status_is_asked_of_the_konnektor_and_shown(practice: Practice) -> None:
    reads(practice, PinStatus.VERIFIED, context=ROOM)
    states = [await practice.pins.status(caller(), ORDER.card, one, Pin.SMC, "") for one in (DESK, ROOM)]
    assert [(one.context, one.status, one.attempts_left) for one in states] == [
        (DESK, PinStatus.VERIFIABLE, 3),
        (ROOM, PinStatus.VERIFIED, None),
    ]
    card = practice.keeper.picture.inventory.card(ORDER.card)
    assert card is not None
    assert len(card.pin_states) == 2


async def test_the_state_of_a_patients_pin_can_be_asked_for_and_not_entered(practice: Practice) -> None:
    reads(practice, PinStatus.DISABLED)
    state = await practice.pins.status(caller(), named(EGK), DESK, Pin.MRPIN_NFD, "")
    assert (state.pin, state.status) == (Pin.MRPIN_NFD, PinStatus.DISABLED)
    with pytest.raises(CallerError) as refused:
        await practice.pins.verify(caller(), replace(ORDER, card=named(EGK), pin=Pin.CH))
    assert refused.value.failure.reason is Reason.CARD_TYPE_WRONG

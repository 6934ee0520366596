"""Verbs on PINs one after the other: who is asked, what is learnt, where a job stops."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, RetryClass, WorldError
from kartenwart.domain.inventory import CardType, Pin, PinStatus
from kartenwart.domain.jobs import Job, JobKind, JobState, JobStep, PinOutcome, PinStepsResult, PinVerb, VerifyPinResult
from kartenwart.domain.pin_matrix import PadCertainty
from kartenwart.domain.ports.cards import CardCall, PinReading, PinWish
from kartenwart.domain.principals import Role
from kartenwart.operations.pin_changes import VERBS, PinOrder
from kartenwart.operations.pins import VerifyPinOrder
from kartenwart.operations.unlocking import UnlockOrder
from tests.unit.operations.memory import until
from tests.unit.operations.practice import (
    CONTEXTS,
    DESK,
    EGK,
    HBA,
    OTHER,
    ROOM,
    SMCB,
    Practice,
    caller,
    named,
    observation,
)

DONE = VerifyPinResult(outcome=PinOutcome.DONE)
VERIFIED = VerifyPinResult(outcome=PinOutcome.VERIFIED)
ALL = replace(SMCB, contexts=frozenset(CONTEXTS))
ARZT = "users/arzt1"


def order(card: Any = SMCB, pin: Pin | None = Pin.SMC, **more: Any) -> PinOrder:
    defaults: dict[str, Any] = {"request_id": "r-1", "context": DESK, "accept_unknown_attempts": True}
    return PinOrder(card=named(card), pin=pin, **(defaults | more))


async def changed(practice: Practice, kind: JobKind, wanted: PinOrder, **who: Any) -> Job:
    practice.konnektor.go.set()
    job = await practice.pin_changes.start(caller(**who), kind, wanted)
    return await practice.jobs.wait(caller(**who), job.name, 5)


async def unlocked(practice: Practice, **more: Any) -> Job:
    defaults: dict[str, Any] = {"request_id": "r-1", "context": DESK, "accept_unknown_attempts": True}
    practice.konnektor.go.set()
    job = await practice.unlocking.start(caller(), UnlockOrder(**(defaults | more)))
    return await practice.jobs.wait(caller(), job.name, 5)


def told(job: Job) -> list[tuple[str, PinOutcome]]:
    assert isinstance(job.result, PinStepsResult)
    return [(step.context, step.outcome) for step in job.result.steps]


def reads(practice: Practice, status: PinStatus, attempts: int | None, *contexts: str) -> None:
    for context in contexts or (DESK,):
        for pin in Pin:
            practice.konnektor.readings[context, pin] = PinReading(status=status, attempts_left=attempts)


def reason(job: Job) -> Reason | None:
    return job.failure.reason if job.failure else None


async def doctor(practice: Practice) -> None:
    await practice.people.create(ARZT, "Dr. A")


@pytest.mark.parametrize(
    ("kind", "card", "pin", "status"),
    [
        (JobKind.CHANGE_PIN, SMCB, Pin.SMC, PinStatus.VERIFIABLE),
        (JobKind.UNBLOCK_PIN, SMCB, Pin.SMC, PinStatus.BLOCKED),
        (JobKind.CHANGE_PIN, EGK, Pin.CH, PinStatus.VERIFIABLE),
        (JobKind.ENABLE_PIN, EGK, Pin.MRPIN_AMTS, PinStatus.DISABLED),
        (JobKind.DISABLE_PIN, EGK, Pin.MRPIN_AMTS, PinStatus.VERIFIABLE),
    ],
)
async def test_each_verb_goes_out_once_for_the_pin_that_was_named(
    practice: Practice, kind: JobKind, card: Any, pin: Pin, status: PinStatus
) -> None:
    practice.konnektor.answer = DONE
    reads(practice, status, None)
    job = await changed(practice, kind, order(card, pin, set_new_pin=True))
    assert (job.state, told(job)) == (JobState.SUCCEEDED, [(DESK, PinOutcome.DONE)])
    ((_, wish),) = practice.konnektor.wishes
    assert (wish.pin, wish.verb.value, practice.konnektor.verbs_sent) == (pin, kind.value.removesuffix("_PIN"), 1)
    again = await changed(practice, kind, order(card, pin, set_new_pin=True))
    assert (again.name, practice.konnektor.verbs_sent) == (job.name, 1)


@pytest.mark.parametrize(
    ("kind", "card", "pin", "who", "refusal"),
    [
        (JobKind.ENABLE_PIN, EGK, Pin.CH, {}, Reason.CARD_TYPE_WRONG),
        (JobKind.CHANGE_PIN, EGK, Pin.MRPIN_NFD, {}, Reason.CARD_TYPE_WRONG),
        (JobKind.CHANGE_PIN, SMCB, Pin.CH, {}, Reason.CARD_TYPE_WRONG),
        (JobKind.CHANGE_PIN, HBA, Pin.CH, {}, Reason.INVALID_ARGUMENT),
        (JobKind.CHANGE_PIN, SMCB, None, {}, Reason.INVALID_ARGUMENT),
        (JobKind.CHANGE_PIN, EGK, Pin.CH, {"role": Role.TECHNICIAN}, Reason.ROLE_MISSING),
    ],
)
async def test_what_a_caller_may_be_wrong_about(
    practice: Practice, kind: JobKind, card: Any, pin: Pin | None, who: dict[str, Any], refusal: Reason
) -> None:
    with pytest.raises(CallerError) as caught:
        await changed(practice, kind, order(card, pin), **who)
    assert caught.value.failure.reason is refusal
    assert not practice.store.jobs


async def test_transport_pins_come_in_their_order_and_qes_not_after_a_failure(practice: Practice) -> None:
    await doctor(practice)
    reads(practice, PinStatus.TRANSPORT_PIN, None)
    practice.konnektor.answer = VerifyPinResult(outcome=PinOutcome.REJECTED, attempts_left=2)
    job = await changed(practice, JobKind.CHANGE_PIN, order(HBA, None, user=ARZT, transport_pin=True))
    assert (job.state, reason(job)) == (JobState.FAILED, Reason.PIN_REJECTED)
    assert [wish.pin for _, wish in practice.konnektor.wishes] == [Pin.CH]
    practice.konnektor.answer = DONE
    wanted = order(HBA, None, user=ARZT, transport_pin=True, request_id="r-2")
    job = await changed(practice, JobKind.CHANGE_PIN, wanted)
    assert job.state is JobState.SUCCEEDED
    assert [wish.pin for _, wish in practice.konnektor.wishes] == [Pin.CH, Pin.CH, Pin.QES]
    assert practice.store.history[job.name].count(JobState.SENT) == 2


async def test_what_unblock_says_of_attempts_never_becomes_the_pins(practice: Practice) -> None:
    reads(practice, PinStatus.BLOCKED, 0)
    practice.store.attempts[named(SMCB), Pin.SMC] = 2
    practice.konnektor.answer = VerifyPinResult(outcome=PinOutcome.REJECTED, attempts_left=9)
    job = await changed(practice, JobKind.UNBLOCK_PIN, order())
    assert reason(job) is Reason.PUK_REJECTED
    assert (practice.store.attempts, practice.store.puk_attempts) == (
        {(named(SMCB), Pin.SMC): 2},
        {(named(SMCB), Pin.SMC): 9},
    )
    practice.konnektor.answer = DONE
    await changed(practice, JobKind.UNBLOCK_PIN, order(request_id="r-2"))
    assert practice.store.attempts == {}
    assert practice.store.puk_attempts == {(named(SMCB), Pin.SMC): 8}


@pytest.mark.parametrize(("kept", "refusal"), [(1, Reason.PIN_LAST_ATTEMPT), (0, Reason.PUK_BLOCKED)])
async def test_a_puk_that_is_nearly_used_up_is_remembered(practice: Practice, kept: int, refusal: Reason) -> None:
    reads(practice, PinStatus.BLOCKED, 0)
    practice.store.puk_attempts[named(SMCB), Pin.SMC] = kept
    job = await changed(practice, JobKind.UNBLOCK_PIN, order())
    assert (reason(job), practice.konnektor.verbs_sent) == (refusal, 0)


async def test_a_puk_rejected_without_a_number_has_one_try_less(practice: Practice) -> None:
    reads(practice, PinStatus.BLOCKED, 0)
    practice.store.puk_attempts[named(SMCB), Pin.SMC] = 5
    practice.konnektor.answer = VerifyPinResult(outcome=PinOutcome.REJECTED)
    await changed(practice, JobKind.UNBLOCK_PIN, order())
    assert practice.store.puk_attempts == {(named(SMCB), Pin.SMC): 4}


async def test_each_context_that_needs_it_is_unlocked_and_no_other_mandants(practice: Practice) -> None:
    practice.keeper.observe(observation(ALL))
    reads(practice, PinStatus.VERIFIED, None, ROOM)
    job = await unlocked(practice)
    assert told(job) == [(DESK, PinOutcome.VERIFIED), (ROOM, PinOutcome.ALREADY_VERIFIED)]
    assert (job.state, practice.konnektor.verbs_sent) == (JobState.SUCCEEDED, 1)
    assert not any(OTHER in asked for asked in practice.konnektor.asked)
    only = await unlocked(practice, request_id="r-2", context=ROOM, only_this_context=True)
    assert told(only) == [(ROOM, PinOutcome.ALREADY_VERIFIED)]


async def test_where_all_is_unlocked_nobody_is_asked_and_nothing_is_sent(practice: Practice) -> None:
    second = replace(SMCB, handle="h-second", slot_id=4, iccsn="80276001040000000009")
    practice.keeper.observe(observation(SMCB, second))
    reads(practice, PinStatus.VERIFIED, None, DESK, ROOM)
    job = await unlocked(practice, accept_unknown_attempts=False)
    assert (job.state, practice.konnektor.verbs_sent) == (JobState.SUCCEEDED, 0)
    assert [outcome for _, outcome in told(job)] == [PinOutcome.ALREADY_VERIFIED] * 4
    assert JobState.SENT not in practice.store.history[job.name]


async def test_a_wrong_pin_ends_unlocking_everywhere(practice: Practice) -> None:
    practice.konnektor.answer = VerifyPinResult(outcome=PinOutcome.REJECTED, attempts_left=2)
    job = await unlocked(practice)
    assert (told(job), reason(job)) == ([(DESK, PinOutcome.REJECTED)], Reason.PIN_REJECTED)
    assert practice.konnektor.verbs_sent == 1


async def test_where_nobody_can_be_asked_the_next_context_is(practice: Practice) -> None:
    def nowhere_at_the_desk(call: CardCall, _wish: PinWish) -> VerifyPinResult | WorldError:
        if call.context.name == DESK:
            return WorldError(failure(Reason.PIN_NO_TERMINAL, code=4092), sent=False)
        return VERIFIED

    practice.konnektor.answer = nowhere_at_the_desk
    job = await unlocked(practice)
    assert told(job) == [(DESK, PinOutcome.NOT_ASKED), (ROOM, PinOutcome.VERIFIED)]
    assert (job.state, reason(job)) == (JobState.FAILED, Reason.PIN_NO_TERMINAL)
    cells = {cell.context: cell.pad for cell in await practice.pin_matrix.read(caller(), "")}
    assert cells[DESK].certainty is PadCertainty.NOWHERE
    assert cells[DESK].failure == failure(Reason.PIN_NO_TERMINAL, code=4092)
    assert cells[ROOM].certainty is not PadCertainty.NOWHERE


async def test_what_the_konnektor_refused_is_told_as_a_step_and_repeated_by_no_program(practice: Practice) -> None:
    practice.konnektor.answer = WorldError(failure(Reason.CARD_BUSY, code=4060), sent=False)
    job = await unlocked(practice, only_this_context=True)
    again = await changed(practice, JobKind.CHANGE_PIN, order(request_id="r-2"))
    for one in (job, again):
        assert told(one) == [(DESK, PinOutcome.NOT_ASKED)]
        assert isinstance(one.result, PinStepsResult)
        for why in (one.failure, one.result.steps[0].failure):
            assert why is not None
            assert (why.konnektor_code, why.retry) == (4060, RetryClass.BY_PERSON)
    practice.konnektor.readings[DESK, Pin.SMC] = practice.konnektor.answer
    early = await changed(practice, JobKind.CHANGE_PIN, order(request_id="r-3"))
    assert (told(early), JobState.SENT in practice.store.history[early.name]) == ([(DESK, PinOutcome.NOT_ASKED)], False)
    assert early.failure == practice.konnektor.answer.failure


@pytest.mark.parametrize("error", [Reason.STORE_FAILED, Reason.KONNEKTOR_UNREACHABLE])
async def test_what_is_no_word_of_the_konnektor_ends_unlocking(practice: Practice, error: Reason) -> None:
    practice.konnektor.answer = WorldError(failure(error), sent=False)
    job = await unlocked(practice)
    assert (reason(job), practice.konnektor.verbs_sent, job.result) == (error, 1, None)


async def test_an_unknown_outcome_stays_so_and_what_was_done_before_is_kept(practice: Practice) -> None:
    def lost_in_the_room(call: CardCall, _wish: PinWish) -> VerifyPinResult | WorldError:
        return VERIFIED if call.context.name == DESK else WorldError(failure(Reason.KONNEKTOR_SILENT))

    practice.konnektor.answer = lost_in_the_room
    job = await unlocked(practice)
    assert (job.state, reason(job)) == (JobState.OUTCOME_UNKNOWN, Reason.OUTCOME_UNKNOWN)
    assert told(job) == [(DESK, PinOutcome.VERIFIED), (ROOM, PinOutcome.OUTCOME_UNKNOWN)]
    assert practice.konnektor.verbs_sent == 2


async def test_a_cancelled_job_asks_nobody_else(practice: Practice) -> None:
    job = await practice.unlocking.start(
        caller(), UnlockOrder(request_id="r-1", context=DESK, accept_unknown_attempts=True)
    )
    await until()
    assert practice.konnektor.on_wire == 1
    cancelling = asyncio.create_task(practice.jobs.cancel(caller(), job.name))
    await asyncio.sleep(0.01)
    practice.konnektor.go.set()
    await cancelling
    ended = await practice.jobs.wait(caller(), job.name, 5)
    assert (ended.state, reason(ended), practice.konnektor.verbs_sent) == (JobState.FAILED, Reason.CANCELLED, 1)
    assert told(ended) == [(DESK, PinOutcome.VERIFIED)]


async def test_a_crash_between_two_entries_keeps_the_first_and_asks_for_none(practice: Practice) -> None:
    held = asyncio.Event()

    def verified_at_the_desk(call: CardCall, _wish: PinWish) -> VerifyPinResult:
        if call.context.name == DESK:
            practice.konnektor.connecting.clear()
            held.set()
        return VERIFIED

    practice.konnektor.answer = verified_at_the_desk
    practice.konnektor.go.set()
    job = await practice.unlocking.start(
        caller(), UnlockOrder(request_id="r-1", context=DESK, accept_unknown_attempts=True)
    )
    await asyncio.wait_for(held.wait(), 5)
    await until()
    anew = Practice(store=practice.store)
    await anew.jobs.recover()
    ended = await anew.jobs.get(caller(), job.name)
    assert (ended.state, reason(ended)) == (JobState.FAILED, Reason.AGENT_RESTARTED)
    assert told(ended) == [(DESK, PinOutcome.VERIFIED)]
    await practice.jobs.close()


async def test_a_power_cut_in_the_second_entry_tells_in_which_context_nobody_knows(practice: Practice) -> None:
    asked = asyncio.Event()

    def verified_at_the_desk(call: CardCall, _wish: PinWish) -> VerifyPinResult:
        if call.context.name == DESK:
            practice.konnektor.go.clear()
            asked.set()
        return VERIFIED

    practice.konnektor.answer = verified_at_the_desk
    practice.konnektor.go.set()
    job = await practice.unlocking.start(
        caller(), UnlockOrder(request_id="r-1", context=DESK, accept_unknown_attempts=True)
    )
    await asyncio.wait_for(asked.wait(), 5)
    await until()
    practice.store.attempts[named(SMCB), Pin.SMC] = 1
    anew = Practice(store=practice.store)
    await anew.jobs.recover()
    ended = await anew.jobs.get(caller(), job.name)
    assert told(ended) == [(DESK, PinOutcome.VERIFIED), (ROOM, PinOutcome.OUTCOME_UNKNOWN)]
    assert (ended.state, reason(ended)) == (JobState.OUTCOME_UNKNOWN, Reason.OUTCOME_UNKNOWN)
    assert anew.store.attempts == {}
    await practice.jobs.close()


async def test_no_verb_goes_out_for_a_card_in_a_data_centre(practice: Practice) -> None:
    practice.keeper.observe(observation(replace(SMCB, type=CardType.HSM_B)))
    job = await unlocked(practice)
    assert {outcome for _, outcome in told(job)} == {PinOutcome.NOT_ASKED}
    assert job.failure == failure(Reason.PIN_NO_TERMINAL, code=4066)
    wish = VerifyPinOrder(request_id="r-2", card=named(SMCB), context=DESK, pin=Pin.SMC, accept_unknown_attempts=True)
    alone = await practice.pins.verify(caller(), wish)
    ended = await practice.jobs.wait(caller(), alone.name, 5)
    assert ended.failure == failure(Reason.PIN_NO_TERMINAL, code=4066)
    assert practice.konnektor.verbs_sent == 0


async def test_nothing_to_unlock_is_told_apart_from_not_yet_known(practice: Practice) -> None:
    practice.keeper.observe(observation(HBA))
    with pytest.raises(CallerError) as caught:
        await unlocked(practice)
    assert caught.value.failure.reason is Reason.NOT_FOUND
    with pytest.raises(CallerError) as caught:
        await unlocked(practice, card=named(HBA))
    assert caught.value.failure.reason is Reason.CARD_TYPE_WRONG


async def test_people_are_told_in_which_context_and_what_to_type(practice: Practice) -> None:
    job = await unlocked(practice)
    texts = [one.text for one in job.progress if one.step is JobStep.PIN_ENTRY]
    words = "die PIN der Praxiskarte (PIN.SMC) eingeben (Kontext empfang)"
    assert texts[0] == f"Gleich bitte am Kartenterminal „Empfang“ {words}."


@pytest.mark.parametrize(
    ("kind", "card", "pin", "status"),
    [
        (JobKind.CHANGE_PIN, SMCB, Pin.SMC, PinStatus.TRANSPORT_PIN),
        (JobKind.ENABLE_PIN, EGK, Pin.MRPIN_NFD, PinStatus.DISABLED),
    ],
)
async def test_a_wrong_pin_makes_no_transport_pin_a_set_one_and_switches_nothing_on(
    practice: Practice, kind: JobKind, card: Any, pin: Pin, status: PinStatus
) -> None:
    reads(practice, status, None)
    practice.konnektor.answer = VerifyPinResult(outcome=PinOutcome.REJECTED, attempts_left=2)
    job = await changed(practice, kind, order(card, pin, transport_pin=kind is JobKind.CHANGE_PIN))
    assert reason(job) is Reason.PIN_REJECTED
    shown = practice.keeper.picture.inventory.card(named(card))
    assert shown is not None
    assert [state.status for state in shown.pin_states if state.context == DESK] == []
    assert practice.store.attempts == {(named(card), pin.counter): 2}


def test_every_verb_has_its_kind_of_job() -> None:
    assert set(VERBS.values()) == set(PinVerb) - {PinVerb.VERIFY}

from dataclasses import replace

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.inventory import Pin, PinStatus
from kartenwart.domain.jobs import BindUserResult, Job, JobState, JobStep, PinOutcome, VerifyPinResult
from kartenwart.domain.ports.cards import PinReading
from kartenwart.domain.principals import Caller, Role
from kartenwart.operations.people import People
from kartenwart.operations.users import BindUserOrder
from tests.unit.operations.memory import until
from tests.unit.operations.practice import DESK, HBA, SMCB, Practice, caller, named

TECHNICIAN = caller("local/technik", Role.TECHNICIAN)
ORDER = BindUserOrder(request_id="r-1", user="users/arzt1", card=named(HBA), context=DESK)


async def bound(practice: Practice, order: BindUserOrder = ORDER) -> Job:
    await practice.users.create(TECHNICIAN, "arzt1", "Dr. A")
    practice.konnektor.go.set()
    job = await practice.users.bind(caller(), order)
    return await practice.jobs.wait(caller(), job.name, 5)


async def test_a_verified_pin_ch_binds_and_the_audit_says_so(practice: Practice) -> None:
    job = await bound(practice)
    assert job.result == BindUserResult(user="users/arzt1", card=named(HBA))
    assert practice.users.get("users/arzt1").card == named(HBA)
    assert practice.store.users["users/arzt1"].bound_at is not None
    assert practice.actions() == [("job.sent", "OK"), ("user.bound", "OK"), ("job.ended", "SUCCEEDED")]


async def test_binding_asks_even_where_pin_ch_is_verified(practice: Practice) -> None:
    practice.konnektor.readings[DESK, Pin.CH] = PinReading(status=PinStatus.VERIFIED, attempts_left=3)
    assert (await bound(practice)).state is JobState.SUCCEEDED
    assert practice.konnektor.verbs_sent == 1


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (VerifyPinResult(outcome=PinOutcome.REJECTED, attempts_left=2), JobState.FAILED),
        (VerifyPinResult(outcome=PinOutcome.ALREADY_VERIFIED), JobState.FAILED),
        (VerifyPinResult(outcome=PinOutcome.ABORTED), JobState.FAILED),
        (WorldError(failure(Reason.KONNEKTOR_SILENT)), JobState.OUTCOME_UNKNOWN),
    ],
)
async def test_nothing_but_a_verified_pin_binds(
    practice: Practice, answer: VerifyPinResult | WorldError, state: JobState
) -> None:
    practice.konnektor.answer = answer
    job = await bound(practice)
    assert (job.state, job.result) == (state, None)
    assert practice.users.get("users/arzt1").card == ""


async def test_only_an_hba_is_bound_and_only_to_a_known_user(practice: Practice) -> None:
    with pytest.raises(CallerError) as refused:
        await practice.users.bind(caller(), ORDER)
    assert refused.value.failure.reason is Reason.NOT_FOUND
    with pytest.raises(CallerError) as refused:
        await bound(practice, BindUserOrder(request_id="r", user="users/arzt1", card=named(SMCB), context=DESK))
    assert refused.value.failure.reason is Reason.CARD_TYPE_WRONG


async def test_users_have_a_secret_of_their_own_that_nobody_sees(practice: Practice) -> None:
    one = await practice.users.create(TECHNICIAN, "arzt1", "Dr. A")
    two = await practice.users.create(TECHNICIAN, "arzt2", "Dr. B")
    assert one.konnektor_user_id != two.konnektor_user_id
    assert one.konnektor_user_id not in repr(one)
    with pytest.raises(CallerError) as refused:
        await practice.users.create(TECHNICIAN, "arzt1", "Noch eine")
    assert refused.value.failure.reason is Reason.CONFLICT
    for wrong_id, label in (
        ("Arzt", "x"),
        ("", "x"),
        ("-a", "x"),
        ("a-", "x"),
        ("a" * 41, "x"),
        ("ok", ""),
        ("ok", " y"),
        ("ok", "y" * 61),
        ("ok", "a\nb"),
    ):
        with pytest.raises(CallerError):
            await practice.users.create(TECHNICIAN, wrong_id, label)


async def test_who_got_no_answer_makes_the_same_user_again_and_nobody_else_does(practice: Practice) -> None:
    one = await practice.users.create(TECHNICIAN, "arzt1", "Dr. A")
    writes = practice.store.writes
    assert await practice.users.create(TECHNICIAN, "arzt1", "Dr. A") == one
    assert practice.store.writes == writes + 1, "nobody is told before it is durable"
    neighbour = replace(TECHNICIAN, mandants=frozenset({"m2"}))
    with pytest.raises(CallerError) as refused:
        await practice.users.create(neighbour, "arzt1", "Dr. A")
    assert refused.value.failure.reason is Reason.CONFLICT
    await bound(practice, BindUserOrder(request_id="r", user="users/arzt1", card=named(HBA), context=DESK))
    with pytest.raises(CallerError) as refused:
        await practice.users.create(TECHNICIAN, "arzt1", "Dr. A")
    assert refused.value.failure.reason is Reason.CONFLICT


async def test_callers_see_the_users_of_their_scope(practice: Practice) -> None:
    for name in ("arzt1", "arzt2"):
        await practice.users.create(TECHNICIAN, name, name)
    assert [user.name for user in await practice.users.list(caller())] == ["users/arzt1"]
    assert len(await practice.users.list(TECHNICIAN)) == 2


async def test_a_technician_knows_the_users_of_its_practices_only(practice: Practice) -> None:
    house = replace(caller("local/haus", Role.TECHNICIAN), mandants=None)
    neighbour = caller("workstations/w-t", Role.TECHNICIAN, frozenset({"m2"}))
    await practice.users.create(house, "neu", "Dr. Neu")
    await practice.users.create(neighbour, "fremd", "Dr. Fremd")
    await bound(practice)

    async def known(who: Caller) -> list[str]:
        return [user.name.removeprefix("users/") for user in await practice.users.list(who)]

    assert await known(house) == ["arzt1", "fremd", "neu"]
    assert await known(TECHNICIAN) == ["arzt1", "neu"]
    assert await known(neighbour) == ["fremd", "neu"]
    await practice.people.bind("users/neu", named(HBA), "m1")
    assert await known(neighbour) == ["fremd"]


async def test_users_outlive_a_restart_and_a_refused_write_changes_nothing(practice: Practice) -> None:
    await practice.users.create(TECHNICIAN, "arzt1", "Dr. A")
    practice.store.refuse = True
    with pytest.raises(WorldError):
        await practice.users.create(TECHNICIAN, "arzt2", "Dr. B")
    with pytest.raises(WorldError):
        await practice.people.bind("users/arzt1", named(HBA), "m1")
    assert [user.card for user in practice.people.all()] == [""]
    restarted = People(store=practice.store, clock=practice.clock)
    await restarted.load()
    assert restarted.all() == practice.people.all()


async def test_a_right_pin_whose_binding_was_not_kept_is_told(practice: Practice) -> None:
    await practice.users.create(TECHNICIAN, "arzt1", "Dr. A")
    job = await practice.users.bind(caller(), ORDER)
    await until()
    practice.store.refuse_audit = True
    practice.konnektor.go.set()
    ended = await practice.jobs.wait(caller(), job.name, 5)
    practice.store.refuse_audit = False
    assert ended.state is JobState.FAILED
    assert (ended.progress[-1].step, "PIN war richtig" in ended.progress[-1].text) == (JobStep.PIN_ENTRY_FINISHED, True)

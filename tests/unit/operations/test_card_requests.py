"""Cards asked for at a terminal and ejected: for how long, of which type, and what the picture knows afterwards."""

import uuid
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from kartenwart.domain.catalogue import failure, reason_for_code
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.inventory import CardType, Pin
from kartenwart.domain.jobs import CardResult, Job, JobState
from kartenwart.domain.ports.konnektor import RequestedCard
from kartenwart.operations.card_requests import EjectCardOrder, RequestCardOrder
from tests.unit.operations.memory import first
from tests.unit.operations.practice import DESK, EGK, K1, NAMES, SMCB, Practice, caller, named

TERMINAL = NAMES.terminal(konnektor=K1, ct_id="ct-1", mac_address="00-1B-2C-3D-4E-5F")


async def ended(practice: Practice, start: Awaitable[Job]) -> Job:
    return await practice.jobs.wait(caller(), (await start).name, 5)


def request(terminal: str = TERMINAL, slot_id: int = 3, context: str = DESK) -> RequestCardOrder:
    return RequestCardOrder(
        request_id=str(uuid.uuid4()),
        terminal=terminal,
        slot_id=slot_id,
        context=context,
        seconds=20,
        display_text="Bitte Karte",
    )


async def test_a_card_is_asked_for_in_seconds_and_named(practice: Practice) -> None:
    practice.konnektor.card = RequestedCard(handle="h-egk", already_inserted=True)
    order = replace(request(), card_type=CardType.EGK)
    job = await ended(practice, practice.card_requests.request(caller(), order))
    assert (job.state, job.result) == (JobState.SUCCEEDED, CardResult(card=named(EGK), already_inserted=True))
    (wish,) = practice.konnektor.requested
    assert (wish.ct_id, wish.slot_id, wish.seconds, wish.text) == ("ct-1", 3, 20, "Bitte Karte")
    assert wish.card_type is CardType.EGK
    assert "Bitte Karte" not in repr(wish)


async def test_nobody_brings_one_and_no_such_slot(practice: Practice) -> None:
    practice.konnektor.card = WorldError(failure(reason_for_code(4202), code=4202))
    job = await ended(practice, practice.card_requests.request(caller(), request()))
    assert job.failure is not None
    assert (job.state, job.failure.konnektor_code) == (JobState.FAILED, 4202)
    for wrong in (request(slot_id=5), request(terminal="terminals/t-none"), request(context="contexts/nachbar")):
        with pytest.raises(CallerError) as refused:
            await practice.card_requests.request(caller(), wrong)
        assert refused.value.failure.reason is Reason.NOT_FOUND


async def test_who_cancels_a_request_reads_how_long_it_lasts_all_the_same(practice: Practice) -> None:
    practice.konnektor.asking.clear()
    job = await practice.card_requests.request(caller(), request())
    await practice.jobs.wait(caller(), job.name, 0.05)
    await practice.jobs.cancel(caller(), job.name)
    await practice.jobs.wait(caller(), job.name, 0.05)
    waiting = await practice.jobs.get(caller(), job.name)
    assert waiting.state is JobState.CANCELLING
    assert "spätestens 20 s" in waiting.progress[-1].text
    practice.konnektor.asking.set()
    assert (await practice.jobs.wait(caller(), job.name, 5)).state is JobState.SUCCEEDED
    assert len(practice.konnektor.requested) == 1


@pytest.mark.parametrize("error", [None, WorldError(failure(Reason.CARD_NOT_TAKEN, code=4203))])
async def test_an_ejected_card_is_nobodys_any_more(practice: Practice, error: WorldError | None) -> None:
    practice.konnektor.ejection = error
    await practice.memory.read(practice.cards.reach(named(SMCB), DESK, ""), Pin.SMC)
    order = EjectCardOrder(request_id=str(uuid.uuid4()), card=named(SMCB), context=DESK, seconds=9)
    job = await ended(practice, practice.card_requests.eject(caller(), order))
    assert job.state is (JobState.FAILED if error else JobState.SUCCEEDED)
    known = practice.keeper.picture.inventory.card(named(SMCB))
    assert known is not None
    assert known.pin_states == ()
    assert [one.seconds for one in practice.konnektor.ejected] == [9]


async def test_nobody_uses_a_practice_card_while_it_is_ejected(practice: Practice) -> None:
    practice.konnektor.asking.clear()
    reach = practice.cards.reach(named(SMCB), DESK, "")
    order = EjectCardOrder(request_id=str(uuid.uuid4()), card=named(SMCB), context=DESK, seconds=9)
    job = await practice.card_requests.eject(caller(), order)
    await first(practice.jobs.watch(caller(), job.name), JobState.SENT)
    with pytest.raises(WorldError) as busy:
        async with practice.cards.turn(reach, seconds=0.05):
            pass
    assert busy.value.failure.reason is Reason.CARD_BUSY
    typing = practice.locks.hold()
    assert not typing.take_now((reach.pin_claim(Pin.SMC),))
    practice.konnektor.asking.set()
    assert (await practice.jobs.wait(caller(), job.name, 5)).state is JobState.SUCCEEDED
    async with practice.cards.turn(reach, seconds=0.05):
        pass

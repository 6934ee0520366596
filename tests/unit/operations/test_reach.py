"""A card that is not in the picture: gone, or not looked for yet."""

from dataclasses import replace

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import AgentError, CallerError, Reason, WorldError
from kartenwart.domain.ports.observations import Notice, NoticeType, ObservedCard
from kartenwart.operations.call_times import CallTimes, call_times
from kartenwart.operations.events import EventRing
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.reach import Cards
from tests.unit.operations.practice import DESK, EGK, HBA, K1, NAMES, ROOM, SMCB, Practice, named, observation


def cards(practice: Practice, keeper: InventoryKeeper) -> Cards:
    return Cards(keeper=keeper, contexts=practice.contexts, people=practice.people, konnektors={K1: practice.konnektor})


def before_the_first_poll(practice: Practice) -> InventoryKeeper:
    return InventoryKeeper(
        names=NAMES, contexts=practice.contexts, konnektors=(K1,), events=EventRing(), clock=practice.clock
    )


async def test_before_the_first_poll_nobody_knows_and_the_caller_may_ask_again(practice: Practice) -> None:
    keeper = before_the_first_poll(practice)
    with pytest.raises(WorldError) as refused:
        cards(practice, keeper).reach(named(SMCB), DESK, "")
    assert (refused.value.failure.reason, refused.value.sent) == (Reason.AGENT_UNAVAILABLE, False)
    keeper.observe(practice.konnektor.found)
    assert cards(practice, keeper).reach(named(SMCB), DESK, "").card.name == named(SMCB)


async def test_where_the_konnektor_never_answered_that_is_why(practice: Practice) -> None:
    keeper = before_the_first_poll(practice)
    keeper.link_failed(K1, failure(Reason.KONNEKTOR_UNREACHABLE))
    with pytest.raises(WorldError) as refused:
        cards(practice, keeper).reach(named(SMCB), DESK, "")
    assert refused.value.failure.reason is Reason.KONNEKTOR_UNREACHABLE


def told(practice: Practice, context: str) -> None:
    """An event tells in one context that a card was put in."""
    seen = replace(HBA, handle="h-new", iccsn="80276001040000000099", contexts=frozenset({context}))
    practice.keeper.notice(
        Notice(
            type=NoticeType.CARD_INSERTED,
            konnektor=K1,
            context=context,
            handle=seen.handle,
            ct_id=seen.ct_id,
            card=seen,
        )
    )


async def test_a_card_that_an_event_told_of_in_another_context_is_not_denied_before_a_poll_has_looked(
    practice: Practice,
) -> None:
    new = replace(HBA, handle="h-new", iccsn="80276001040000000099")
    told(practice, ROOM)
    with pytest.raises(WorldError) as passing:
        practice.cards.reach(named(new), DESK, "users/arzt1")
    assert (passing.value.failure.reason, passing.value.sent) == (Reason.AGENT_UNAVAILABLE, False)
    practice.keeper.link_failed(K1, failure(Reason.KONNEKTOR_SILENT))
    with pytest.raises(WorldError) as silent:
        practice.cards.reach(named(new), DESK, "users/arzt1")
    assert silent.value.failure.reason is Reason.KONNEKTOR_SILENT
    practice.keeper.observe(observation(SMCB, replace(new, contexts=frozenset({ROOM}))))
    with pytest.raises(CallerError) as refused:
        practice.cards.reach(named(new), DESK, "users/arzt1")
    assert refused.value.failure.reason is Reason.NOT_FOUND


def denial(practice: Practice, card: ObservedCard, context: str) -> AgentError:
    with pytest.raises(AgentError) as refused:
        practice.cards.reach(named(card), context, "users/arzt1")
    return refused.value


async def test_a_card_that_a_disturbed_poll_found_in_some_contexts_is_not_denied_in_others(practice: Practice) -> None:
    torn = observation(SMCB, replace(HBA, handle="h-again", contexts=frozenset({ROOM})), EGK)
    practice.keeper.observe(torn, disturbed=True)
    assert denial(practice, HBA, DESK).failure.reason is Reason.AGENT_UNAVAILABLE
    confirmed = {card.name: card.confirmed for card in practice.keeper.picture.inventory.cards}
    assert confirmed == {named(SMCB): True, named(EGK): True, named(HBA): False}
    practice.keeper.observe(torn)
    assert denial(practice, HBA, DESK).failure.reason is Reason.NOT_FOUND


async def test_a_disturbed_poll_takes_no_hint_away_and_the_next_one_does(practice: Practice) -> None:
    told(practice, ROOM)
    new = replace(HBA, handle="h-new", iccsn="80276001040000000099")
    practice.keeper.observe(observation(SMCB, HBA), disturbed=True)
    assert practice.cards.inserted(named(new), ROOM).call.handle == "h-new"
    assert denial(practice, new, DESK).failure.reason is Reason.AGENT_UNAVAILABLE
    assert practice.keeper.picture.inventory.card(named(EGK)) is None
    practice.keeper.observe(observation(SMCB, HBA))
    assert denial(practice, new, ROOM).failure.reason is Reason.NOT_FOUND


async def test_a_card_that_an_event_tells_of_in_one_more_context_is_not_denied_in_the_next(practice: Practice) -> None:
    new = replace(HBA, handle="h-new", iccsn="80276001040000000099")
    practice.keeper.observe(observation(SMCB, HBA, replace(new, contexts=frozenset())))
    told(practice, ROOM)
    assert denial(practice, new, DESK).failure.reason is Reason.AGENT_UNAVAILABLE


async def test_whoever_waits_too_long_for_a_card_hears_so_and_holds_nothing(practice: Practice) -> None:
    reach = practice.cards.reach(named(SMCB), DESK, "")
    times = CallTimes()
    call_times.set(times)
    for _ in range(4):
        await practice.locks.acquire(reach.quick_claims)
    with pytest.raises(WorldError) as busy:
        async with practice.cards.turn(reach, seconds=0.01):
            pass
    assert (busy.value.failure.reason, busy.value.sent) == (Reason.CARD_BUSY, False)
    assert times.calls == 1
    assert times.queue >= 0.01
    assert times.konnektor == 0
    practice.locks.release(reach.quick_claims)
    async with practice.cards.turn(reach, seconds=0.01):
        assert not practice.locks.free(reach.quick_claims)
    assert practice.locks.free(reach.quick_claims)
    assert times.konnektor > 0


async def test_after_a_poll_an_unknown_card_is_the_callers_mistake(practice: Practice) -> None:
    with pytest.raises(CallerError) as refused:
        practice.cards.reach("cards/c-unknown", DESK, "")
    assert refused.value.failure.reason is Reason.NOT_FOUND

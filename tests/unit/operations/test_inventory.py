import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from kartenwart.adapters.konnektor.notices import notice_of
from kartenwart.codecs.soap.subscriptions import CetpEvent
from kartenwart.domain.catalogue import failure
from kartenwart.domain.events import Event, EventType
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import CardType, LinkState, Pin, PinState, PinStatus
from kartenwart.domain.ports.observations import Notice, NoticeType, ObservedCard
from kartenwart.operations.inventory import InventoryKeeper, Picture, view
from kartenwart.operations.picture import Painter
from tests.unit.operations.memory import START
from tests.unit.operations.practice import (
    DESK,
    EGK,
    HBA,
    K1,
    NAMES,
    OTHER,
    OURS,
    ROOM,
    SMCB,
    TERMINAL,
    Practice,
    named,
    observation,
)

NEW = replace(SMCB, handle="h-new", slot_id=4, iccsn="80276001040000000009")


def told(practice: Practice, since: int) -> list[Event]:
    return [event for _, event in practice.events.after(since, 1000)[0]]


def kinds(events: list[Event]) -> list[tuple[EventType, str, bool]]:
    return [(event.type, event.subject, event.confirmed) for event in events]


def pin_state(context: str = DESK, status: PinStatus = PinStatus.VERIFIED, attempts: int | None = None) -> PinState:
    return PinState(context=context, pin=Pin.SMC, status=status, attempts_left=attempts, observed_at=START)


def states(keeper: InventoryKeeper, card: str = named(SMCB)) -> list[tuple[str, PinStatus, int | None]]:
    found = keeper.picture.inventory.card(card)
    assert found is not None
    return [(one.context, one.status, one.attempts_left) for one in found.pin_states]


def inserted(card: ObservedCard = NEW) -> Notice:
    return Notice(
        type=NoticeType.CARD_INSERTED, konnektor=K1, context=DESK, handle=card.handle, ct_id=card.ct_id, card=card
    )


def removed(handle: str = SMCB.handle) -> Notice:
    return Notice(type=NoticeType.CARD_REMOVED, konnektor=K1, context=DESK, handle=handle, ct_id="ct-1")


async def test_a_poll_is_the_picture_and_names_say_nothing(practice: Practice) -> None:
    inventory = practice.keeper.picture.inventory
    assert [card.name for card in inventory.cards] == sorted(named(one) for one in (SMCB, HBA, EGK))
    assert inventory.konnektors[0].link_state is LinkState.UP
    for card in inventory.cards:
        assert card.confirmed
        for secret in ("80276", "h-smcb", "Patient"):
            assert secret not in card.name
            assert secret not in repr(card)
    egk = inventory.card(named(EGK))
    assert egk is not None
    assert egk.iccsn_tail == ""


async def test_edges_are_what_differs_between_two_polls(practice: Practice) -> None:
    start = practice.events.newest
    practice.keeper.observe(observation(SMCB, NEW, error_conditions=("EC_No_VPN_TI_Connection",)))
    assert kinds(told(practice, start)) == [
        *((EventType.CARD_REMOVED, name, True) for name in [named(one) for one in sorted((HBA, EGK), key=named)]),
        (EventType.CONDITION_SET, K1, True),
        (EventType.CARD_INSERTED, named(NEW), True),
    ]
    start = practice.events.newest
    practice.keeper.observe(observation(SMCB, NEW, terminals=(replace(TERMINAL, connected=False),)))
    assert [event.type for event in told(practice, start)] == [
        EventType.TERMINAL_DISCONNECTED,
        EventType.CONDITION_CLEARED,
    ]
    start = practice.events.newest
    practice.keeper.observe(observation(terminals=()))
    assert EventType.TERMINAL_REMOVED in [event.type for event in told(practice, start)]


async def test_a_certificate_that_ends_soon_is_told_without_asking_and_counted_down(practice: Practice) -> None:
    keeper, soon = practice.keeper, START.date() + timedelta(days=91)
    card, patients = replace(NEW, certificate_expiry=soon), replace(EGK, certificate_expiry=soon)

    def poll(days: int) -> str:
        keeper.observe(observation(SMCB, card, patients, last_confirmed=START + timedelta(days=days)))
        assert keeper.picture.inventory.card(named(patients)).condition is None  # type: ignore[union-attr]
        condition = keeper.picture.inventory.card(named(card)).condition  # type: ignore[union-attr]
        return condition.title if condition else ""

    assert poll(0) == ""
    since = practice.events.newest
    assert "in 90 Tagen" in poll(1)
    (event,) = told(practice, since)
    assert (event.type, event.subject, event.detail) == (
        EventType.CONDITION_SET,
        named(card),
        Reason.CERTIFICATE_EXPIRES_SOON,
    )
    assert event.contexts == card.contexts
    version = keeper.picture.version
    assert "in 89 Tagen" in poll(2)
    assert keeper.picture.version == version + 1
    assert told(practice, since) == [event]  # a day less is no other condition
    assert "abgelaufen" in poll(92)
    edges = [(one.type, one.detail) for one in told(practice, since)[1:]]
    assert edges == [
        (EventType.CONDITION_CLEARED, Reason.CERTIFICATE_EXPIRES_SOON),
        (EventType.CONDITION_SET, Reason.CERTIFICATE_EXPIRED),
    ]
    keeper.notice(inserted(card))
    assert keeper.picture.inventory.card(named(card)).condition is not None  # type: ignore[union-attr]


async def test_the_same_poll_again_is_no_news(practice: Practice) -> None:
    version, start = practice.keeper.picture.version, practice.events.newest
    practice.keeper.observe(observation(SMCB, HBA, EGK, last_confirmed=START + timedelta(seconds=30)))
    assert (practice.keeper.picture.version, practice.events.newest) == (version, start)
    practice.keeper.observe(observation(SMCB, HBA, EGK, last_confirmed=START + timedelta(seconds=61)))
    assert practice.keeper.picture.version == version + 1


async def test_a_hint_stands_unconfirmed_until_a_poll_confirms_it(practice: Practice) -> None:
    start = practice.events.newest
    assert practice.keeper.notice(inserted())
    hinted = practice.keeper.picture.inventory.card(named(NEW))
    assert hinted is not None
    assert not hinted.confirmed
    practice.keeper.observe(observation(SMCB, HBA, EGK, NEW))
    confirmed = practice.keeper.picture.inventory.card(named(NEW))
    assert confirmed is not None
    assert confirmed.confirmed
    assert kinds(told(practice, start)) == [
        (EventType.CARD_INSERTED, named(NEW), False),
        (EventType.CARD_INSERTED, named(NEW), True),
    ]


async def test_a_poll_sweeps_a_hint_away_that_was_not_true(practice: Practice) -> None:
    start = practice.events.newest
    practice.keeper.notice(inserted())
    practice.keeper.notice(removed())
    assert practice.keeper.picture.inventory.card(named(SMCB)) is None
    practice.keeper.observe(observation(SMCB, HBA, EGK))
    assert practice.keeper.picture.inventory.card(named(NEW)) is None
    assert practice.keeper.picture.inventory.card(named(SMCB)) is not None
    assert [event.confirmed for event in told(practice, start)] == [False, False]


async def test_the_same_insertion_told_to_two_contexts_is_seen_by_each_once(practice: Practice) -> None:
    start = practice.events.newest
    for context in (DESK, ROOM, DESK):
        practice.keeper.notice(inserted(replace(NEW, contexts=frozenset({context}))))
    assert [event.contexts for event in told(practice, start)] == [frozenset({DESK}), frozenset({ROOM})]
    card = practice.keeper.picture.inventory.card(named(NEW))
    assert card is not None
    assert card.contexts == OURS


@pytest.mark.parametrize(
    "notice",
    [
        inserted(replace(NEW, ct_id="ct-forged")),
        replace(inserted(), card=None),
        removed("h-forged"),
        removed(""),
        Notice(type=NoticeType.TERMINAL_DISCONNECTED, konnektor=K1, ct_id="ct-forged"),
        Notice(type=NoticeType.PIN_ENTRY_STARTED, konnektor=K1, handle="h-forged", ct_id="ct-1"),
        Notice(type=NoticeType.OTHER, konnektor=K1, detail="NETWORK/VPN_TI/DOWN"),
    ],
)
async def test_a_hint_on_what_nobody_knows_changes_nothing_and_asks_for_a_poll(
    practice: Practice, notice: Notice
) -> None:
    picture, start = practice.keeper.picture, practice.events.newest
    assert practice.keeper.notice(notice)
    assert practice.keeper.picture == picture
    assert practice.events.newest == start


async def test_a_hint_of_an_unknown_konnektor_is_nothing(practice: Practice) -> None:
    assert not practice.keeper.notice(replace(inserted(), konnektor="konnektors/fremd"))


async def test_forged_conditions_cannot_grow_for_ever(practice: Practice) -> None:
    for number in range(500):
        practice.keeper.notice(Notice(type=NoticeType.CONDITION, konnektor=K1, detail=f"EC_{number}"))
    assert len(practice.keeper.picture.inventory.konnektors[0].error_conditions) == 100


async def test_pin_states_leave_with_the_card_and_with_a_new_handle(practice: Practice) -> None:
    practice.keeper.pin_observed(named(SMCB), pin_state())
    practice.keeper.observe(observation(SMCB, HBA))
    assert states(practice.keeper) == [(DESK, PinStatus.VERIFIED, None)]
    practice.keeper.observe(observation(replace(SMCB, handle="h-again"), HBA))
    assert states(practice.keeper) == []


async def test_pin_states_are_unknown_after_a_boot_and_after_a_lost_link(practice: Practice) -> None:
    start = practice.events.newest
    practice.keeper.pin_observed(named(SMCB), pin_state())
    assert practice.keeper.notice(Notice(type=NoticeType.BOOTED, konnektor=K1))
    assert states(practice.keeper) == []
    practice.keeper.pin_observed(named(SMCB), pin_state())
    practice.keeper.link_failed(K1, failure(Reason.KONNEKTOR_SILENT))
    assert states(practice.keeper) == [(DESK, PinStatus.VERIFIED, None)]
    practice.keeper.observe(observation(SMCB, HBA, EGK))
    assert states(practice.keeper) == []
    assert [event.type for event in told(practice, start)] == [
        EventType.PIN_STATE_CHANGED,
        EventType.KONNEKTOR_REBOOTED,
        EventType.PIN_STATE_CHANGED,
        EventType.KONNEKTOR_DOWN,
        EventType.KONNEKTOR_UP,
    ]


async def test_a_pin_belongs_to_card_and_context_and_its_count_to_the_card(practice: Practice) -> None:
    practice.keeper.pin_observed(named(SMCB), pin_state(DESK, PinStatus.VERIFIABLE, 3))
    practice.keeper.pin_observed(named(SMCB), pin_state(ROOM, PinStatus.VERIFIABLE, None))
    assert states(practice.keeper) == [(DESK, PinStatus.VERIFIABLE, 3), (ROOM, PinStatus.VERIFIABLE, None)]
    practice.keeper.pin_observed(named(SMCB), pin_state(ROOM, PinStatus.VERIFIABLE, 2))
    assert states(practice.keeper) == [(DESK, PinStatus.VERIFIABLE, None), (ROOM, PinStatus.VERIFIABLE, 2)]
    practice.keeper.pin_observed(named(SMCB), pin_state(OTHER))
    assert len(states(practice.keeper)) == 2


async def test_a_lost_link_is_said_once_with_its_reason(practice: Practice) -> None:
    start = practice.events.newest
    for _ in range(3):
        practice.keeper.link_failed(K1, failure(Reason.KONNEKTOR_SILENT))
    practice.keeper.link_failed(K1, failure(Reason.KONNEKTOR_CERTIFICATE_UNTRUSTED))
    assert [event.detail for event in told(practice, start)] == ["KONNEKTOR_SILENT", "KONNEKTOR_CERTIFICATE_UNTRUSTED"]
    konnektor = practice.keeper.picture.inventory.konnektors[0]
    assert (konnektor.link_state, konnektor.last_confirmed) == (LinkState.DOWN, START)
    assert len(practice.keeper.picture.inventory.cards) == 3


async def test_callers_see_their_contexts_only(practice: Practice) -> None:
    neighbour = replace(NEW, contexts=frozenset({OTHER}), local_contexts=frozenset({OTHER}))
    practice.keeper.observe(observation(SMCB, HBA, EGK, neighbour))
    practice.keeper.pin_observed(named(SMCB), pin_state(DESK))
    practice.keeper.pin_observed(named(SMCB), pin_state(ROOM))
    inventory = practice.keeper.picture.inventory
    desk, other = (view(inventory, frozenset({one})) for one in (DESK, OTHER))
    assert [card.name for card in other.cards] == [named(NEW)]
    assert other.terminals == ()
    assert named(NEW) not in [card.name for card in desk.cards]
    smcb = desk.card(named(SMCB))
    assert smcb is not None
    assert [state.context for state in smcb.pin_states] == [DESK]
    assert view(inventory, frozenset()).konnektors == ()


@pytest.mark.parametrize(
    ("card_type", "read_at_its_place"), [(CardType.EGK, "Patient P"), (CardType.KVK, ""), (CardType.UNKNOWN, "")]
)
async def test_who_a_patient_is_only_the_place_of_an_egk_reads(
    practice: Practice, card_type: CardType, read_at_its_place: str
) -> None:
    patient = replace(EGK, type=card_type)
    practice.keeper.observe(observation(SMCB, HBA, patient))
    inventory = practice.keeper.picture.inventory
    desk, room, everywhere = (view(inventory, one) for one in (frozenset({DESK}), frozenset({ROOM}), None))
    holders = [one.card(named(patient)) for one in (desk, room, everywhere)]
    assert [card.holder if card else None for card in holders] == [read_at_its_place, "", ""]


async def test_whose_card_was_put_in_nobody_reads_before_a_poll_has_found_out_where_it_is_near(
    practice: Practice,
) -> None:
    """The event names the patient, and comes to every workplace that reaches the terminal."""
    told_by_konnektor = CetpEvent(
        topic="CARD/INSERTED",
        severity="Info",
        subscription_id="ours",
        parameters={"CardHandle": "h-new", "CardType": "EGK", "CtID": "ct-1", "SlotID": "4", "CardHolderName": "Max"},
    )
    patient = replace(EGK, handle="h-new", slot_id=4, holder="Max")
    practice.keeper.notice(notice_of(told_by_konnektor, K1, DESK))
    desk, room = (view(practice.keeper.picture.inventory, frozenset({one})) for one in (DESK, ROOM))
    unconfirmed = desk.card(named(patient))
    assert unconfirmed is not None
    assert (unconfirmed.holder, unconfirmed.confirmed) == ("", False)
    assert room.card(named(patient)) is None
    practice.keeper.observe(observation(SMCB, HBA, patient))
    holders = [view(practice.keeper.picture.inventory, frozenset({one})).card(named(patient)) for one in (DESK, ROOM)]
    assert [card.holder if card else None for card in holders] == ["Max", ""]


async def test_a_watcher_has_one_slot_and_gets_the_newest(practice: Practice) -> None:
    async with practice.keeper.watch() as watcher:
        present = await anext(watcher)
        assert present == practice.keeper.picture
        for number in range(5):
            practice.keeper.observe(observation(error_conditions=(f"EC_{number}",)))
        newest = await anext(watcher)
        assert newest.inventory.konnektors[0].error_conditions == ("EC_4",)
        waiting = asyncio.ensure_future(anext(watcher))
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_wait_change_answers_at_once_for_another_version_and_else_in_time(practice: Practice) -> None:
    version = practice.keeper.picture.version
    assert (await practice.keeper.wait_change(version - 1, 5)).version == version
    assert (await practice.keeper.wait_change(version, 0.01)).version == version
    waiting = asyncio.ensure_future(practice.keeper.wait_change(version, 5))
    await asyncio.sleep(0)
    practice.keeper.observe(observation())
    found: Picture = await waiting
    assert found.version == version + 1


async def test_cards_are_reached_by_two_konnektoren_and_lose_only_one_route() -> None:
    one = Painter(konnektor=K1, contexts=frozenset({DESK}), names=NAMES)
    two = Painter(konnektor="konnektors/k2", contexts=frozenset({OTHER}), names=NAMES)
    first = observation(replace(SMCB, contexts=frozenset({DESK})))
    second = observation(replace(SMCB, contexts=frozenset({OTHER}), handle="h-two"), terminals=())
    second = replace(second, konnektor=replace(second.konnektor, name="konnektors/k2"))
    both = two.repainted(one.repainted(Practice().keeper.picture.inventory, first), second)
    card = both.card(named(SMCB))
    assert card is not None
    assert [(route.konnektor, route.handle) for route in card.routes] == [(K1, "h-smcb"), ("konnektors/k2", "h-two")]
    assert card.contexts == {DESK, OTHER}
    left = one.repainted(both, observation()).card(named(SMCB))
    assert left is not None
    assert ([route.konnektor for route in left.routes], left.contexts) == (["konnektors/k2"], frozenset({OTHER}))


async def test_terminals_without_a_mac_of_their_own_are_told_apart(practice: Practice) -> None:
    virtual = [replace(TERMINAL, ct_id=f"v{number}", mac_address="") for number in range(3)]
    twins = [replace(TERMINAL, ct_id=f"t{number}") for number in range(2)]
    practice.keeper.observe(observation(terminals=(*virtual, *twins)))
    assert len({one.name for one in practice.keeper.picture.inventory.terminals}) == 5


def test_patients_cards_get_a_new_name_with_each_insertion() -> None:
    assert named(EGK) != named(replace(EGK, handle="h-other"))
    assert named(SMCB) == named(replace(SMCB, handle="h-other"))
    assert EGK.type is CardType.EGK

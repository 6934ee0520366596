"""The box's own readers in the picture: names, conditions, events, a card with two ways, and who sees what."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.events import Event, EventType
from kartenwart.domain.failures import AgentError, CallerError, Reason, WorldError
from kartenwart.domain.inventory import READERS, Pin, PinState, PinStatus
from kartenwart.domain.ports.readers import SeenReaders
from kartenwart.domain.readers import UsbDevice
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.events import EventRing, visible
from kartenwart.operations.inventory import InventoryKeeper, view
from kartenwart.operations.locks import CardLocks, Claim, Rank
from kartenwart.operations.people import People
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.reach import Cards
from kartenwart.operations.reader_link import ReaderLink
from kartenwart.operations.readers import ReaderOperations
from tests.unit.operations.desk import (
    AT_READERS,
    EGK_HERE,
    LAB,
    PAD,
    PLAIN,
    PLUGGED,
    SMCB_HERE,
    WITH_READERS,
    holding,
    keeper,
    seen,
)
from tests.unit.operations.memory import START, MemoryStore, SetClock
from tests.unit.operations.practice import DESK, EGK, NAMES, OURS, SMCB, PlayedKonnektor, named, observation

NOBODY = SeenReaders(readers=(), condition=failure(Reason.READER_SERVICE_DOWN))


class House:
    def __init__(self) -> None:
        self.events = EventRing(capacity=1000)
        self.keeper = keeper(self.events, SetClock())
        self.at = 0

    def see(self, told: SeenReaders, *devices: UsbDevice) -> None:
        self.keeper.observe_readers(told, devices)

    def told(self) -> list[Event]:
        news = [event for _, event in self.events.after(self.at, 1000)[0]]
        self.at = self.events.newest
        return news

    def kinds(self) -> list[EventType]:
        return [event.type for event in self.told()]


@pytest.fixture
def house() -> House:
    return House()


def test_a_reader_is_named_by_where_it_is_plugged_in(house: House) -> None:
    house.see(seen(PLAIN, PAD), PLUGGED)
    first = house.keeper.picture.inventory.readers
    assert {one.label: one.usb for one in first} == {PLAIN.label: PLUGGED, PAD.label: None}
    assert house.kinds() == [EventType.READER_ADDED] * 2
    renamed = replace(PLAIN, label="Leser 02 00")  # pcscd counts anew after a restart
    house.see(seen(renamed, PAD), PLUGGED)
    assert {one.name for one in house.keeper.picture.inventory.readers} == {one.name for one in first}
    assert house.kinds() == []


def test_a_device_that_pcscd_does_not_see_is_a_reader_with_a_condition(house: House) -> None:
    house.see(seen(), replace(PLUGGED, settled=False))
    house.see(seen(), PLUGGED)
    (reader,) = house.keeper.picture.inventory.readers
    assert (reader.label, reader.seen, reader.condition and reader.condition.reason) == (
        "Cherry ST-1144",
        False,
        Reason.READER_NOT_SEEN,
    )
    assert house.kinds() == [EventType.READER_ADDED, EventType.CONDITION_SET]
    house.see(seen(PLAIN), PLUGGED)
    (now,) = house.keeper.picture.inventory.readers
    assert (now.name, now.condition) == (reader.name, None)
    assert house.kinds() == [EventType.CONDITION_CLEARED]


def test_a_service_that_is_down_is_told_once_and_takes_cards_and_readers_along(house: House) -> None:
    house.see(seen(holding(SMCB_HERE)))
    house.told()
    for _ in range(2):
        house.see(NOBODY)
    told = house.told()
    assert [(event.type, event.subject) for event in told] == [
        (EventType.CARD_REMOVED, named(SMCB)),
        (EventType.CONDITION_SET, READERS),
        (EventType.READER_REMOVED, told[2].subject),
    ]
    assert (told[0].konnektor, told[0].reader, told[1].detail) == ("", told[2].subject, "READER_SERVICE_DOWN")


def test_a_card_that_both_see_is_one_card_with_two_ways(house: House) -> None:
    house.keeper.observe(observation(SMCB))
    house.told()
    house.see(seen(holding(SMCB_HERE)))
    (card,) = house.keeper.picture.inventory.cards
    assert (card.name, card.holder, card.contexts) == (named(SMCB), SMCB.holder, OURS | AT_READERS)
    assert [(way.at_reader, way.handle) for way in card.routes] == [(False, SMCB.handle), (True, SMCB_HERE.handle)]
    inserted = [event for event in house.told() if event.type is EventType.CARD_INSERTED]
    assert [event.contexts for event in inserted] == [AT_READERS]  # the Konnektor's workplaces hear nothing of it
    house.see(seen(PLAIN))
    (left,) = house.keeper.picture.inventory.cards
    assert (left.contexts, len(left.routes)) == (OURS, 1)


@pytest.mark.parametrize("reader_first", [True, False])
def test_an_egk_is_known_again_by_its_seal(house: House, reader_first: bool) -> None:
    for at_reader in (reader_first, not reader_first):
        if at_reader:
            house.see(seen(holding(EGK_HERE)))
        else:
            house.keeper.observe(observation(EGK))
    (card,) = house.keeper.picture.inventory.cards
    assert (card.name, len(card.routes)) == (named(EGK), 2)


def test_states_of_pins_end_with_the_insertion(house: House) -> None:
    house.see(seen(holding(SMCB_HERE)))
    state = PinState(context=LAB, pin=Pin.SMC, status=PinStatus.VERIFIED, attempts_left=None, observed_at=START)
    house.keeper.pin_observed(named(SMCB), state)
    for handle, kept in ((SMCB_HERE.handle, [state]), ("r-again", [])):
        house.see(seen(holding(replace(SMCB_HERE, handle=handle)), PAD))
        assert list(house.keeper.picture.inventory.cards[0].pin_states) == kept


def test_only_contexts_that_mean_readers_see_them(house: House) -> None:
    house.keeper.observe(observation(SMCB))
    house.see(seen(holding(SMCB_HERE)))
    inventory = house.keeper.picture.inventory
    workplace, laboratory = view(inventory, frozenset({DESK})), view(inventory, frozenset({LAB}))
    assert (workplace.readers, workplace.reader_service) == ((), None)
    assert [way.at_reader for way in workplace.cards[0].routes] == [False]
    assert [way.at_reader for way in laboratory.cards[0].routes] == [True]
    assert (laboratory.konnektors, laboratory.terminals, len(laboratory.readers)) == ((), (), 1)
    assert not any(visible(event, frozenset({DESK})) for event in house.told() if event.reader)


def reaching(house: House, **readers: PlayedKonnektor) -> Cards:
    clock = SetClock()
    return Cards(
        keeper=house.keeper,
        contexts=Contexts(contexts=WITH_READERS),
        people=People(store=MemoryStore(), clock=clock),
        konnektors={"konnektors/k1": PlayedKonnektor()},
        readers=readers,  # type: ignore[arg-type]  # plays what is asked of it here
    )


def test_the_context_chooses_the_way(house: House) -> None:
    house.keeper.observe(observation(SMCB))
    house.see(seen(holding(SMCB_HERE)))
    cards = reaching(house, readers=PlayedKonnektor(name="played"))
    there, here = cards.reach(named(SMCB), DESK, ""), cards.reach(named(SMCB), LAB, "")
    assert (there.call.handle, here.call.handle) == (SMCB.handle, SMCB_HERE.handle)
    assert there.konnektor.name == "konnektors/k1"
    with pytest.raises(CallerError) as refused:
        _ = here.konnektor
    assert refused.value.failure.reason is Reason.KONNEKTOR_NEEDED
    assert here.without_pad is not None
    assert (here.without_pad.reason, there.without_pad) == (Reason.READER_WITHOUT_PAD, None)


def test_at_a_pad_the_whole_card_waits_for_the_person(house: House) -> None:
    house.see(seen(holding(SMCB_HERE, PAD)))
    reach = reaching(house, readers=PlayedKonnektor()).reach(named(SMCB), LAB, "")
    (reader,) = house.keeper.picture.inventory.readers
    assert (reach.pad.device, reach.pad.sure, reach.without_pad) == (reader, True, None)
    assert [(claim.key, claim.rank) for claim in reach.entry_claims(Pin.SMC)] == [
        (named(SMCB), Rank.PRACTICE_CARD),
        (reader.name, Rank.PAD),
    ]


@pytest.mark.parametrize(
    ("told", "reason"), [(None, "AGENT_UNAVAILABLE"), (NOBODY, "READER_SERVICE_DOWN"), (seen(PLAIN), "NOT_FOUND")]
)
def test_a_card_that_is_not_there_is_missing_for_a_reason(house: House, told: SeenReaders | None, reason: str) -> None:
    if told is not None:
        house.see(told)
    with pytest.raises(AgentError) as missing:
        reaching(house, readers=PlayedKonnektor()).reach(named(SMCB), LAB, "")
    assert missing.value.failure.reason.value == reason


@pytest.mark.parametrize(("user", "told"), [("", AT_READERS), ("users/adler", {LAB})])
def test_a_pin_that_is_verified_in_a_reader_is_so_for_all_that_mean_readers(
    house: House, user: str, told: frozenset[str]
) -> None:
    house.see(seen(holding(SMCB_HERE, PAD)))
    reach = replace(reaching(house, readers=PlayedKonnektor()).reach(named(SMCB), LAB, ""), user=user)
    memory = PinMemory(keeper=house.keeper, facts=MemoryStore(), clock=SetClock())
    assert memory.seen(reach, Pin.SMC, PinStatus.VERIFIED, None).context == LAB
    assert {state.context for state in house.keeper.picture.inventory.cards[0].pin_states} == told


class Usb:
    def __init__(self, *news: tuple[UsbDevice, ...]) -> None:
        self.news = news
        self.resets: list[str] = []

    async def watch(self) -> AsyncIterator[tuple[UsbDevice, ...]]:
        for one in self.news:
            yield one

    async def reset(self, port: str) -> None:
        self.resets.append(port)


class Pcsc:
    def __init__(self, *news: SeenReaders) -> None:
        self.news = news

    async def watch(self) -> AsyncIterator[SeenReaders]:
        for one in self.news:
            yield one


async def test_a_reader_is_never_reset_under_somebodys_fingers(house: House) -> None:
    house.see(seen(holding(SMCB_HERE), PAD), PLUGGED)
    locks, usb = CardLocks(), Usb()
    operations = ReaderOperations(keeper=house.keeper, locks=locks, usb={READERS: usb})
    names = {one.label: one.name for one in house.keeper.picture.inventory.readers}
    for claim in (Claim(key=names[PLAIN.label], rank=Rank.PAD), Claim(key=named(SMCB), rank=Rank.PRACTICE_CARD)):
        assert locks.acquire_now((claim,))
        with pytest.raises(WorldError) as busy:
            await operations.reset(names[PLAIN.label])
        assert (busy.value.failure.reason, busy.value.sent) == (Reason.CARD_BUSY, False)
        locks.release((claim,))
    await operations.reset(names[PLAIN.label])
    assert usb.resets == [PLUGGED.port]
    with pytest.raises(WorldError) as unknown:  # nobody knows which device the other one is
        await operations.reset(names[PAD.label])
    assert unknown.value.failure.reason is Reason.READER_GONE
    with pytest.raises(CallerError):
        await operations.reset("readers/r-none")


async def test_the_first_picture_waits_for_the_usb_but_not_for_ever(house: House) -> None:
    async with asyncio.timeout(5):
        link = ReaderLink(readers=Pcsc(seen(PLAIN)), usb=Usb((PLUGGED,)), keeper=house.keeper, usb_seconds=0.01)
        await link.run()
    assert house.kinds() == [EventType.READER_ADDED]
    (reader,) = house.keeper.picture.inventory.readers
    assert reader.name == NAMES.reader(port=PLUGGED.port)
    silent = House()
    await ReaderLink(readers=Pcsc(seen(PLAIN)), usb=Usb(), keeper=silent.keeper, usb_seconds=0.01).run()
    assert [one.name for one in silent.keeper.picture.inventory.readers] == [NAMES.reader(label=PLAIN.label)]


def test_without_readers_nothing_is_told_of_them() -> None:
    plain = InventoryKeeper(
        names=NAMES, contexts=Contexts(contexts=WITH_READERS), konnektors=[], events=EventRing(), clock=SetClock()
    )
    assert plain.picture.inventory.reader_service is None

"""Whatever polls and notices come in whatever order: after a poll the picture is the poll, and no edge is lost."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kartenwart.domain.catalogue import failure
from kartenwart.domain.events import EventType
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import Pin, PinState, PinStatus
from kartenwart.domain.ports.observations import Notice, NoticeType, ObservedCard
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.events import EventRing
from kartenwart.operations.inventory import InventoryKeeper
from tests.unit.operations.memory import START, SetClock
from tests.unit.operations.practice import CONTEXTS, DESK, EGK, HBA, K1, NAMES, SMCB, named, observation

CARDS = (SMCB, HBA, EGK, replace(SMCB, handle="h-smcb-2"), replace(EGK, handle="h-egk-2", slot_id=4))
card_sets = st.sets(st.sampled_from(range(len(CARDS)))).map(
    lambda picked: list({named(CARDS[index]): CARDS[index] for index in sorted(picked)}.values())
)


class InventoryMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.events = EventRing(capacity=100_000)
        contexts = Contexts(contexts=CONTEXTS)
        self.keeper = InventoryKeeper(
            names=NAMES, contexts=contexts, konnektors=(K1,), events=self.events, clock=SetClock()
        )
        self.version = self.keeper.picture.version
        self.polled: set[tuple[str, str]] = set()

    @rule(cards=card_sets)
    def poll(self, cards: list[ObservedCard]) -> None:
        start = self.events.newest
        self.keeper.observe(observation(*cards))
        shown = {(card.name, card.handle(K1)) for card in self.keeper.picture.inventory.cards}
        found = {(named(card), card.handle) for card in cards}
        assert shown == found
        assert all(card.confirmed for card in self.keeper.picture.inventory.cards)
        edges = [event for _, event in self.events.after(start, 1000)[0]]
        assert all(event.confirmed for event in edges)
        come = [event.subject for event in edges if event.type is EventType.CARD_INSERTED]
        gone = [event.subject for event in edges if event.type is EventType.CARD_REMOVED]
        assert sorted(come) == sorted(name for name, _ in found - self.polled)
        assert sorted(gone) == sorted(name for name, _ in self.polled - found)
        self.polled = found

    @rule(card=st.sampled_from(CARDS), known=st.booleans())
    def card_told(self, card: ObservedCard, known: bool) -> None:
        ct_id = card.ct_id if known else "ct-forged"
        self.keeper.notice(
            Notice(
                type=NoticeType.CARD_INSERTED,
                konnektor=K1,
                context=DESK,
                handle=card.handle,
                ct_id=ct_id,
                card=replace(card, ct_id=ct_id),
            )
        )

    @rule(handle=st.sampled_from([card.handle for card in CARDS] + ["", "h-forged"]))
    def removal_told(self, handle: str) -> None:
        self.keeper.notice(Notice(type=NoticeType.CARD_REMOVED, konnektor=K1, handle=handle, ct_id="ct-1"))

    @rule(kind=st.sampled_from(sorted(NoticeType)), ct_id=st.sampled_from(["ct-1", "ct-x"]), active=st.booleans())
    def something_told(self, kind: NoticeType, ct_id: str, active: bool) -> None:
        self.keeper.notice(
            Notice(type=kind, konnektor=K1, ct_id=ct_id, handle=SMCB.handle, active=active, detail="EC_x")
        )

    @rule()
    def link_lost(self) -> None:
        self.keeper.link_failed(K1, failure(Reason.KONNEKTOR_SILENT))

    @rule(card=st.sampled_from(CARDS), status=st.sampled_from(PinStatus))
    def pin_read(self, card: ObservedCard, status: PinStatus) -> None:
        state = PinState(context=DESK, pin=Pin.SMC, status=status, attempts_left=None, observed_at=START)
        self.keeper.pin_observed(named(card), state)

    @invariant()
    def the_picture_is_in_order(self) -> None:
        picture = self.keeper.picture
        assert picture.version >= self.version
        self.version = picture.version
        names = [card.name for card in picture.inventory.cards]
        assert names == sorted(set(names))
        for card in picture.inventory.cards:
            assert card.routes
            assert all(state.context in card.contexts for state in card.pin_states)


TestInventory = InventoryMachine.TestCase
TestInventory.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)

"""Is the practice ready to work: the state of PIN.SMC in every context, asked after polls and when an entry ended.

A card can be verified for the PVS and locked for KIM; so each context is asked for itself. Asking disturbs nobody.
"""

from collections.abc import Iterator
from datetime import timedelta

from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import AgentError
from kartenwart.domain.inventory import Card, Inventory, Pin, PinState, Route
from kartenwart.domain.ports.observations import Notice, NoticeType
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.reach import Cards
from kartenwart.operations.supervisor import Report, say_nothing


class Readiness:
    """Looks after one back-end's SMC-B; `look` is what the link calls after each poll."""

    def __init__(
        self,
        *,
        konnektor: str,
        keeper: InventoryKeeper,
        cards: Cards,
        memory: PinMemory,
        clock: Clock,
        every: timedelta = timedelta(minutes=5),
        report: Report = say_nothing,
    ) -> None:
        self._konnektor = konnektor
        self._keeper = keeper
        self._cards = cards
        self._memory = memory
        self._clock = clock
        self._every = every
        self._report = report
        self._touched: set[str] = set()
        keeper.always_listening(self._hear)

    async def look(self) -> None:
        """Ask for every state that is unknown, old, or may have changed; what cannot be asked stays unknown."""
        touched, self._touched = self._touched, set()
        for card, context in list(self._due(touched)):
            try:
                reach = self._cards.reach(card, context, "")
                async with self._cards.turn(reach):
                    await self._memory.read(reach, Pin.SMC)
            except AgentError as error:
                self._report("readiness.not_asked", card=card, context=context, reason=error.failure.reason.value)

    def _due(self, touched: set[str]) -> Iterator[tuple[str, str]]:
        inventory = self._keeper.picture.inventory
        ways = ((card, route) for card in inventory.cards for route in card.routes if card.type.is_practice)
        for card, route in ways:
            if route.konnektor != self._konnektor or not route.handle or _nowhere_typed(inventory, route):
                continue
            for context in sorted(inventory.contexts_of(card, route)):
                if route.handle in touched or self._unknown(card, context):
                    yield card.name, context

    def _unknown(self, card: Card, context: str) -> bool:
        known: list[PinState] = [one for one in card.pin_states if (one.context, one.pin) == (context, Pin.SMC)]
        return not known or self._clock.now() - known[0].observed_at >= self._every

    def _hear(self, notice: Notice) -> None:
        if notice.type is NoticeType.PIN_ENTRY_FINISHED and notice.konnektor == self._konnektor:
            self._touched.add(notice.handle)


def _nowhere_typed(inventory: Inventory, route: Route) -> bool:
    """True in a reader without a pad: nobody could open the card there, so nobody is told that it is closed."""
    reader = inventory.reader(route.reader)
    return reader is not None and not reader.pad

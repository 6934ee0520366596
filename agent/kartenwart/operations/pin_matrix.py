"""The state of every PIN in every context, asked afresh, and where each would be typed. Asks no person."""

import asyncio

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import AgentError, Failure, Reason
from kartenwart.domain.inventory import Card, Context, Pin, PinState, Terminal
from kartenwart.domain.pin_matrix import PadCertainty, PinCell, PinPad
from kartenwart.domain.pins import no_pad_for, pins_of
from kartenwart.domain.principals import Caller
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.people import People
from kartenwart.operations.pin_steps import PinTools
from kartenwart.operations.reach import Reach

AT_ONCE = 4
PATIENCE_SECONDS = 5.0
_Place = tuple[Card, Context, Pin]


class PinMatrix:
    """Asks; a cell that cannot be answered carries why, and does not spoil the others.

    A doctor's card at which somebody types or signs is waited for so many seconds (`patience`), and is busy then.
    """

    def __init__(
        self, *, contexts: Contexts, people: People, tools: PinTools, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._contexts = contexts
        self._people = people
        self._tools = tools
        self._patience = patience

    async def read(self, caller: Caller, user: str) -> tuple[PinCell, ...]:
        """Return a cell for each practice card in each context of the caller's scope, and for the HBA of `user`.

        A user who is bound to no card yet is asked for in all HBA. CallerError NOT_FOUND.
        """
        bound = self._people.get(user).card if user else ""
        limit = asyncio.Semaphore(AT_ONCE)
        met: dict[str, Failure] = {}

        async def cell(card: Card, context: Context, pin: Pin) -> PinCell:
            async with limit:
                return await self._cell(card, context, pin, user, met)

        return tuple(await asyncio.gather(*(cell(*place) for place in self._places(caller, user, bound))))

    def _places(self, caller: Caller, user: str, bound: str) -> list[_Place]:
        contexts = self._contexts.visible(caller)
        return [
            (card, context, pin)
            for card in self._tools.keeper.picture.inventory.cards
            for context in contexts
            for pin in sorted(pins_of(card.type))
            if _wanted(card, user, bound) and context.name in card.contexts and card.handle(context.konnektor)
        ]

    async def _cell(self, card: Card, context: Context, pin: Pin, user: str, met: dict[str, Failure]) -> PinCell:
        """Ask for one cell. What was `met` in another cell and stands in the way of this one too is not met again."""
        holder = user if card.type.is_person else ""
        pad, state = self._pad(card, context), None
        in_the_way = _in_the_way(card, context)
        trouble = next((met[thing] for thing in in_the_way.values() if thing in met), None)
        if trouble is None:
            try:
                state = await self._state(self._tools.cards.reach(card.name, context.name, holder), pin)
            except AgentError as error:
                trouble = error.failure
                if trouble.reason in in_the_way:
                    met[in_the_way[trouble.reason]] = trouble
        return PinCell(
            card=card.name, context=context.name, pin=pin, pad=pad, user=holder, state=state, failure=trouble
        )

    async def _state(self, reach: Reach, pin: Pin) -> PinState:
        async with self._tools.cards.turn(reach, seconds=self._patience):
            return await self._tools.memory.read(reach, pin)

    def _pad(self, card: Card, context: Context) -> PinPad:
        """Return where the PIN would be typed. That no pad is defined is learnt only when a PIN was asked for."""
        pads = self._tools.cards.pads
        nowhere = no_pad_for(card.type) or pads.nowhere(card, context)
        if nowhere is not None:
            return PinPad(certainty=PadCertainty.NOWHERE, failure=nowhere)
        pad = pads.pad(card, context)
        device = pad.device
        if device is None:
            return PinPad(certainty=PadCertainty.UNKNOWN)
        name, label = device.name, device.label
        if pad.sure and isinstance(device, Terminal) and not device.connected:
            gone = failure(Reason.TERMINAL_DISCONNECTED)
            return PinPad(certainty=PadCertainty.NOWHERE, terminal=name, terminal_label=label, failure=gone)
        certainty = PadCertainty.SURE if pad.sure else PadCertainty.EXPECTED
        return PinPad(certainty=certainty, terminal=name, terminal_label=label)


def _in_the_way(card: Card, context: Context) -> dict[Reason, str]:
    """Return what a trouble stands in the way of: all of a Konnektor, of a terminal (one that hangs), of a card."""
    return {
        Reason.KONNEKTOR_UNREACHABLE: context.konnektor,
        Reason.KONNEKTOR_SILENT: card.home(context.konnektor) or context.konnektor,
        Reason.CARD_BUSY: card.name,
    }


def _wanted(card: Card, user: str, bound: str) -> bool:
    if card.type.is_person:
        return bool(user) and bound in ("", card.name)
    return card.type.is_practice

"""Where PINs are typed: at a card's own terminal where that stands beside the workplace, else at the workplace's
remote PIN terminal (TUC_KON_051). No answer of a Konnektor tells which; it is learnt, and until then it is a guess.
"""

from dataclasses import dataclass

from kartenwart.domain.inventory import Card, Context, Inventory, Terminal
from kartenwart.domain.ports.konnektor import Notice, NoticeType
from kartenwart.operations.inventory import InventoryKeeper


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad:
    """Where a PIN is probably typed; `sure` where the Konnektor said so."""

    terminal: Terminal | None
    sure: bool = False


class Pads:
    """Learns per context and card terminal; after a boot nothing counts: the Konnektor may have been set up anew."""

    def __init__(self, keeper: InventoryKeeper) -> None:
        self._keeper = keeper
        self._heard: dict[tuple[str, str, str], str] = {}
        keeper.always_listening(self._hear)

    def pad(self, card: Card, context: Context) -> Pad:
        """Return where the card's PIN is typed when asked for in this context."""
        inventory = self._keeper.picture.inventory
        home = _home(card, context.konnektor)
        heard = self._heard.get((context.konnektor, context.name, home), "")
        if heard and (found := _terminal(inventory, heard)) is not None:
            return Pad(terminal=found, sure=True)
        own = _terminal(inventory, home)
        if own is None or context.workplace not in own.workplaces:
            return Pad(terminal=None)
        return Pad(terminal=own, sure=_beside(inventory, own, context))

    def heard(self, card: Card, context: Context, pad: Terminal) -> None:
        """Remember where the Konnektor asked for a PIN of this card, on a call of ours in this context."""
        self._heard[context.konnektor, context.name, _home(card, context.konnektor)] = pad.name

    def _hear(self, notice: Notice) -> None:
        if notice.type is NoticeType.BOOTED:
            self._heard = {place: pad for place, pad in self._heard.items() if place[0] != notice.konnektor}


def _home(card: Card, konnektor: str) -> str:
    return next((route.terminal for route in card.routes if route.konnektor == konnektor), "")


def _terminal(inventory: Inventory, name: str) -> Terminal | None:
    return next((one for one in inventory.terminals if one.name == name), None)


def _beside(inventory: Inventory, terminal: Terminal, context: Context) -> bool:
    """True where a patient's card in the same terminal may be used by this workplace: only local ones may."""
    return any(
        context.name in card.holder_contexts and any(route.terminal == terminal.name for route in card.routes)
        for card in inventory.cards
    )

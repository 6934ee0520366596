"""Where PINs are typed: at a card's own terminal where that stands beside the workplace, else at the workplace's
remote PIN terminal (TUC_KON_051). No answer of a Konnektor tells which; it is learnt, and until then it is a guess.
A card in one of the box's readers has that reader's pad, or none.
"""

from dataclasses import dataclass

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Failure, Reason
from kartenwart.domain.inventory import READERS, Card, Context, Inventory, Terminal
from kartenwart.domain.ports.observations import Notice, NoticeType
from kartenwart.domain.readers import Reader
from kartenwart.operations.inventory import InventoryKeeper

_Place = tuple[str, str, str]  # Konnektor, mandant, workplace: what the remote PIN terminal is configured for


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad:
    """Where a PIN is probably typed; `sure` where the Konnektor said so. `others` are further pads that it may be."""

    device: Terminal | Reader | None
    sure: bool = False
    others: frozenset[str] = frozenset()


class Pads:
    """Learns per workplace and card terminal; after a boot nothing counts: the Konnektor may have been set up anew.

    So nothing is kept over a restart either: an event tells the pad within a moment of the first entry, and until then
    a wrong memory would do more harm than a guess.
    """

    def __init__(self, keeper: InventoryKeeper) -> None:
        self._keeper = keeper
        self._heard: dict[_Place, dict[str, str]] = {}
        self._refused: dict[tuple[str, str], tuple[str, Failure]] = {}
        keeper.always_listening(self._hear)

    def pad(self, card: Card, context: Context) -> Pad:
        """Return where the card's PIN is typed when asked for in this context."""
        inventory = self._keeper.picture.inventory
        if context.at_readers:
            reader = inventory.reader(card.home(READERS))
            return Pad(device=reader if reader and reader.pad else None, sure=reader is not None)
        home = card.home(context.konnektor)
        heard = self._heard.get(_place(context), {})
        if (found := _terminal(inventory, heard.get(home, ""))) is not None:
            return Pad(device=found, sure=True)
        own, remote = _terminal(inventory, home), _terminal(inventory, _remote(heard))
        if own is not None and context.workplace in own.workplaces:
            if own is remote or _beside(inventory, own, context):
                return Pad(device=own, sure=True)
            return Pad(device=own, others=frozenset({remote.name} if remote else _reached(inventory, context)))
        return Pad(device=remote, others=frozenset() if remote else frozenset(_reached(inventory, context)))

    def missing(self, card: Card, context: Context) -> Failure | None:
        """Return why there is no pad at all: the card is in a reader of the box that has none."""
        reader = self._keeper.picture.inventory.reader(card.home(READERS)) if context.at_readers else None
        return failure(Reason.READER_WITHOUT_PAD) if reader is not None and not reader.pad else None

    def heard(self, card: Card, context: Context, pad: Terminal) -> None:
        """Remember where the Konnektor asked for a PIN of this card, on a call of ours in this context."""
        self._refused.pop((context.name, card.home(context.konnektor)), None)
        self._heard.setdefault(_place(context), {})[card.home(context.konnektor)] = pad.name

    def refused(self, card: Card, context: Context, why: Failure) -> None:
        """Remember that the Konnektor found no pad for a PIN of this card (4092, 4053, 4066); other reasons pass."""
        if why.reason is Reason.PIN_NO_TERMINAL:
            self._refused[context.name, card.home(context.konnektor)] = (context.konnektor, why)

    def nowhere(self, card: Card, context: Context) -> Failure | None:
        """Return why the card's PIN can be typed nowhere in this context, as the Konnektor last said; None untold."""
        if context.at_readers:
            return self.missing(card, context)
        return self._refused.get((context.name, card.home(context.konnektor)), ("", None))[1]

    def _hear(self, notice: Notice) -> None:
        if notice.type is NoticeType.BOOTED:
            self._refused = {place: why for place, why in self._refused.items() if why[0] != notice.konnektor}
            self._heard = {place: pads for place, pads in self._heard.items() if place[0] != notice.konnektor}


def _place(context: Context) -> _Place:
    return context.konnektor, context.mandant, context.workplace


def _terminal(inventory: Inventory, name: str) -> Terminal | None:
    return next((one for one in inventory.terminals if one.name == name), None)


def _remote(heard: dict[str, str]) -> str:
    """Return the workplace's remote PIN terminal, where a card elsewhere has shown it."""
    return next((pad for home, pad in heard.items() if pad != home), "")


def _reached(inventory: Inventory, context: Context) -> list[str]:
    """Return the terminals that the workplace reaches: its remote PIN terminal is one of them.

    All of the Konnektor where it tells of none.
    """
    mine = [one for one in inventory.terminals if one.konnektor == context.konnektor]
    return [one.name for one in mine if context.workplace in one.workplaces] or [one.name for one in mine]


def _beside(inventory: Inventory, terminal: Terminal, context: Context) -> bool:
    """True where a patient's card in the same terminal may be used by this workplace: only local ones may."""
    return any(
        context.name in card.holder_contexts and any(route.terminal == terminal.name for route in card.routes)
        for card in inventory.cards
    )

"""From names to a card within reach: which Konnektor, which handle, whose session, which pad."""

from collections.abc import Mapping
from dataclasses import dataclass

from kartenwart.domain.catalogue import failure, refused, wrong_field
from kartenwart.domain.failures import AgentError, Reason, WorldError
from kartenwart.domain.inventory import Card, Context, LinkState, Pin
from kartenwart.domain.ports.konnektor import CardCall, KonnektorPort
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.locks import CALLS_PER_PRACTICE_CARD, Claim, Claims
from kartenwart.operations.pads import Pad, Pads
from kartenwart.operations.people import People

PADS_PER_KONNEKTOR = 10_000  # more than any has


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A card as a context (and user) reaches it. `pad` is where its PIN is typed, as far as anyone can tell."""

    card: Card
    context: Context
    user: str
    call: CardCall
    port: KonnektorPort
    pad: Pad

    @property
    def card_claim(self) -> Claim:
        """Return the claim on the card: several calls at once for an SMC-B, one for every other card."""
        return Claim(key=self.card.name, capacity=CALLS_PER_PRACTICE_CARD if self.card.type.is_practice else 1)

    def pin_claim(self, pin: Pin) -> Claim:
        """Return the claim on a PIN: one entry at a time, at whichever pad, since all spend the card's one counter."""
        return Claim(key=f"{self.card.name} {pin.counter.reference}")

    @property
    def pad_claims(self) -> Claims:
        """Return the claims on the pad. Where it is a guess it may be any: that entry has a Konnektor's pads alone."""
        own = (Claim(key=self.pad.terminal.name),) if self.pad.terminal else ()
        takes = 1 if self.pad.sure else PADS_PER_KONNEKTOR
        return (*own, Claim(key=f"pads of {self.context.konnektor}", capacity=PADS_PER_KONNEKTOR, takes=takes))


class Cards:
    """Finds cards for operations; `pads` knows where their PINs are typed."""

    def __init__(
        self,
        *,
        keeper: InventoryKeeper,
        contexts: Contexts,
        people: People,
        konnektors: Mapping[str, KonnektorPort],
    ) -> None:
        self._keeper = keeper
        self._contexts = contexts
        self._people = people
        self._konnektors = konnektors
        self.pads = Pads(keeper)

    def reach(self, card: str, context: str, user: str) -> Reach:
        """Return the card as this context reaches it.

        CallerError NOT_FOUND (card, context or user), CARD_TYPE_WRONG (neither SMC-B nor HBA), INVALID_ARGUMENT (an
        HBA without a user); WorldError where nobody knows yet: its Konnektor has told nothing since the start, or has
        just told of the card's insertion in another context, and the poll that confirms it is on its way.
        """
        chosen = self._contexts.get(context)
        found = self._keeper.picture.inventory.card(card)
        handle = found.handle(chosen.konnektor) if found else ""
        if found is None or context not in found.contexts or not handle:
            raise self._not_seen(chosen.konnektor, found)
        if not (found.type.is_practice or found.type.is_person):
            raise refused(Reason.CARD_TYPE_WRONG)
        session = user if found.type.is_person else ""
        if found.type.is_person and not user:
            raise wrong_field("user", "Für einen Heilberufsausweis muss die Person genannt werden.")
        user_id = self._people.get(session).konnektor_user_id if session else ""
        return Reach(
            card=found,
            context=chosen,
            user=session,
            call=CardCall(context=chosen, handle=handle, card_type=found.type, user_id=user_id),
            port=self._konnektors[chosen.konnektor],
            pad=self.pads.pad(found, chosen),
        )

    def _not_seen(self, konnektor: str, found: Card | None) -> AgentError:
        """Return why a card is not there: before a poll has looked that is nobody's mistake, and passes."""
        asked = self._keeper.picture.inventory.konnektor(konnektor)
        hinted = found is not None and not found.confirmed and bool(found.handle(konnektor))
        if asked is None or (asked.last_confirmed is not None and not hinted):
            return refused(Reason.NOT_FOUND)
        down = asked.condition if asked.link_state is not LinkState.UP else None
        return WorldError(down or failure(Reason.AGENT_UNAVAILABLE), sent=False)

    def still_there(self, reach: Reach) -> bool:
        """True while the card is known by the same handle; a new handle is another insertion."""
        card = self._keeper.picture.inventory.card(reach.card.name)
        return card is not None and card.handle(reach.context.konnektor) == reach.call.handle

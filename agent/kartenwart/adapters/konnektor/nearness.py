"""Which workplaces have an eGK beside them: those for which the Konnektor lets it be used.

GetCardTerminals lists the workplaces of a terminal without saying which of them only reach it from afar, and GetCards
lists a patient's card to all of them. But an eGK may be used from a local workplace alone: asked for the one card, the
Konnektor refuses the others with 4016 (TUC_KON_000, rule R5).
"""

from collections.abc import Iterable

from kartenwart.adapters.konnektor.link import Link, call_context
from kartenwart.codecs.soap.inventory import CardEntry, get_card
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType, Context

NOT_LOCAL = 4016
_LINK_TROUBLE = (
    Reason.KONNEKTOR_UNREACHABLE,
    Reason.KONNEKTOR_SILENT,
    Reason.KONNEKTOR_CERTIFICATE_UNTRUSTED,
    Reason.KONNEKTOR_CREDENTIALS_REFUSED,
)


class Nearness:
    """Asks once per insertion and context; what is unclear counts as far, and is asked again."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._known: dict[tuple[str, str], bool] = {}

    async def of(self, context: Context, cards: Iterable[CardEntry]) -> frozenset[str]:
        """Return the handles of the eGKs among these cards that the context's workplace has beside it.

        Drops what it knew of cards that are gone. Raises WorldError where the link itself is in trouble.
        """
        handles = [card.handle for card in cards if card.type is CardType.EGK]
        for place in [place for place in self._known if place[0] == context.name and place[1] not in handles]:
            del self._known[place]
        return frozenset([handle for handle in handles if await self._near(context, handle)])

    async def _near(self, context: Context, handle: str) -> bool:
        known = self._known.get((context.name, handle))
        if known is not None:
            return known
        try:
            await self._link.call(get_card(call_context(context), handle), context)
        except WorldError as error:
            if error.failure.reason in _LINK_TROUBLE:
                raise
            if error.failure.konnektor_code == NOT_LOCAL:
                self._known[context.name, handle] = False
            return False
        self._known[context.name, handle] = True
        return True

"""Which workplaces have an eGK beside them: those for which the Konnektor lets it be used.

GetCardTerminals lists the workplaces of a terminal without saying which of them only reach it from afar, and GetCards
lists a patient's card to all of them. But an eGK may be used from a local workplace alone: asked for the one card, the
Konnektor refuses the others with 4016 (TUC_KON_000, rule R5).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kartenwart.adapters.konnektor.link import Link, call_context
from kartenwart.codecs.soap.inventory import CardEntry, get_card
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType, Context

NOT_LOCAL = 4016
MOST_RESTS = 16
_LINK_TROUBLE = (
    Reason.KONNEKTOR_UNREACHABLE,
    Reason.KONNEKTOR_SILENT,
    Reason.KONNEKTOR_CERTIFICATE_UNTRUSTED,
    Reason.KONNEKTOR_CREDENTIALS_REFUSED,
)


@dataclass(slots=True)
class _Doubt:
    """What could not be found out: for `rests` more polls nobody is asked, and for `next_rests` after the next time."""

    rests: int = 0
    next_rests: int = 1


class Nearness:
    """Asks once per insertion and context; what is unclear counts as far, and is asked again, ever more seldom."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._known: dict[tuple[str, str], bool] = {}
        self._doubts: dict[tuple[str, str], _Doubt] = {}

    def forget(self) -> None:
        """Know nothing any more: after a boot a handle may be another card's."""
        self._known.clear()
        self._doubts.clear()

    async def of(self, context: Context, cards: Iterable[CardEntry]) -> frozenset[str]:
        """Return the handles of the eGKs among these cards that the context's workplace has beside it.

        Drops what it knew of cards that are gone. Raises WorldError where the link itself is in trouble.
        """
        handles = [card.handle for card in cards if card.type is CardType.EGK]
        for places in (self._known, self._doubts):
            for place in [place for place in places if place[0] == context.name and place[1] not in handles]:
                del places[place]
        return frozenset([handle for handle in handles if await self._near(context, handle)])

    async def _near(self, context: Context, handle: str) -> bool:
        place = (context.name, handle)
        if (known := self._known.get(place)) is not None:
            return known
        if (doubt := self._doubts.get(place)) is not None and doubt.rests:
            doubt.rests -= 1
            return False
        try:
            await self._link.call(get_card(call_context(context), handle), context)
        except WorldError as error:
            if error.failure.reason in _LINK_TROUBLE:
                raise
            if error.failure.konnektor_code == NOT_LOCAL:
                self._known[place] = False
            else:
                self._doubted(place)
            return False
        self._known[place] = True
        return True

    def _doubted(self, place: tuple[str, str]) -> None:
        """Twenty contexts and ten cards would be two hundred calls with each poll."""
        doubt = self._doubts.get(place)
        if doubt is None:
            self._doubts[place] = _Doubt()
        else:
            doubt.rests = doubt.next_rests
            doubt.next_rests = min(MOST_RESTS, 2 * doubt.next_rests)

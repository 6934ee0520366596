"""A recognised card: its type and the link to it."""

from dataclasses import dataclass, replace

from kartenwart.cards.link import CardLink
from kartenwart.cards.processors import pace
from kartenwart.domain.inventory import CardType

# Bytes of plain answer that fit, secured, into the shortest buffer of a published object system (1033).
_SECURED_ANSWER = 990


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card in a reader, from its insertion to its removal or reset.

    `secured`: its link is a PACE channel. A pad sends its commands beside it, so that no PIN can be typed then.
    """

    type: CardType
    link: CardLink
    secured: bool = False

    def secure(self, can: str, draw: pace.Draw = pace.draw_scalar) -> "Card":
        """Return the card behind a PACE channel, as a contactless interface demands; `can` as printed on the card."""
        lengths = self.link.lengths
        channel = pace.open_channel(self.link.channel, can, extended=lengths.extended, draw=draw)
        answer = min(lengths.answer or _SECURED_ANSWER, _SECURED_ANSWER)
        return replace(self, link=CardLink(channel, replace(lengths, answer=answer)), secured=True)

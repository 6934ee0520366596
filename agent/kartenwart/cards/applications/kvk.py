"""A KVK: a memory card as readers show it, by SELECT and READ BINARY. Tried on no real card."""

from kartenwart.cards import object_systems
from kartenwart.cards.card import Card
from kartenwart.cards.refusal import decoding
from kartenwart.codecs import tlv
from kartenwart.codecs.kvk import TEMPLATE
from kartenwart.codecs.malformed import MalformedError
from kartenwart.domain.catalogue import halted
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import CardType


class Kvk:
    """The template with person and insurer; codecs/kvk.py reads it."""

    def __init__(self, card: Card) -> None:
        if card.type is not CardType.KVK:
            raise halted(Reason.CARD_TYPE_WRONG)
        self._link = card.link
        self._link.select(object_systems.KVK)

    def template(self) -> bytes:
        """Return the template verbatim, without what may stand behind it."""
        data = self._link.read_current()
        with decoding():
            if tlv.read_first(data)[0].tag != TEMPLATE:
                raise MalformedError("no template of a KVK")
            return data[: tlv.size_of_first(data)]

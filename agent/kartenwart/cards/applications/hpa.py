"""HPA of an HBA: data of the health professional."""

from kartenwart.cards import object_systems
from kartenwart.cards.card import Card
from kartenwart.domain.catalogue import halted
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import CardType


class Hpa:
    """EF.HPD as its issuer filled it, often not at all; its layout stands in no source of ours."""

    def __init__(self, card: Card) -> None:
        if card.type is not CardType.HBA:
            raise halted(Reason.CARD_TYPE_WRONG)
        self._link = card.link
        self._link.select(object_systems.HPA)

    def data(self) -> bytes:
        """Return EF.HPD as it is."""
        return self._link.read(object_systems.EF_HPD)

"""KT of a gSMC-KT: the identity of a card terminal, C.SMKT.AUT. No public object system exists (reference 2.2)."""

from kartenwart.cards import object_systems
from kartenwart.cards.card import Card
from kartenwart.cards.signing import SigningApplication
from kartenwart.domain.inventory import CardType


class Kt(SigningApplication):
    """The terminal's certificates."""

    def __init__(self, card: Card) -> None:
        super().__init__(card, object_systems.TERMINAL if card.type is CardType.SMC_KT else None)

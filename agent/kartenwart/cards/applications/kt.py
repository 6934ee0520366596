"""KT of a gSMC-KT: the identity of a card terminal, C.SMKT.AUT. No public object system exists (reference 2.2)."""

from kartenwart.cards import object_systems
from kartenwart.cards.card import Card
from kartenwart.cards.signing import SigningApplication
from kartenwart.domain.inventory import CardType


class Kt(SigningApplication):
    """The terminal's certificates."""

    def __init__(self, card: Card) -> None:
        has_it = card.type is CardType.SMC_KT
        super().__init__(card, object_systems.SIGNING_APPLICATIONS.get(card.type) if has_it else None)

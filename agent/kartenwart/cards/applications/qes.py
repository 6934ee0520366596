"""QES of an HBA: qualified signatures, for laboratories (no legal statement is made on them)."""

from kartenwart.cards import object_systems
from kartenwart.cards.card import Card
from kartenwart.cards.signing import SigningApplication
from kartenwart.domain.inventory import CardType


class Qes(SigningApplication):
    """PIN.QES lies in this application: one VERIFY is good for 250 signatures while it stays selected."""

    def __init__(self, card: Card) -> None:
        super().__init__(card, object_systems.QUALIFIED if card.type is CardType.HBA else None)

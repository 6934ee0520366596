"""ESIGN of an eGK, HBA or SMC-B: C.AUT, C.ENC, and C.SIG (of an SMC-B: C.OSIG)."""

from kartenwart.cards import object_systems
from kartenwart.cards.card import Card
from kartenwart.cards.signing import SigningApplication


class Esign(SigningApplication):
    """Signatures need PIN.SMC or PIN.CH; those of an eGK need MRPIN.home, which is no PIN that the agent asks for."""

    def __init__(self, card: Card) -> None:
        super().__init__(card, object_systems.ESIGN_OF.get(card.type))

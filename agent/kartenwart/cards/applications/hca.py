"""HCA of an eGK: insurance data, for laboratories and diagnosis (no VSDM, no proof, not for billing)."""

from kartenwart.cards import object_systems
from kartenwart.cards.card import Card
from kartenwart.cards.outcomes import Asked
from kartenwart.cards.refusal import CardRefusal, decoding
from kartenwart.codecs import card_files
from kartenwart.codecs.card_files import StatusFile
from kartenwart.domain.catalogue import halted
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import CardType
from kartenwart.domain.patients import ContainerKind

_SECURITY_STATUS = 0x6982


class Hca:
    """Containers verbatim; codecs/vsd.py reads them. CARD_INVALID where the insurer has locked the application."""

    def __init__(self, card: Card) -> None:
        if card.type is not CardType.EGK:
            raise halted(Reason.CARD_TYPE_WRONG)
        self._link = card.link
        self._link.select(object_systems.HCA)

    def containers(self) -> dict[ContainerKind, bytes]:
        """Return person and insurance; protected data only where the card gives it: that takes an SMC-B's role."""
        with decoding():
            person = card_files.read_container(self._link.read(object_systems.EF_PD))
            insurance = card_files.read_vd(self._link.read(object_systems.EF_VD))
            protected = self._protected() or insurance.protected
        found = {ContainerKind.PERSONAL: person, ContainerKind.INSURANCE: insurance.insurance}
        return found | ({ContainerKind.PROTECTED: protected} if protected else {})

    def status(self) -> StatusFile:
        """Return EF.StatusVD."""
        with decoding():
            return card_files.read_status(self._link.read(object_systems.EF_STATUS_VD))

    def _protected(self) -> bytes | None:
        try:
            return card_files.read_container(self._link.read(object_systems.EF_GVD, Asked.FILE))
        except CardRefusal as refusal:
            if refusal.word != _SECURITY_STATUS:
                raise
            return None

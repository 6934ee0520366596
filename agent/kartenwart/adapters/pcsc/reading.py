"""What is read of a card after its insertion, in the reader's thread."""

from dataclasses import dataclass, field
from datetime import date

from cryptography import x509

from kartenwart.adapters.pcsc.slot import Slot
from kartenwart.cards import object_systems
from kartenwart.cards.applications.esign import Esign
from kartenwart.cards.applications.kt import Kt
from kartenwart.cards.applications.master_file import MasterFile
from kartenwart.cards.applications.qes import Qes
from kartenwart.cards.card import Card
from kartenwart.cards.signing import SigningApplication
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm

_UNREADABLE = (ValueError, TypeError, x509.InvalidVersion)
_NO_CERTIFICATE = (Reason.CERTIFICATE_MISSING, Reason.CERTIFICATE_RSA_ONLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A card: type, ICCSN (20 digits, empty for cards that are none of the TI), last day of C.AUT."""

    type: CardType
    iccsn: str = field(default="", repr=False)
    certificate_expiry: date | None = None


def read_facts(slot: Slot, insertion: int) -> Facts:
    """Read what every card of the TI says without a PIN."""
    with slot.card(insertion) as card:
        if card.type not in object_systems.MASTER_FILES:
            return Facts(type=card.type)
        return Facts(type=card.type, iccsn=MasterFile(card).iccsn(), certificate_expiry=_expiry(card))


def opened(card: Card, reference: CertificateReference) -> SigningApplication:
    """Open the application in which a certificate lies."""
    if card.type is CardType.SMC_KT:
        return Kt(card)
    return Qes(card) if reference is CertificateReference.QES else Esign(card)


def last_day(der: bytes) -> date | None:
    """Return the last day of a certificate; None where it cannot be read: the card may do its work all the same."""
    try:
        return x509.load_der_x509_certificate(der).not_valid_after_utc.date()
    except _UNREADABLE:
        return None


def _expiry(card: Card) -> date | None:
    """Return the last day of C.AUT; None where the card has none that can be read."""
    session = opened(card, CertificateReference.AUT)
    for algorithm in (KeyAlgorithm.ECC, KeyAlgorithm.RSA):
        try:
            return last_day(session.certificate(CertificateReference.AUT, algorithm))
        except WorldError as error:
            if error.failure.reason not in _NO_CERTIFICATE:
                raise
    return None

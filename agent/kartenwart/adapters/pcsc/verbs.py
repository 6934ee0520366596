"""What is done with a card in a reader, in the reader's thread."""

from contextlib import ExitStack

from kartenwart.adapters.pcsc.pad import ReaderPad
from kartenwart.adapters.pcsc.reader_thread import Gate
from kartenwart.adapters.pcsc.reading import opened
from kartenwart.adapters.pcsc.slot import Slot
from kartenwart.cards.applications.master_file import MasterFile
from kartenwart.cards.card import Card
from kartenwart.cards.passwords import Passwords
from kartenwart.cards.refusal import before_the_verb
from kartenwart.cards.signing import as_der
from kartenwart.domain.catalogue import halted
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm, Pin
from kartenwart.domain.jobs import PinOutcome, VerifyPinResult
from kartenwart.domain.ports.card_keys import AuthenticateOrder
from kartenwart.domain.ports.cards import PinReading, PinWish


def pin_status(slot: Slot, insertion: int, pin: Pin) -> PinReading:
    """Ask for the state of a PIN."""
    with slot.card(insertion) as card:
        return Passwords(card).status(pin)


def certificate(slot: Slot, insertion: int, reference: CertificateReference, algorithm: KeyAlgorithm) -> bytes:
    """Return a certificate, DER. CERTIFICATE_MISSING, CERTIFICATE_RSA_ONLY."""
    with slot.card(insertion) as card:
        return opened(card, reference).certificate(reference, algorithm)


def pin_verb(slot: Slot, insertion: int, iccsn: str, wish: PinWish, gate: Gate) -> VerifyPinResult:
    """Let a person type at the reader's pad, once; a PIN that is verified then keeps the card under power."""
    with ExitStack() as stack:
        with before_the_verb():
            card = the_same(stack, slot, insertion, iccsn)
        result = Passwords(card).carry_out(wish, ReaderPad(slot.control, slot.abilities, gate))
        if result.outcome is PinOutcome.VERIFIED:
            slot.keep()
    return result


def authenticate(slot: Slot, insertion: int, iccsn: str, order: AuthenticateOrder, gate: Gate) -> bytes:
    """Let the card sign a hash with C.AUT, once; ECDSA as DER."""
    with ExitStack() as stack:
        with before_the_verb():
            session = opened(the_same(stack, slot, insertion, iccsn), CertificateReference.AUT)
        gate()
        signature = session.sign(CertificateReference.AUT, order.scheme, order.digest)
    return as_der(signature) if order.scheme.is_ecdsa else signature


def the_same(stack: ExitStack, slot: Slot, insertion: int, iccsn: str) -> Card:
    """Have the card until the stack ends; CARD_REMOVED unless it still says the number that it said at first.

    No try of a PIN is ever spent on a card that nobody meant, whatever pcscd has counted.
    """
    card = stack.enter_context(slot.card(insertion))
    if not iccsn:
        raise halted(Reason.CARD_TYPE_WRONG)
    if MasterFile(card).iccsn() != iccsn:
        raise halted(Reason.CARD_REMOVED)
    return card

"""What a reader does in a laboratory only, in the reader's thread: insurance data and qualified signatures.

No VSDM, no proof, not for billing; no statement on the legal validity of a signature.
"""

from collections.abc import Sequence
from contextlib import ExitStack

from kartenwart.adapters.pcsc.pad import ReaderPad
from kartenwart.adapters.pcsc.reader_thread import Gate
from kartenwart.adapters.pcsc.slot import Slot
from kartenwart.adapters.pcsc.verbs import the_same
from kartenwart.cards.applications.hca import Hca
from kartenwart.cards.applications.kvk import Kvk
from kartenwart.cards.applications.qes import Qes
from kartenwart.cards.passwords import Passwords
from kartenwart.cards.refusal import before_the_verb
from kartenwart.cards.signing import as_der
from kartenwart.codecs import card_data
from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.failures import WorldError
from kartenwart.domain.inventory import CardType, CertificateReference, Pin
from kartenwart.domain.jobs import PinVerb
from kartenwart.domain.patients import CardData, VsdStatus
from kartenwart.domain.pins import failure_of
from kartenwart.domain.ports.cards import PinWish


def insurance_data(slot: Slot, insertion: int) -> CardData:
    """Read an eGK or KVK; protected data only where the card gives it. Its zone of time is known from no source."""
    with slot.card(insertion) as card:
        if card.type is CardType.KVK:
            return card_data.read_kvk(Kvk(card).template())
        session = Hca(card)
        containers, status = session.containers(), session.status()
    said = VsdStatus(open_transactions=status.open_transactions, updated_at=None, version=status.version)
    return card_data.read_containers(containers, said)


def sign_qualified(
    slot: Slot, insertion: int, iccsn: str, scheme: SignatureScheme, digests: Sequence[bytes], gate: Gate
) -> tuple[bytes, ...]:
    """Let a person type PIN.QES once, and the card sign each hash; ECDSA as DER. What cannot be finished is discarded.

    WorldError PIN_REJECTED, PIN_BLOCKED, PIN_ABORTED, PIN_TIMED_OUT with `sent`, as in a Konnektor's answer.
    """
    with ExitStack() as stack:
        with before_the_verb():
            card = the_same(stack, slot, insertion, iccsn)
            Qes(card)
        wish = PinWish(verb=PinVerb.VERIFY, pin=Pin.QES)
        refusal = failure_of(Passwords(card).carry_out(wish, ReaderPad(slot.control, slot.abilities, gate)))
        if refusal is not None:
            raise WorldError(refusal)
        session = Qes(card)
        signatures = tuple(session.sign(CertificateReference.QES, scheme, digest) for digest in digests)
    return tuple(as_der(signature) for signature in signatures) if scheme.is_ecdsa else signatures

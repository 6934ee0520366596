"""Whose card works for whom, and whether it may: what all work with a card's own keys needs first."""

from dataclasses import dataclass

from kartenwart.domain.catalogue import failure, halted, refused
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardCertificate, CertificateReference, KeyAlgorithm, Pin, PinStatus
from kartenwart.domain.pins import refusal_before_entry
from kartenwart.domain.ports.vault import CertificateReader
from kartenwart.domain.principals import Caller, Role
from kartenwart.operations.people import People
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.reach import Cards, Reach

_NO_ECC = frozenset({Reason.CERTIFICATE_RSA_ONLY, Reason.CERTIFICATE_MISSING})


@dataclass(frozen=True, slots=True, kw_only=True)
class CardKeys:
    """Cards with keys of their own: SMC-B for everybody who may work, an HBA for the user who is bound to it."""

    cards: Cards
    people: People
    memory: PinMemory
    reader: CertificateReader

    def reach(self, caller: Caller, card: str, context: str, user: str) -> Reach:
        """Return the card; CallerError also ROLE_MISSING and USER_NOT_BOUND, as for signatures."""
        reach = self.cards.reach(card, context, user)
        if reach.card.type.is_person:
            if caller.role is not Role.SIGNER:
                raise refused(Reason.ROLE_MISSING)
            if self.people.get(user).card != reach.card.name:
                raise refused(Reason.USER_NOT_BOUND)
        return reach

    async def require_unlocked(self, reach: Reach) -> None:
        """Read the PIN's state; WorldError unless the card is still there and PIN.SMC or PIN.CH is verified."""
        if not self.cards.still_there(reach):
            raise halted(Reason.CARD_REMOVED)
        reading = await self.memory.read(reach, Pin.CH if reach.card.type.is_person else Pin.SMC)
        if reading.status is not PinStatus.VERIFIED:
            refusal = refusal_before_entry(reading.status, reading.attempts_left, accept_last=True, accept_unknown=True)
            raise WorldError(refusal or failure(Reason.PIN_NOT_VERIFIED), sent=False)

    async def certificate(
        self, reach: Reach, reference: CertificateReference, algorithm: KeyAlgorithm | None
    ) -> CardCertificate:
        """Return a certificate of a kind, of any kind ECC first; WorldError CERTIFICATE_MISSING, CERTIFICATE_RSA_ONLY.

        A Konnektor that cannot be asked for a kind gives what it has, so what came is looked at.
        """
        try:
            der = await reach.port.read_certificate(reach.call, reference, algorithm or KeyAlgorithm.ECC)
        except WorldError as error:
            if algorithm is not None or error.failure.reason not in _NO_ECC:
                raise
            der = await reach.port.read_certificate(reach.call, reference, KeyAlgorithm.RSA)
        found = self.reader.decode(reference, der)
        if algorithm not in (None, found.algorithm):
            raise halted(Reason.CERTIFICATE_MISSING)
        return found

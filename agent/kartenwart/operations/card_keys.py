"""Whose card works for whom, and whether it may: what all work with a card's own keys needs first."""

from dataclasses import dataclass, replace
from datetime import date

from kartenwart.domain.catalogue import failure, halted
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import Failure, Owner, Reason, WorldError
from kartenwart.domain.inventory import CardCertificate, CertificateReference, KeyAlgorithm
from kartenwart.domain.ports.vault import CertificateReader
from kartenwart.domain.principals import Caller
from kartenwart.operations.card_certificates import read_ecc_first
from kartenwart.operations.people import People
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.reach import Cards, Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class CardKeys:
    """Cards with keys of their own: SMC-B for everybody who may work, an HBA for the user who is bound to it."""

    cards: Cards
    people: People
    memory: PinMemory
    reader: CertificateReader
    clock: Clock
    rsa_until: date

    def reach(self, caller: Caller, card: str, context: str, user: str) -> Reach:
        """Return the card; CallerError also ROLE_MISSING and USER_NOT_BOUND, as for signatures."""
        reach = self.cards.reach(card, context, user)
        self.people.require_own_card(caller, user, reach.card)
        return reach

    async def require_unlocked(self, reach: Reach) -> None:
        """Read the PIN's state; WorldError unless the card is still there and PIN.SMC or PIN.CH is verified."""
        if not self.cards.still_there(reach):
            raise halted(Reason.CARD_REMOVED)
        await self.memory.require_verified(reach)

    async def certificate(
        self, reach: Reach, reference: CertificateReference, algorithm: KeyAlgorithm | None
    ) -> CardCertificate:
        """Return a certificate of a kind, of any kind ECC first; WorldError CERTIFICATE_MISSING, CERTIFICATE_RSA_ONLY.

        A Konnektor that cannot be asked for a kind gives what it has, so what came is looked at. After `rsa_until` no
        RSA key is taken.
        """
        der = await read_ecc_first(reach.port, reach.call, reference, algorithm)
        found = self.reader.decode(reference, der)
        if algorithm not in (None, found.algorithm):
            raise halted(Reason.CERTIFICATE_MISSING)
        if found.algorithm is KeyAlgorithm.RSA and self.clock.now().date() > self.rsa_until:
            raise WorldError(self._too_old(chosen=algorithm is not None), sent=False)
        return found

    def _too_old(self, *, chosen: bool) -> Failure:
        """Return why nothing is signed with RSA any more; a card may have ECC keys beside those that were `chosen`."""
        said = failure(Reason.CERTIFICATE_RSA_ONLY)
        if not chosen:
            return said
        return replace(
            said,
            title=f"Mit RSA-Schlüsseln wird hier nur bis {self.rsa_until:%d.%m.%Y} signiert; dieser Tag ist vorbei.",
            next_step="Bitte im Programm ECDSA wählen; hat die Karte nur RSA-Schlüssel, eine neue bestellen.",
            owner=Owner.SOFTWARE_VENDOR,
        )

"""One look at all certificates that a context sees: expiries in one call, then the key and admission of each card."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime

from kartenwart.domain.certificates import Bearer, CertificateState
from kartenwart.domain.failures import AgentError, Failure, Reason, WorldError
from kartenwart.domain.inventory import (
    Card,
    CardCertificate,
    CertificateReference,
    Context,
    Inventory,
    KeyAlgorithm,
    Terminal,
)
from kartenwart.domain.ports.cards import CardCall
from kartenwart.domain.ports.konnektor import KonnektorPort
from kartenwart.domain.ports.observations import ObservedExpiration
from kartenwart.domain.ports.vault import CertificateReader
from kartenwart.operations.card_certificates import read_ecc_first
from kartenwart.operations.reach import Cards


@dataclass(slots=True, kw_only=True)
class Look:
    """The work of one look; `now` is when. Each card is asked in its turn, so that nobody at a pad is disturbed."""

    context: Context
    seen: Inventory
    cards: Cards
    port: KonnektorPort
    reader: CertificateReader
    now: datetime
    _listed: tuple[ObservedExpiration, ...] = ()
    _trouble: Failure | None = None

    async def states(self) -> tuple[CertificateState, ...]:
        """Return gSMC-K, gSMC-KTs and the cards of practice and people; what nobody told is None in them."""
        try:
            self._listed = await self.port.expirations(self.context)
        except WorldError as error:
            self._trouble = error.failure
        terminals = [one for one in self.seen.terminals if one.konnektor == self.context.konnektor and one.physical]
        cards = [card for card in self.seen.cards if card.type.is_practice or card.type.is_person]
        reachable = [card for card in cards if card.handle(self.context.konnektor)]
        looked = await asyncio.gather(*(self._card(card) for card in reachable))
        return (self._konnektor(), *(self._terminal(one) for one in terminals), *looked)

    def _konnektor(self) -> CertificateState:
        found = next((one.valid_until for one in self._listed if not one.ct_id and not one.handle), None)
        return CertificateState(
            bearer=Bearer.KONNEKTOR,
            konnektor=self.context.konnektor,
            valid_until=found,
            trouble=self._trouble,
            checked_at=self.now,
        )

    def _terminal(self, terminal: Terminal) -> CertificateState:
        own = (one.valid_until for one in self._listed if one.device and one.ct_id == terminal.ct_id)
        return CertificateState(
            bearer=Bearer.TERMINAL,
            konnektor=self.context.konnektor,
            terminal=terminal.name,
            label=terminal.label or terminal.ct_id,
            valid_until=next(own, None),
            trouble=self._trouble,
            checked_at=self.now,
        )

    async def _card(self, card: Card) -> CertificateState:
        handle = card.handle(self.context.konnektor)
        algorithm, certificate, trouble = await self._told(card)
        return CertificateState(
            bearer=Bearer.CARD,
            konnektor=self.context.konnektor,
            terminal=next(one.terminal for one in card.routes if one.handle == handle),
            card=card.name,
            card_type=card.type,
            label=card.holder,
            looks_at_key=True,
            algorithm=algorithm,
            valid_until=self._last_day(card, handle, certificate),
            telematik_id=certificate.telematik_id if certificate else "",
            profession_oids=certificate.profession_oids if certificate else (),
            trouble=trouble,
            checked_at=self.now,
        )

    async def _told(self, card: Card) -> tuple[KeyAlgorithm | None, CardCertificate | None, Failure | None]:
        """Return the kind of key, the certificate and what went wrong; nobody is asked where the list failed."""
        if self._trouble is not None:
            return None, None, self._trouble
        try:
            reach = self.cards.inserted(card.name, self.context.name)
            async with self.cards.turn(reach):
                return await self._asked(reach.call)
        except AgentError as error:
            return None, None, error.failure

    async def _asked(self, call: CardCall) -> tuple[KeyAlgorithm | None, CardCertificate | None, Failure | None]:
        algorithm, untold = await self._kind(call.handle)
        try:
            certificate = await self._read(call, algorithm)
        except WorldError as error:
            return algorithm, None, untold or error.failure
        if algorithm is None and certificate.algorithm is KeyAlgorithm.ECC:
            return KeyAlgorithm.ECC, certificate, None
        return algorithm, certificate, untold

    async def _kind(self, handle: str) -> tuple[KeyAlgorithm | None, Failure | None]:
        """Ask whether the card has ECC keys (4258 says that it has none)."""
        try:
            await self.port.expirations(self.context, handle, KeyAlgorithm.ECC)
        except WorldError as error:
            rsa = error.failure.reason is Reason.CERTIFICATE_RSA_ONLY
            return (KeyAlgorithm.RSA if rsa else None), error.failure
        return KeyAlgorithm.ECC, None

    async def _read(self, call: CardCall, algorithm: KeyAlgorithm | None) -> CardCertificate:
        """Read C.AUT; where the kind of key is not known, ECC first."""
        reference = CertificateReference.AUT
        return self.reader.decode(reference, await read_ecc_first(self.port, call, reference, algorithm))

    def _last_day(self, card: Card, handle: str, certificate: CardCertificate | None) -> date | None:
        listed = next((one.valid_until for one in self._listed if one.handle == handle), None)
        read = certificate.not_after.date() if certificate else None
        return listed or read or card.certificate_expiry

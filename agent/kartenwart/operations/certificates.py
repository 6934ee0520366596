"""Certificates of SMC-B and HBA: ECC first, RSA only where the card has nothing else and nobody signs with it."""

from kartenwart.domain.inventory import CardCertificate, CertificateReference, KeyAlgorithm
from kartenwart.domain.ports.vault import CertificateReader
from kartenwart.domain.principals import Caller
from kartenwart.operations.card_certificates import read_ecc_first
from kartenwart.operations.reach import Cards


class Certificates:
    """Reads certificates through the Konnektor."""

    def __init__(self, *, cards: Cards, reader: CertificateReader) -> None:
        self._cards = cards
        self._reader = reader

    async def read(
        self,
        _caller: Caller,
        card: str,
        context: str,
        reference: CertificateReference,
        algorithm: KeyAlgorithm | None,
        user: str,
    ) -> CardCertificate:
        """Return a certificate; without an algorithm ECC, or RSA where the card has no ECC.

        CallerError NOT_FOUND, CARD_TYPE_WRONG (a patient's card); WorldError CERTIFICATE_MISSING, CARD_REMOVED ...
        """
        reach = self._cards.reach(card, context, user)
        async with self._cards.turn(reach):
            der = await read_ecc_first(reach.port, reach.call, reference, algorithm)
        return self._reader.decode(reference, der)

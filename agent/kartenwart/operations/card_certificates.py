"""Certificates of cards as they were read: they do not change while a card is in its slot, and reading takes time."""

from collections import OrderedDict

from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm
from kartenwart.domain.ports.cards import CardCall, CardPort
from kartenwart.domain.ports.observations import Notice, NoticeType
from kartenwart.operations.inventory import InventoryKeeper

REMEMBERED = 256
_NO_ECC = frozenset({Reason.CERTIFICATE_RSA_ONLY, Reason.CERTIFICATE_MISSING})

_Key = tuple[str, str, CertificateReference, KeyAlgorithm]


async def read_ecc_first(
    port: CardPort, call: CardCall, reference: CertificateReference, algorithm: KeyAlgorithm | None
) -> bytes:
    """Return a certificate, DER, of the kind that is named; of any kind (None) ECC, RSA where the card has no ECC."""
    try:
        return await port.read_certificate(call, reference, algorithm or KeyAlgorithm.ECC)
    except WorldError as error:
        if algorithm is not None or error.failure.reason not in _NO_ECC:
            raise
    return await port.read_certificate(call, reference, KeyAlgorithm.RSA)


class CardCertificates:
    """Reads each certificate once per insertion; after a boot nothing counts, since a handle may be another card's."""

    def __init__(self, keeper: InventoryKeeper) -> None:
        self._known: OrderedDict[_Key, bytes] = OrderedDict()
        keeper.always_listening(self._hear)

    async def read(
        self, port: CardPort, call: CardCall, reference: CertificateReference, algorithm: KeyAlgorithm
    ) -> bytes:
        """Return a certificate, DER; errors as of the port, and they are not kept."""
        key = (call.context.konnektor, call.handle, reference, algorithm)
        if (known := self._known.get(key)) is not None:
            return known
        der = await port.read_certificate(call, reference, algorithm)
        self._known[key] = der
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return der

    def _hear(self, notice: Notice) -> None:
        if notice.type is NoticeType.BOOTED:
            self._known = OrderedDict((key, der) for key, der in self._known.items() if key[0] != notice.konnektor)

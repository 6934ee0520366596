"""Certificates of cards as they were read: they do not change while a card is in its slot, and reading takes time."""

from collections import OrderedDict

from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm
from kartenwart.domain.ports.konnektor import CardCall, KonnektorPort
from kartenwart.domain.ports.observations import Notice, NoticeType
from kartenwart.operations.inventory import InventoryKeeper

REMEMBERED = 256

_Key = tuple[str, str, CertificateReference, KeyAlgorithm]


class CardCertificates:
    """Reads each certificate once per insertion; after a boot nothing counts, since a handle may be another card's."""

    def __init__(self, keeper: InventoryKeeper) -> None:
        self._known: OrderedDict[_Key, bytes] = OrderedDict()
        keeper.always_listening(self._hear)

    async def read(
        self, port: KonnektorPort, call: CardCall, reference: CertificateReference, algorithm: KeyAlgorithm
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

"""The box's own readers: what is in them, and the verbs on their cards."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Self, TypeVar

from kartenwart.adapters.pcsc import laboratory, verbs
from kartenwart.adapters.pcsc.place import READ_SECONDS, Place
from kartenwart.adapters.pcsc.slot import Slot
from kartenwart.adapters.pcsc.watching import Status, StatusThread
from kartenwart.cards.refusal import CardRefusal
from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.catalogue import halted
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import Failure, Reason, WorldError
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm, Pin
from kartenwart.domain.jobs import PinVerb, VerifyPinResult
from kartenwart.domain.patients import CardData
from kartenwart.domain.ports.card_keys import AuthenticateOrder
from kartenwart.domain.ports.cards import BeforeSend, CardCall, PinReading, PinWish
from kartenwart.domain.ports.readers import ReaderCard, SeenReaders
from kartenwart.domain.readers import Laboratory

T = TypeVar("T")

VERB_SECONDS = 300.0
_END_SECONDS = 3.0
_DOUBTFUL = frozenset({Reason.CARD_REMOVED, Reason.CARD_FAULT, Reason.READER_FAULT, Reason.OUTCOME_UNKNOWN})


class Readers:
    """All readers while the block runs: ReaderWatch and CardPort. That pcscd is away is no error here.

    A card has no sessions by context: a PIN that is verified in a reader is verified for all who use the box, until
    the card goes or is reset; `call.context` and `call.user_id` are not looked at.
    """

    def __init__(self, clock: Clock, switches: Laboratory | None = None) -> None:
        self._clock = clock
        self._laboratory = switches or Laboratory()
        self._places: dict[str, Place] = {}
        self._condition: Failure | None = None
        self._newest: SeenReaders | None = None
        self._news = asyncio.Event()
        self._closed = False
        self._status_thread: StatusThread | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()

        def tell(status: Status) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens
                loop.call_soon_threadsafe(self._take, status)

        self._status_thread = StatusThread(tell)
        self._status_thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed = True
        self._news.set()
        leaving = list(self._places.values())
        self._places = {}
        for place in leaving:
            place.leave()
        await asyncio.to_thread(self._join, leaving)

    async def watch(self) -> AsyncIterator[SeenReaders]:
        """Yield the newest state, one reader only; ends when the block does."""
        while not self._closed:
            await self._news.wait()
            self._news.clear()
            if self._newest is not None and not self._closed:
                yield self._newest

    async def pin_status(self, call: CardCall, pin: Pin) -> PinReading:
        """Ask GET PIN STATUS."""
        return await self._read(call, partial(verbs.pin_status, pin=pin))

    async def read_certificate(self, call: CardCall, reference: CertificateReference, algorithm: KeyAlgorithm) -> bytes:
        """Return a certificate, DER."""
        return await self._read(call, partial(verbs.certificate, reference=reference, algorithm=algorithm))

    async def pin_verb(self, call: CardCall, wish: PinWish, before_send: BeforeSend) -> VerifyPinResult:
        """Let a person carry out a verb on a PIN at the reader's pad, once.

        READER_WITHOUT_PAD where it has none; LABORATORY_ONLY for verifying PIN.QES.
        """
        if wish.pin is Pin.QES and wish.verb is PinVerb.VERIFY and not self._laboratory.qes:
            raise halted(Reason.LABORATORY_ONLY)
        place, card = self._find(call)
        if not place.pad:
            raise halted(Reason.READER_WITHOUT_PAD)
        work = partial(verbs.pin_verb, insertion=place.insertion, iccsn=card.iccsn, wish=wish)
        with _doubting(place):
            return await place.thread.verb(lambda slot, gate: work(slot, gate=gate), before_send, VERB_SECONDS)

    async def authenticate(self, call: CardCall, order: AuthenticateOrder, before_send: BeforeSend) -> bytes:
        """Let the card sign a hash with C.AUT, once; ECDSA as DER."""
        place, card = self._find(call)
        work = partial(verbs.authenticate, insertion=place.insertion, iccsn=card.iccsn, order=order)
        with _doubting(place):
            return await place.thread.verb(lambda slot, gate: work(slot, gate=gate), before_send, READ_SECONDS)

    async def insurance_data(self, call: CardCall) -> CardData:
        """Read an eGK or KVK. LABORATORY_ONLY unless switched on: no VSDM, no proof, not for billing."""
        if not self._laboratory.insurance_data:
            raise halted(Reason.LABORATORY_ONLY)
        return await self._read(call, laboratory.insurance_data)

    async def sign_qualified(
        self, call: CardCall, scheme: SignatureScheme, digests: Sequence[bytes], before_send: BeforeSend
    ) -> tuple[bytes, ...]:
        """Let an HBA sign hashes after its PIN.QES was typed at the pad, once. LABORATORY_ONLY unless switched on."""
        if not self._laboratory.qes:
            raise halted(Reason.LABORATORY_ONLY)
        place, card = self._find(call)
        if not place.pad:
            raise halted(Reason.READER_WITHOUT_PAD)
        work = partial(
            laboratory.sign_qualified, insertion=place.insertion, iccsn=card.iccsn, scheme=scheme, digests=digests
        )
        with _doubting(place):
            return await place.thread.verb(lambda slot, gate: work(slot, gate=gate), before_send, VERB_SECONDS)

    async def _read(self, call: CardCall, work: Callable[[Slot, int], T]) -> T:
        place, _card = self._find(call)
        insertion = place.insertion
        with _doubting(place):
            return await place.thread.run(lambda slot: work(slot, insertion), READ_SECONDS)

    def _find(self, call: CardCall) -> tuple[Place, ReaderCard]:
        for place in self._places.values():
            if place.card is not None and place.card.handle == call.handle:
                return place, place.card
        raise halted(Reason.CARD_REMOVED)

    def _take(self, status: Status) -> None:
        """Take over, in the loop, what the status thread saw; places of readers that are gone end."""
        if self._closed:
            return
        self._condition = status.condition
        for label in self._places.keys() - status.slots.keys():
            self._places.pop(label).leave()
        for label, slot in status.slots.items():
            if label not in self._places:
                self._places[label] = Place(label, self._clock, self._publish)
            self._places[label].take(slot)
        self._publish()

    def _publish(self) -> None:
        seen = SeenReaders(readers=tuple(place.seen() for place in self._places.values()), condition=self._condition)
        if seen != self._newest:
            self._newest = seen
            self._news.set()

    def _join(self, leaving: list[Place]) -> None:
        if self._status_thread is not None:
            self._status_thread.stop(_END_SECONDS)
        for place in leaving:
            place.thread.join(_END_SECONDS)


@contextmanager
def _doubting(place: Place) -> Iterator[None]:
    """Have the card read anew where it was not what it was, or not there, or where the reader failed."""
    insertion = place.insertion
    try:
        yield
    except WorldError as error:
        doubtful = error.failure.reason in _DOUBTFUL and not isinstance(error, CardRefusal)
        if doubtful and place.insertion == insertion:
            place.doubt()
        raise

"""From names to a card within reach: which back-end, which handle, whose session, which pad."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace

from kartenwart.domain.catalogue import failure, refused, wrong_field
from kartenwart.domain.failures import AgentError, Failure, Reason, WorldError
from kartenwart.domain.inventory import READERS, Card, CardType, Context, LinkState, Pin
from kartenwart.domain.ports.cards import CardCall, CardPort
from kartenwart.domain.ports.konnektor import KonnektorPort
from kartenwart.domain.ports.readers import ReaderPort
from kartenwart.operations.call_times import CallTimes, call_times
from kartenwart.operations.card_certificates import CardCertificates
from kartenwart.operations.comfort_sessions import ComfortSessions
from kartenwart.operations.contexts import Contexts, require_konnektor
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.locks import CardLocks, Claim, Claims, Limits, Rank
from kartenwart.operations.pads import Pad, Pads
from kartenwart.operations.people import People

TURN_SECONDS = 20.0
CONFIRMED_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A card as a context (and user) reaches it: by a Konnektor, or in one of the box's readers."""

    card: Card
    context: Context
    user: str
    call: CardCall
    port: CardPort
    limits: Limits
    pads: Pads = field(repr=False)
    by: KonnektorPort | None = field(default=None, repr=False)
    at: ReaderPort | None = field(default=None, repr=False)

    @property
    def konnektor(self) -> KonnektorPort:
        """Return the Konnektor, for what only one can do; CallerError KONNEKTOR_NEEDED at a reader."""
        if self.by is None:
            raise refused(Reason.KONNEKTOR_NEEDED)
        return self.by

    @property
    def without_pad(self) -> Failure | None:
        """Return why nobody can type here, as the picture tells before anything is asked; None where somebody may."""
        return self.pads.missing(self.card, self.context)

    @property
    def pad(self) -> Pad:
        """Return where its PIN is typed, as far as anyone can tell now."""
        return self.pads.pad(self.card, self.context)

    @property
    def card_claim(self) -> Claim:
        """Return the claim on the card: several calls at once for an SMC-B, one for every other card."""
        if self.card.type.is_practice:
            return Claim(key=self.card.name, capacity=self.limits.practice_card, rank=Rank.PRACTICE_CARD)
        return Claim(key=self.card.name)

    @property
    def whole_claims(self) -> Claims:
        """Return the claims of whoever ends all that others do with the card, a PIN entry too."""
        whole = replace(self.card_claim, weight=self.card_claim.capacity)
        return (self.pin_claim(Pin.SMC), whole) if self.card.type.is_practice else (whole,)

    @property
    def quick_claims(self) -> Claims:
        """Return the claims of a call that asks nobody: the card, and one of the Konnektor's places."""
        return (self.card_claim, _place(self.context, self.limits))

    def entry_claims(self, pin: Pin) -> Claims:
        """Return the claims of a PIN entry, which may take a minute: nothing that calls without a person need.

        An SMC-B at a Konnektor goes on serving; its PIN is typed at one pad at a time, since all spend the card's one
        counter. A card in a reader does nothing else while somebody types there.
        """
        serving = self.card.type.is_practice and not self.context.at_readers
        card = self.pin_claim(pin) if serving else self.card_claim
        return (card, *self.pad_claims)

    def pin_claim(self, pin: Pin) -> Claim:
        """Return the claim on a PIN: one entry at a time, at whichever pad, since all spend the card's one counter."""
        return Claim(key=f"{self.card.name} PIN.{pin.counter.value}")

    @property
    def pad_claims(self) -> Claims:
        """Return the claims on the pad; where it is a guess, on all that it may be, until the Konnektor tells."""
        pad = self.pad
        names = {*pad.others, *((pad.device.name,) if pad.device else ())}
        return tuple(Claim(key=name, rank=Rank.PAD, guess=len(names) > 1) for name in sorted(names))


class Cards:
    """Finds cards for operations; `pads` knows where their PINs are typed, `certificates` what was read of them."""

    def __init__(
        self,
        *,
        keeper: InventoryKeeper,
        contexts: Contexts,
        people: People,
        konnektors: Mapping[str, KonnektorPort],
        readers: Mapping[str, ReaderPort] | None = None,
        locks: CardLocks | None = None,
        limits: Mapping[str, Limits] | None = None,
        sessions: ComfortSessions | None = None,
    ) -> None:
        self._keeper = keeper
        self._contexts = contexts
        self._people = people
        self._konnektors = konnektors
        self._readers = {} if readers is None else readers
        self._locks = locks or CardLocks()
        self._limits = limits or {}
        self._sessions = sessions
        self.pads = Pads(keeper)
        self.certificates = CardCertificates(keeper)

    def reach(self, card: str, context: str, user: str, *, patients: bool = False) -> Reach:
        """Return the card as this context reaches it.

        CallerError NOT_FOUND (card, context or user), CARD_TYPE_WRONG (neither SMC-B nor HBA, nor an eGK where
        `patients` are meant), INVALID_ARGUMENT (an HBA without a user); WorldError where nobody knows yet: its
        Konnektor has told nothing since the start, or has just told of the card's insertion in another context, and
        the poll that confirms it is on its way.
        """
        reach = self.inserted(card, context)
        found = reach.card.type
        if found.is_practice or (patients and found is CardType.EGK):
            return reach
        if not found.is_person:
            raise refused(Reason.CARD_TYPE_WRONG)
        if not user:
            raise wrong_field("user", "Für einen Heilberufsausweis muss die Person genannt werden.")
        call = replace(reach.call, user_id=self._user_id(reach.context, reach.call.handle, user))
        return replace(reach, user=user, call=call)

    def inserted(self, card: str, context: str) -> Reach:
        """Return a card of any type as this context reaches it, without a session of anybody; errors as above."""
        chosen = self._contexts.get(context)
        found = self._keeper.picture.inventory.card(card)
        handle = found.handle(chosen.konnektor) if found else ""
        if found is None or context not in found.contexts or not handle:
            raise self._not_seen(chosen, found)
        return Reach(
            card=found,
            context=chosen,
            user="",
            call=CardCall(context=chosen, handle=handle, card_type=found.type),
            port=self._readers[READERS] if chosen.at_readers else self.konnektor(chosen),
            by=None if chosen.at_readers else self.konnektor(chosen),
            at=self._readers[READERS] if chosen.at_readers else None,
            limits=self._limits.get(chosen.konnektor, Limits()),
            pads=self.pads,
        )

    async def confirmed(self, card: str, context: str) -> Reach:
        """Return a card as `inserted` does, once a poll has found it, or as it is after CONFIRMED_SECONDS.

        An event tells of an insertion before anyone knows which workplaces have the card beside them.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + CONFIRMED_SECONDS
        while True:
            version, late = self._keeper.picture.version, loop.time() >= until
            try:
                reach = self.inserted(card, context)
                if reach.card.confirmed or late:
                    return reach
            except WorldError:
                if late:
                    raise
            await self._keeper.wait_change(version, max(0.0, until - loop.time()))

    def of_practice(self, context: Context) -> tuple[Card, ...]:
        """Return the practice cards (SM-B) that a context may reach, sorted by name."""
        cards = self._keeper.picture.inventory.cards
        return tuple(card for card in cards if card.type.is_practice and context.name in card.contexts)

    def konnektor(self, context: Context) -> KonnektorPort:
        """Return the Konnektor of a context; CallerError KONNEKTOR_NEEDED where it means the box's readers."""
        require_konnektor(context)
        return self._konnektors[context.konnektor]

    def _user_id(self, context: Context, handle: str, user: str) -> str:
        """Return under which secret a user acts on an HBA: that of its comfort session there, or its own."""
        own = self._people.get(user).konnektor_user_id
        return (self._sessions and self._sessions.user_id(context, handle, user)) or own

    def turn(self, *reaches: Reach, seconds: float = TURN_SECONDS) -> AbstractAsyncContextManager[None]:
        """Hold cards for a call that asks nobody, in their order; WorldError CARD_BUSY where that takes too long.

        A person may be typing at one of them, and whoever waits for a plain answer should hear so before the call ends.
        """
        return self._held(tuple(claim for reach in reaches for claim in reach.quick_claims), seconds)

    def place(self, context: Context) -> AbstractAsyncContextManager[None]:
        """Hold one of the Konnektor's places for a call that needs no card; otherwise as `turn`."""
        return self._held((_place(context, self._limits.get(context.konnektor, Limits())),), TURN_SECONDS)

    @asynccontextmanager
    async def _held(self, claims: Claims, seconds: float) -> AsyncIterator[None]:
        times, clock = call_times.get() or CallTimes(), asyncio.get_running_loop().time
        since = clock()
        with self._locks.hold() as hold:
            try:
                async with asyncio.timeout(seconds):
                    await hold.take(claims)
            except TimeoutError:
                raise WorldError(failure(Reason.CARD_BUSY), sent=False) from None
            finally:
                times.calls, times.queue = times.calls + 1, times.queue + clock() - since
            since = clock()
            try:
                yield
            finally:
                times.konnektor += clock() - since

    def _not_seen(self, context: Context, found: Card | None) -> AgentError:
        """Return why a card is not there: before a poll has looked that is nobody's mistake, and passes."""
        if context.at_readers:
            return self._not_in_a_reader()
        konnektor = context.konnektor
        asked = self._keeper.picture.inventory.konnektor(konnektor)
        hinted = found is not None and not found.confirmed and bool(found.handle(konnektor))
        if asked is None or (asked.last_confirmed is not None and not hinted):
            return refused(Reason.NOT_FOUND)
        down = asked.condition if asked.link_state is not LinkState.UP else None
        return WorldError(down or failure(Reason.AGENT_UNAVAILABLE), sent=False)

    def _not_in_a_reader(self) -> AgentError:
        service = self._keeper.picture.inventory.reader_service
        if service is None or (service.seen and service.condition is None):
            return refused(Reason.NOT_FOUND)
        return WorldError(service.condition or failure(Reason.AGENT_UNAVAILABLE), sent=False)

    def still_there(self, reach: Reach) -> bool:
        """True while the card is known by the same handle; a new handle is another insertion."""
        card = self._keeper.picture.inventory.card(reach.card.name)
        return card is not None and card.handle(reach.context.konnektor) == reach.call.handle


def _place(context: Context, limits: Limits) -> Claim:
    return Claim(key=context.konnektor, capacity=limits.konnektor, rank=Rank.KONNEKTOR)

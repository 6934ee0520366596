"""Patients' cards: read once per insertion, for everybody of the practice who has the card beside the workplace."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from kartenwart.domain.catalogue import failure, halted, refused
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import AgentError, Failure, Reason, WorldError
from kartenwart.domain.inventory import Card, CardType, Context, Pin, PinStatus
from kartenwart.domain.patients import (
    CardData,
    CheckResult,
    OnlineCheck,
    Reading,
    ReplacementProcedure,
    replacement_after,
)
from kartenwart.domain.ports.readers import ReaderPort
from kartenwart.domain.principals import Caller
from kartenwart.operations.insertions import Insertion, Insertions
from kartenwart.operations.online_checks import OnlineChecks
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.reach import Cards, Reach
from kartenwart.operations.stopwatch import Part, Stopwatch


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadVsdOrder:
    """What a caller asks; `authority` is an SMC-B or HBA ("cards/…"), empty for an SMC-B unlocked in the context."""

    card: str
    context: str
    authority: str = ""
    user: str = ""
    online_check: OnlineCheck = OnlineCheck.FIRST_OF_QUARTER


class PatientCards:
    """Reads patients' cards. What fails is told in the reading, beside what the practice may do then."""

    def __init__(
        self,
        *,
        cards: Cards,
        memory: PinMemory,
        insertions: Insertions,
        checks: OnlineChecks,
        clock: Clock,
    ) -> None:
        self._cards = cards
        self._memory = memory
        self._insertions = insertions
        self._checks = checks
        self._clock = clock

    async def read_vsd(self, _caller: Caller, order: ReadVsdOrder) -> Reading:
        """Read an eGK, or hand out what was read of it since it was inserted.

        CallerError NOT_FOUND, CARD_TYPE_WRONG, OUT_OF_SCOPE (the card is not beside this workplace); WorldError where
        nobody knows of the card yet. All else that fails is in the reading.
        """
        reach = await self._cards.confirmed(order.card, order.context)
        if reach.card.type is CardType.UNKNOWN:
            return self._failed(reach, failure(Reason.CARD_FAULT), ReplacementProcedure.ANOTHER_INSERTION_FIRST)
        if reach.card.type is not CardType.EGK:
            raise refused(Reason.CARD_TYPE_WRONG)
        if reach.at is not None:
            return await self._at_reader(reach, reach.at)
        if order.context not in reach.card.holder_contexts:
            raise refused(Reason.OUT_OF_SCOPE)
        authority = self._cards.reach(order.authority, order.context, order.user) if order.authority else None
        check = await self._checks.wanted(order.online_check, reach)

        async def read() -> Reading:
            return await self._read(reach, authority, check)

        insertion = Insertion(
            konnektor=reach.context.konnektor, handle=reach.call.handle, mandant=reach.context.mandant
        )
        return await self._insertions.shared(insertion, checked=check, authority=order.authority, read=read)

    async def read_kvk(self, _caller: Caller, card: str, context: str) -> Reading:
        """Read an old health insurance card; nothing of it is kept."""
        reach = self._cards.inserted(card, context)
        if reach.card.type is not CardType.KVK:
            raise refused(Reason.CARD_TYPE_WRONG)
        if reach.at is not None:
            return await self._at_reader(reach, reach.at)
        return await self._alone(reach, lambda _: reach.konnektor.read_kvk(reach.call))

    async def _at_reader(self, reach: Reach, port: ReaderPort) -> Reading:
        """Read for a laboratory what a card says without a Konnektor; nothing of it is kept, and it proves nothing."""
        return await self._alone(reach, lambda _: port.insurance_data(reach.call))

    async def _alone(self, reach: Reach, read: Callable[[Reach], Awaitable[CardData]]) -> Reading:
        async def nobody_else() -> Reach:
            return reach

        return await self._timed(reach, nobody_else, read)

    async def _read(self, reach: Reach, authority: Reach | None, check: bool) -> Reading:
        async def chosen() -> Reach:
            return authority or await self._unlocked(reach.context)

        async def read(held: Reach) -> CardData:
            try:
                return await reach.konnektor.read_vsd(reach.call, held.call, check_online=check, read_receipt=check)
            except WorldError as error:
                await self._learn(held, error.failure)
                raise

        quarter = self._checks.quarter
        reading = await self._timed(reach, chosen, read)
        proof = reading.data.proof if reading.data else None
        await self._checks.note(reach, proof, quarter)
        if proof is not None and proof.result is CheckResult.CARD_INVALID:
            invalid = failure(Reason.CARD_INVALID)
            return replace(reading, failure=invalid, replacement=ReplacementProcedure.FORBIDDEN)
        return reading

    async def _timed(
        self,
        reach: Reach,
        choose: Callable[[], Awaitable[Reach]],
        read: Callable[[Reach], Awaitable[CardData]],
    ) -> Reading:
        """Read when it is the turn of the card and of the one that is chosen for it, and say where the time went."""
        watch = Stopwatch(self._clock.monotonic)
        try:
            async with AsyncExitStack() as turn:
                with watch.measuring(Part.CHECKS):
                    held = await choose()
                with watch.measuring(Part.QUEUE):
                    await turn.enter_async_context(self._cards.turn(reach, held))
                with watch.measuring(Part.WIRE):
                    data = await read(held)
        except WorldError as error:
            failed = self._failed(reach, error.failure, replacement_after(error.failure))
            return replace(failed, times=watch.times)
        readable = data.person is not None and data.insurance is not None
        return Reading(
            card=reach.card.name,
            read_at=self._clock.now(),
            replacement=ReplacementProcedure.NOT_NEEDED if readable else ReplacementProcedure.UNKNOWN,
            data=data,
            times=watch.times,
        )

    async def _unlocked(self, context: Context) -> Reach:
        """Return an SM-B unlocked in this context: one known to be first, then whichever the Konnektor says is."""
        found = self._cards.of_practice(context)
        for card in sorted(found, key=lambda one: not _verified(one, context)):
            try:
                reach = self._cards.reach(card.name, context.name, "")
                if _verified(card, context) or (await self._memory.read(reach, Pin.SMC)).status is PinStatus.VERIFIED:
                    return reach
            except AgentError:
                continue
        raise halted(Reason.PIN_NOT_VERIFIED)

    async def _learn(self, authority: Reach, why: Failure) -> None:
        """Look again at a PIN that the Konnektor says is not verified: the picture said otherwise."""
        if why.reason is Reason.PIN_NOT_VERIFIED:
            pin = Pin.SMC if authority.card.type.is_practice else Pin.CH
            try:
                await self._memory.read(authority, pin)
            except WorldError:
                return  # the next look at the state will tell

    def _failed(self, reach: Reach, why: Failure, replacement: ReplacementProcedure) -> Reading:
        return Reading(card=reach.card.name, read_at=self._clock.now(), replacement=replacement, failure=why)


def _verified(card: Card, context: Context) -> bool:
    wanted = (context.name, Pin.SMC, PinStatus.VERIFIED)
    return any((state.context, state.pin, state.status) == wanted for state in card.pin_states)

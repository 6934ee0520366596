"""Comfort signatures: begin a session, tell what is left of it, end all of a card."""

import asyncio
from dataclasses import dataclass, replace

from kartenwart.domain.catalogue import refused, wrong_field
from kartenwart.domain.clock import Clock
from kartenwart.domain.comfort import ComfortSignature, ComfortState, SignatureMode
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import Job, JobKind
from kartenwart.domain.principals import Caller
from kartenwart.operations.comfort_entry import ComfortEntry
from kartenwart.operations.comfort_sessions import ComfortSessions, fresh_user_id
from kartenwart.operations.contexts import Contexts, require_konnektor
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.pad_watch import PadWatch
from kartenwart.operations.people import People
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.reach import Cards, Reach
from kartenwart.operations.signature_pin import SignaturePin
from kartenwart.operations.work import ticket

LOOK_SECONDS = 5.0
_ENDS_ALL = (
    "Das beendet die Komfortsignatur auf dieser Karte für alle Personen und alle Programme, auch für fremde; "
    "es muss ausdrücklich gewünscht sein."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivateComfortOrder:
    """What a caller asks: names are full, context and user are in its scope."""

    request_id: str
    card: str
    context: str
    user: str
    accept_last_attempt: bool = False
    accept_unknown_attempts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comfort:
    """The comfort signature of HBAs."""

    jobs: Jobs
    cards: Cards
    contexts: Contexts
    people: People
    keeper: InventoryKeeper
    memory: PinMemory
    sessions: ComfortSessions
    clock: Clock

    async def activate(self, caller: Caller, order: ActivateComfortOrder) -> Job:
        """Let a person begin a session, as a job.

        CallerError COMFORT_NOT_PERMITTED, NOT_FOUND, CARD_TYPE_WRONG, ROLE_MISSING, USER_NOT_BOUND.
        """

        async def work() -> ComfortEntry:
            return self._entry(caller, order)

        wanted = ticket(JobKind.ACTIVATE_COMFORT_SIGNATURE, order, self.contexts, card=order.card)
        return await self.jobs.start(caller, wanted, work)

    async def state(self, card: str, context: str, user: str) -> ComfortSignature:
        """Ask the Konnektor what is left of a user's session; CallerError NOT_FOUND, CARD_TYPE_WRONG."""
        reach = self._hba(card, context, user)
        known = ComfortSignature(
            card=reach.card.name, context=reach.context.name, user=reach.user, state=ComfortState.INACTIVE
        )
        try:
            async with self.cards.turn(reach):
                mode = await reach.konnektor.signature_mode(reach.call)
        except WorldError as error:
            if error.failure.reason is not Reason.CARD_SESSION_FOREIGN:
                raise
            return replace(known, state=ComfortState.FOREIGN, failure=error.failure)
        self.sessions.learnt(reach.context, reach.call.handle, reach.user, mode)
        return self._told(known, mode)

    async def deactivate(self, card: str, context: str, user: str, *, end_all_sessions: bool) -> bool:
        """End all sessions of a card; False where there was none. CallerError as state, and without the word for it."""
        if not end_all_sessions:
            raise wrong_field("end_all_sessions", _ENDS_ALL)
        reach = self._hba(card, context, user)
        async with self.cards.turn(reach):
            had = await reach.konnektor.deactivate_comfort(reach.context, reach.call.handle)
        self.sessions.all_ended(reach.context.konnektor, reach.call.handle)
        return had

    async def run(self) -> None:
        """Look now and then, for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Announce sessions that have ended or will soon."""
        inventory = self.keeper.picture.inventory
        konnektors = {session.context.konnektor for session in self.sessions}
        self.sessions.look({card.handle(konnektor) for card in inventory.cards for konnektor in konnektors})

    def _told(self, known: ComfortSignature, mode: SignatureMode) -> ComfortSignature:
        limits = replace(known, most=mode.most, longest=mode.longest)
        if mode.session is not None:
            return replace(
                limits,
                state=ComfortState.ACTIVE,
                signatures_left=mode.session.signatures_left,
                ends_at=self.clock.now() + mode.session.time_left,
                ends_soon=self.sessions.ends_soon(mode),
            )
        return limits if mode.enabled else replace(limits, state=ComfortState.DISABLED)

    def _entry(self, caller: Caller, order: ActivateComfortOrder) -> ComfortEntry:
        if not caller.scope.comfort:
            raise refused(Reason.COMFORT_NOT_PERMITTED)
        found = self._hba(order.card, order.context, order.user)
        self.people.require_own_card(caller, order.user, found.card)
        reach = replace(found, call=replace(found.call, user_id=fresh_user_id()))
        return ComfortEntry(
            cards=self.cards,
            sessions=self.sessions,
            reach=reach,
            pin=SignaturePin(memory=self.memory, reach=reach),
            accept_last=order.accept_last_attempt,
            accept_unknown=order.accept_unknown_attempts,
            watch=PadWatch(keeper=self.keeper, pads=self.cards.pads, reach=reach, pin=Pin.QES),
            clock=self.clock,
        )

    def _hba(self, card: str, context: str, user: str) -> Reach:
        require_konnektor(self.contexts.get(context))
        reach = self.cards.reach(card, context, user)
        if not reach.card.type.is_person:
            raise refused(Reason.CARD_TYPE_WRONG)
        return reach

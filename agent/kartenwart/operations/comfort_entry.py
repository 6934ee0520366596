"""A comfort session begins: every condition is checked with a reason of its own before a person types PIN.QES, once."""

from dataclasses import dataclass, replace

from kartenwart.domain.catalogue import halted
from kartenwart.domain.clock import Clock
from kartenwart.domain.comfort import Session, SignatureMode
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.information_model import Authentication
from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import ComfortResult, JobState, JobStep
from kartenwart.domain.ports.cards import BeforeSend
from kartenwart.operations.comfort_sessions import ComfortSessions
from kartenwart.operations.locks import Claims
from kartenwart.operations.pad_watch import PadWatch
from kartenwart.operations.reach import Cards, Reach
from kartenwart.operations.running import UNANSWERED
from kartenwart.operations.signature_pin import SignaturePin
from kartenwart.operations.work import Ending, Tell


@dataclass(slots=True, kw_only=True)
class ComfortEntry:
    """The work of ActivateComfortSignature; the call of `reach` goes under the fresh UserId of this activation."""

    cards: Cards
    sessions: ComfortSessions
    reach: Reach
    pin: SignaturePin
    accept_last: bool
    accept_unknown: bool
    watch: PadWatch
    clock: Clock
    _mode: SignatureMode | None = None

    @property
    def claims(self) -> Claims:
        """Hold the card and the pad where PIN.QES is typed."""
        return self.reach.entry_claims(Pin.QES)

    @property
    def detail(self) -> str:
        """Return for whom; the UserId is a secret."""
        return f"user={self.reach.user}"

    async def check(self) -> Ending | None:
        """Check what the Konnektor would refuse, and what it would find out only after the PIN was typed."""
        reach = self.reach
        if not self.cards.still_there(reach):
            raise halted(Reason.CARD_REMOVED)
        if reach.konnektor.authentication(reach.context.client_system) is Authentication.NONE:
            raise halted(Reason.COMFORT_LOGIN_MISSING)
        lasting = await self._lasting()
        if lasting is not None:
            return Ending(state=JobState.SUCCEEDED, result=self._result(lasting))
        # Under the fresh UserId the Konnektor tells already now whether another one stands in the way (4018, A_21528).
        self._mode = await reach.konnektor.signature_mode(reach.call)
        if not self._mode.enabled:
            raise halted(Reason.COMFORT_DISABLED)
        refusal = await self.pin.refusal(accept_last=self.accept_last, accept_unknown=self.accept_unknown)
        return Ending(state=JobState.FAILED, failure=refusal) if refusal else None

    async def prepare(self) -> str:
        """An activation has no job number."""
        return ""

    async def send(self, before_send: BeforeSend, tell: Tell) -> None:
        """Let the person type; the fresh UserId counts unless it is certain that nothing came of it."""
        reach = self.reach
        before = self.sessions.own(reach.context, reach.call.handle, reach.user)
        self.sessions.begin(reach.card, reach.context, reach.call.handle, reach.user, reach.call.user_id)
        try:
            with self.watch.telling(tell):
                await reach.konnektor.activate_comfort(reach.call, self.watch.expecting(before_send, tell))
        except WorldError as error:
            if not error.sent or error.failure.reason not in UNANSWERED:
                self.sessions.undo(reach.context, reach.call.handle, reach.user, before)
            raise await self.pin.learnt(error) from None

    async def conclude(self, _answer: None, tell: Tell) -> Ending:
        """Say what the session allows, as the Konnektor tells it."""
        await self.pin.entered()
        mode = await self._told()
        result = self._result(mode.session)
        end = result.ends_at.astimezone().strftime("%H:%M")
        tell(
            JobStep.PIN_ENTRY_FINISHED,
            f"Die Komfortsignatur ist aktiv: bis zu {result.signatures_left} Signaturen, längstens bis {end} Uhr.",
        )
        return Ending(state=JobState.SUCCEEDED, result=result)

    async def stop(self, _tell: Tell) -> None:
        """Nothing to do: only the person at the pad can end a PIN entry."""

    def unanswered(self) -> None:
        """Nobody knows whether a session lasts; GetComfortSignature asks."""

    async def _lasting(self) -> Session | None:
        """Return the session that this user has already, so that nobody is asked in vain."""
        reach = self.reach
        own = self.sessions.own(reach.context, reach.call.handle, reach.user)
        if own is None:
            return None
        mode = await reach.konnektor.signature_mode(replace(reach.call, user_id=own.user_id))
        self.sessions.learnt(reach.context, reach.call.handle, reach.user, mode)
        return mode.session

    async def _told(self) -> SignatureMode:
        """Return the state after the activation; where it cannot be asked, what was told before it."""
        reach = self.reach
        try:
            mode = await reach.konnektor.signature_mode(reach.call)
        except WorldError:
            mode = self._mode or SignatureMode(enabled=True, most=0, longest=self.clock.now() - self.clock.now())
        if mode.session is None:
            mode = replace(mode, session=Session(signatures_left=mode.most, time_left=mode.longest))
        self.sessions.learnt(reach.context, reach.call.handle, reach.user, mode)
        return mode

    def _result(self, session: Session | None) -> ComfortResult:
        told = session or Session(signatures_left=0, time_left=self.clock.now() - self.clock.now())
        return ComfortResult(
            card=self.reach.card.name,
            user=self.reach.user,
            signatures_left=told.signatures_left,
            ends_at=self.clock.now() + told.time_left,
        )

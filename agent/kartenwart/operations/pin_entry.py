"""A person types a PIN at a terminal: asked only where it is needed, and never twice by the agent's own doing."""

from dataclasses import dataclass

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Pin, PinStatus
from kartenwart.domain.jobs import JobState, PinOutcome, PinVerb, VerifyPinResult
from kartenwart.domain.pins import failure_of, no_pad_for, refusal_before_entry
from kartenwart.domain.ports.cards import BeforeSend, PinWish
from kartenwart.operations.locks import Claims
from kartenwart.operations.pad_watch import PadWatch
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.reach import Cards, Reach
from kartenwart.operations.work import Ending, Tell


@dataclass(frozen=True, slots=True, kw_only=True)
class PinEntry:
    """The work of VerifyPin (and the first half of BindUser)."""

    cards: Cards
    reach: Reach
    pin: Pin
    force: bool
    accept_last: bool
    accept_unknown: bool
    memory: PinMemory
    watch: PadWatch

    @property
    def claims(self) -> Claims:
        """Hold the card, of an SMC-B only its PIN, and the pad where it is typed."""
        return self.reach.entry_claims(self.pin)

    @property
    def detail(self) -> str:
        """Return which PIN."""
        return self.pin.reference

    async def check(self) -> Ending | None:
        """Read the state first: nobody is asked in vain, or for a try that the caller does not know of."""
        if not self.cards.still_there(self.reach):
            return Ending(state=JobState.FAILED, failure=failure(Reason.CARD_REMOVED))
        if (missing := self.reach.without_pad) is not None:
            return Ending(state=JobState.FAILED, failure=missing)
        reading = await self.memory.read(self.reach, self.pin)
        if reading.status is PinStatus.VERIFIED and not self.force:
            already = VerifyPinResult(outcome=PinOutcome.ALREADY_VERIFIED)
            return Ending(state=JobState.SUCCEEDED, result=already)
        attempts = await self.memory.attempts(self.reach, self.pin, reading.attempts_left)
        refusal = no_pad_for(self.reach.card.type) or refusal_before_entry(
            reading.status, attempts, accept_last=self.accept_last, accept_unknown=self.accept_unknown
        )
        return Ending(state=JobState.FAILED, failure=refusal) if refusal else None

    async def prepare(self) -> str:
        """A PIN entry has no job number."""
        return ""

    async def send(self, before_send: BeforeSend, tell: Tell) -> VerifyPinResult:
        """Let the person type; what the entry taught is kept before the card is free, for the next in line."""
        try:
            with self.watch.telling(tell):
                noted = self.watch.expecting(before_send, tell)
                wish = PinWish(verb=PinVerb.VERIFY, pin=self.pin)
                answer = await self.reach.port.pin_verb(self.reach.call, wish, noted)
        except WorldError as error:
            self.cards.pads.refused(self.reach.card, self.reach.context, error.failure)
            if error.sent:
                await self.memory.forget(self.reach.card.name, self.pin)
            raise
        await self.memory.entered(self.reach, self.pin, answer)
        return answer

    async def conclude(self, answer: VerifyPinResult, _tell: Tell) -> Ending:
        """Only VERIFIED is a success."""
        refusal = failure_of(answer)
        if answer.outcome is PinOutcome.OUTCOME_UNKNOWN:
            return Ending(state=JobState.OUTCOME_UNKNOWN, failure=refusal, result=answer)
        return Ending(state=JobState.FAILED if refusal else JobState.SUCCEEDED, failure=refusal, result=answer)

    async def stop(self, _tell: Tell) -> None:
        """Nothing to do: only the person at the pad can end a PIN entry."""

    def unanswered(self) -> VerifyPinResult:
        """Say that nobody knows."""
        return VerifyPinResult(outcome=PinOutcome.OUTCOME_UNKNOWN)

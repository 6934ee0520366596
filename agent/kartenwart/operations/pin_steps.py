"""Verbs on PINs, one after the other in one job: each asked only where it is needed, and never twice by our own doing.

A job stops at the first entry that did not end as wished: after a wrong PIN nobody is asked for it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kartenwart.domain.catalogue import failure, once_sent
from kartenwart.domain.failures import Failure, Reason, WorldError
from kartenwart.domain.jobs import JobState, PinOutcome, PinStep, PinStepsResult, VerifyPinResult
from kartenwart.domain.pins import Assent, failure_of, no_pad_for, nothing_to_do, refusal_of, wish_of
from kartenwart.domain.ports.cards import BeforeSend, PinWish
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.locks import Claims
from kartenwart.operations.pad_watch import PadWatch
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.reach import Cards, Reach
from kartenwart.operations.work import Ending, Round, Tell


@dataclass(frozen=True, slots=True, kw_only=True)
class PinTools:
    """What every verb on a PIN needs."""

    cards: Cards
    keeper: InventoryKeeper
    memory: PinMemory


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One verb that is to come."""

    reach: Reach
    wish: PinWish


@dataclass(slots=True, kw_only=True)
class PinSteps:
    """The work of ChangePin, UnblockPin, EnablePin, DisablePin and UnlockPracticeCards.

    `passes_over`: where nobody can be asked, the next one is; the job then fails with the first such reason.
    """

    tools: PinTools
    plan: Sequence[Planned]
    assent: Assent
    passes_over: bool = False
    _done: tuple[PinStep, ...] = ()
    _refusal: Failure | None = None

    @property
    def claims(self) -> Claims:
        """Hold the card, of an SMC-B only its PIN, and the pad where it is typed."""
        return self._now.reach.entry_claims(self._now.wish.pin)

    @property
    def detail(self) -> str:
        """Return which verb on which PIN of which card, and in which context."""
        now = self._now
        return f"{now.wish.verb.value} {now.wish.pin.reference} {now.reach.card.name} {now.reach.context.name}"

    async def check(self) -> Ending | Round | None:
        """Read the state first: nobody is asked in vain, or for a try that the caller does not know of."""
        reach, wish = self._now.reach, self._now.wish
        if not self.tools.cards.still_there(reach):
            return self._unasked(failure(Reason.CARD_REMOVED))
        if (missing := reach.without_pad) is not None:
            return self._unasked(missing)
        try:
            reading = await self.tools.memory.read(reach, wish.pin)
        except WorldError as error:
            if not _said_by_konnektor(error):
                raise
            return self._unasked(error.failure)
        outcome = nothing_to_do(wish.verb, reading.status)
        if outcome is not None:
            return self._gone_on(self._step(outcome))
        attempts = await self.tools.memory.attempts_for(reach, wish.verb, wish.pin, reading.attempts_left)
        refusal = no_pad_for(reach.card.type) or refusal_of(wish.verb, reading.status, attempts, self.assent)
        return self._unasked(refusal) if refusal else None

    async def prepare(self) -> str:
        """A PIN entry has no job number."""
        return ""

    async def send(self, before_send: BeforeSend, tell: Tell) -> VerifyPinResult | Failure:
        """Let the person type; what it taught is kept before the card is free. A Failure: nobody was asked."""
        now, watch = self._now, self._watching()
        try:
            with watch.telling(tell):
                noted = watch.expecting(before_send, tell)
                answer = await now.reach.port.pin_verb(now.reach.call, now.wish, noted)
        except WorldError as error:
            self.tools.cards.pads.refused(now.reach.card, now.reach.context, error.failure)
            if error.sent:
                await self.tools.memory.forget(now.reach.card.name, now.wish.pin)
            elif _said_by_konnektor(error):
                return once_sent(error.failure)
            raise
        await self.tools.memory.learn(now.reach, now.wish.verb, now.wish.pin, answer)
        return answer

    async def conclude(self, answer: VerifyPinResult | Failure, _tell: Tell) -> Ending | Round:
        """Go on after what ended as wished, and stop after all else."""
        if isinstance(answer, Failure):
            return self._unasked(answer)
        refusal = failure_of(answer, self._now.wish.verb)
        step = self._step(answer.outcome, refusal, answer.attempts_left)
        if refusal is None:
            return self._gone_on(step)
        unknown = answer.outcome is PinOutcome.OUTCOME_UNKNOWN
        state = JobState.OUTCOME_UNKNOWN if unknown else JobState.FAILED
        return Ending(state=state, failure=refusal, result=PinStepsResult(steps=(*self._done, step)))

    async def stop(self, _tell: Tell) -> None:
        """Nothing to do: only the person at the pad can end a PIN entry."""

    def unanswered(self) -> PinStepsResult:
        """Say that nobody knows of the last one."""
        step = self._step(PinOutcome.OUTCOME_UNKNOWN, failure(Reason.OUTCOME_UNKNOWN))
        return PinStepsResult(steps=(*self._done, step))

    @property
    def _now(self) -> Planned:
        """Return the verb at hand; after the last one, that."""
        return self.plan[min(len(self._done), len(self.plan) - 1)]

    def _watching(self) -> PadWatch:
        now, tools = self._now, self.tools
        wish = wish_of(
            now.wish.verb, now.wish.pin, transport_pin=self.assent.transport_pin, set_new_pin=now.wish.set_new_pin
        )
        if len({planned.reach.context.name for planned in self.plan}) > 1:
            wish += f" (Kontext {now.reach.context.name.removeprefix('contexts/')})"
        return PadWatch(keeper=tools.keeper, pads=tools.cards.pads, reach=now.reach, pin=now.wish.pin, wish=wish)

    def _unasked(self, refusal: Failure) -> Ending | Round:
        """Note that nobody was asked, and why."""
        self._refusal = self._refusal or refusal
        step = self._step(PinOutcome.NOT_ASKED, refusal, refusal.attempts_left)
        if self.passes_over:
            return self._gone_on(step)
        return Ending(state=JobState.FAILED, failure=refusal, result=PinStepsResult(steps=(*self._done, step)))

    def _gone_on(self, step: PinStep) -> Ending | Round:
        self._done = (*self._done, step)
        result = PinStepsResult(steps=self._done)
        if len(self._done) < len(self.plan):
            return Round(result=result)
        state = JobState.FAILED if self._refusal else JobState.SUCCEEDED
        return Ending(state=state, failure=self._refusal, result=result)

    def _step(self, outcome: PinOutcome, refusal: Failure | None = None, attempts: int | None = None) -> PinStep:
        now = self._now
        return PinStep(
            verb=now.wish.verb,
            card=now.reach.card.name,
            context=now.reach.context.name,
            pin=now.wish.pin,
            outcome=outcome,
            user=now.reach.user,
            attempts_left=attempts,
            failure=refusal,
        )


def _said_by_konnektor(error: WorldError) -> bool:
    """True where the Konnektor itself refused, in this context: in another one it may ask."""
    return bool(error.failure.konnektor_code)

"""What is known of PINs: the picture's states by context, and the last known attempts, which outlive a restart."""

from dataclasses import replace

from kartenwart.domain.catalogue import failure
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Pin, PinState, PinStatus
from kartenwart.domain.jobs import Job, JobState, PinOutcome, PinStepsResult, PinVerb, VerifyPinResult
from kartenwart.domain.pins import refusal_before_entry
from kartenwart.domain.ports.store import FactStore
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.reach import Reach
from kartenwart.operations.supervisor import Report, say_nothing


class PinMemory:
    """Learns from readings and outcomes; forgets what nobody can know any more."""

    def __init__(
        self, *, keeper: InventoryKeeper, facts: FactStore, clock: Clock, report: Report = say_nothing
    ) -> None:
        self._keeper = keeper
        self._facts = facts
        self._clock = clock
        self._report = report

    async def read(self, reach: Reach, pin: Pin) -> PinState:
        """Ask the Konnektor for a PIN's state and show it in the picture; a verified PIN has all its tries again."""
        reading = await reach.port.pin_status(reach.call, pin)
        if reading.status is PinStatus.VERIFIED:
            await self._keep(reach.card.name, pin, None)
        return self.seen(reach, pin, reading.status, reading.attempts_left)

    async def require_verified(self, reach: Reach) -> None:
        """Read the PIN that opens a card's keys, PIN.SMC or PIN.CH; WorldError says why they cannot be used."""
        reading = await self.read(reach, Pin.CH if reach.card.type.is_person else Pin.SMC)
        if reading.status is not PinStatus.VERIFIED:
            refusal = refusal_before_entry(reading.status, reading.attempts_left, accept_last=True, accept_unknown=True)
            raise WorldError(refusal or failure(Reason.PIN_NOT_VERIFIED), sent=False)

    async def attempts_for(self, reach: Reach, verb: PinVerb, pin: Pin, told: int | None) -> int | None:
        """Return the attempts left for a verb: those of the PIN, or of its PUK, which no Konnektor tells when asked.

        What was kept of a PUK counts as it stands: nothing gives a PUK its tries back.
        """
        if verb is PinVerb.UNBLOCK:
            kept = await self._facts.load_attempts(reach.card.name, pin.counter, puk=True)
            return kept if kept in (0, 1) else None
        return await self.attempts(reach, pin, told)

    def seen(self, reach: Reach, pin: Pin, status: PinStatus, attempts_left: int | None) -> PinState:
        """Show a state that was told in the picture, and return it.

        A card in a reader has no sessions: what is so in one context that means readers is so in all. A person's is
        shown where it was asked for only, since other mandants need not know who that is.
        """
        state = PinState(
            context=reach.context.name,
            pin=pin,
            status=status,
            attempts_left=attempts_left,
            observed_at=self._clock.now(),
            user=reach.user,
        )
        service = self._keeper.picture.inventory.reader_service if reach.context.at_readers else None
        alike = service.contexts if service is not None and not reach.user else frozenset({reach.context.name})
        for context in sorted(alike | {reach.context.name}):
            self._keeper.pin_observed(reach.card.name, replace(state, context=context))
        return state

    async def attempts(self, reach: Reach, pin: Pin, told: int | None) -> int | None:
        """Return the attempts left as just told, else 1 where our last refusal left so few, else None.

        A kept number says how many there were at most: another client system may have spent some since, and a kept 0
        is stale where the PIN is not blocked. So it can warn, but never permit.
        """
        if told is not None:
            return told
        return 1 if await self._facts.load_attempts(reach.card.name, pin.counter) == 1 else None

    async def learn(self, reach: Reach, verb: PinVerb, pin: Pin, result: VerifyPinResult) -> None:
        """Learn from how a verb ended. What UNBLOCK says of attempts is the PUK's, and never becomes the PIN's."""
        if verb is PinVerb.UNBLOCK:
            await self._learn_puk(reach, pin, result)
            if result.outcome in (PinOutcome.REJECTED, PinOutcome.BLOCKED):
                return
        if result.outcome is PinOutcome.DONE:
            await self.forget(reach.card.name, pin)
        elif verb is not PinVerb.VERIFY and result.outcome is PinOutcome.REJECTED:
            # A transport PIN is still one, and what was off is still off; only the tries are fewer.
            self._keeper.pin_forgotten(reach.card.name, pin)
            await self._keep(reach.card.name, pin, result.attempts_left)
        else:
            await self.entered(reach, pin, result)

    async def entered(self, reach: Reach, pin: Pin, result: VerifyPinResult) -> None:
        """Learn from how a PIN entry ended; an entry that was not made teaches nothing."""
        match result.outcome:
            case PinOutcome.VERIFIED | PinOutcome.ALREADY_VERIFIED:
                self.seen(reach, pin, PinStatus.VERIFIED, None)
                await self._keep(reach.card.name, pin, None)
            case PinOutcome.REJECTED:
                await self.refused(reach, pin, result.attempts_left)
            case PinOutcome.BLOCKED:
                self.seen(reach, pin, PinStatus.BLOCKED, result.attempts_left)
                await self._keep(reach.card.name, pin, 0)
            case PinOutcome.CARD_REMOVED | PinOutcome.OUTCOME_UNKNOWN:
                await self.forget(reach.card.name, pin)
            case _:
                pass

    async def refused(self, reach: Reach, pin: Pin, attempts_left: int | None) -> None:
        """Learn that a wrong PIN was typed."""
        self.seen(reach, pin, PinStatus.VERIFIABLE, attempts_left)
        await self._keep(reach.card.name, pin, attempts_left)

    async def forget(self, card: str, pin: Pin) -> None:
        """Forget a PIN's state and attempts: an entry may have been made, and nobody knows how it ended."""
        self._keeper.pin_forgotten(card, pin)
        await self._keep(card, pin, None)

    async def job_ended(self, job: Job) -> None:
        """Forget what a job whose outcome is unknown may have changed."""
        if job.state is JobState.OUTCOME_UNKNOWN:
            for card in _touched(job):
                for pin in Pin:
                    await self.forget(card, pin)

    async def _learn_puk(self, reach: Reach, pin: Pin, result: VerifyPinResult) -> None:
        """Keep the tries of a PUK: each entry spends one, a right one too, and none ever comes back."""
        if result.outcome not in (PinOutcome.REJECTED, PinOutcome.BLOCKED, PinOutcome.DONE):
            return
        left = 0 if result.outcome is PinOutcome.BLOCKED else result.attempts_left
        if left is None:
            left = await self._one_less(reach.card.name, pin)
        await self._keep(reach.card.name, pin, left, puk=True)

    async def _one_less(self, card: str, pin: Pin) -> int | None:
        """Return the tries of a PUK after one more was spent, as far as they are known."""
        try:
            kept = await self._facts.load_attempts(card, pin.counter, puk=True)
        except WorldError:
            return None
        return max(kept - 1, 0) if kept is not None else None

    async def _keep(self, card: str, pin: Pin, attempts_left: int | None, *, puk: bool = False) -> None:
        """Persist the attempts; a disk that refuses must not hide how an entry ended."""
        try:
            if await self._facts.load_attempts(card, pin.counter, puk=puk) != attempts_left:
                await self._facts.save_attempts(card, pin.counter, attempts_left, puk=puk)
        except WorldError as error:
            self._report("pin.attempts_not_kept", card=card, reason=error.failure.reason.value)


def _touched(job: Job) -> set[str]:
    """Return the cards whose PINs nobody knows of any more; a job on several cards names them in its steps."""
    steps = job.result.steps if isinstance(job.result, PinStepsResult) else ()
    cards = {step.card for step in steps if step.outcome is PinOutcome.OUTCOME_UNKNOWN}
    return cards or {job.card}

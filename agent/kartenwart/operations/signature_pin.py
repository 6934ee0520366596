"""PIN.QES before and after it is typed, for whatever asks for it: a signature, or the begin of a comfort session."""

from dataclasses import dataclass, replace

from kartenwart.domain.failures import Failure, Reason, WorldError
from kartenwart.domain.inventory import Pin, PinStatus
from kartenwart.domain.pins import refusal_before_entry
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.reach import Reach

# What a Konnektor answers that does not tell the state of PIN.QES; it is unknown then.
_UNTOLD = frozenset({Reason.KONNEKTOR_FAULT, Reason.CARD_TYPE_WRONG, Reason.KONNEKTOR_SERVICE_MISSING})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignaturePin:
    """PIN.QES of one HBA as one user reaches it."""

    memory: PinMemory
    reach: Reach

    async def refusal(self, *, accept_last: bool, accept_unknown: bool) -> Failure | None:
        """Return why nobody may be asked now, None where a person may be."""
        status, left = await self._state()
        attempts = await self.memory.attempts(self.reach, Pin.QES, left)
        return refusal_before_entry(status, attempts, accept_last=accept_last, accept_unknown=accept_unknown)

    async def entered(self) -> None:
        """Learn that it was right."""
        await self.memory.forget(self.reach.card.name, Pin.QES)

    async def learnt(self, error: WorldError) -> WorldError:
        """Keep what a failed call says of the PIN; after a wrong one say how many tries are left, if told."""
        if not error.sent:
            return error
        if error.failure.reason is Reason.PIN_REJECTED:
            left = await self._attempts_left(error.failure)
            await self.memory.refused(self.reach, Pin.QES, left)
            return WorldError(replace(error.failure, attempts_left=left), sent=True)
        if error.failure.reason not in (Reason.PIN_ABORTED, Reason.PIN_TIMED_OUT):
            await self.entered()
        return error

    async def _state(self) -> tuple[PinStatus, int | None]:
        """Return the state and the tries, as far as the Konnektor tells."""
        try:
            state = await self.memory.read(self.reach, Pin.QES)
        except WorldError as error:
            if error.failure.reason not in _UNTOLD:
                raise
            return PinStatus.UNKNOWN, None
        return state.status, state.attempts_left

    async def _attempts_left(self, rejected: Failure) -> int | None:
        """Return what the failure tells, else what the card tells when asked: people must know before they type."""
        if rejected.attempts_left is not None:
            return rejected.attempts_left
        try:
            return (await self.reach.port.pin_status(self.reach.call, Pin.QES)).attempts_left
        except WorldError:
            return None

"""The state of PINs, and people typing them at terminals. No PIN ever passes through here."""

from dataclasses import dataclass

from kartenwart.domain.catalogue import refused, wrong_field
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import Pin, PinState
from kartenwart.domain.jobs import Job, JobKind
from kartenwart.domain.pins import pins_of
from kartenwart.domain.principals import Caller
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.pad_watch import PadWatch
from kartenwart.operations.people import require_practice_card_of_technician
from kartenwart.operations.pin_entry import PinEntry
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.reach import Cards, Reach
from kartenwart.operations.work import ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyPinOrder:
    """What a caller asks: names are full, context and user are in its scope."""

    request_id: str
    card: str
    context: str
    pin: Pin
    user: str = ""
    force: bool = False
    accept_last_attempt: bool = False
    accept_unknown_attempts: bool = False


class Pins:
    """PIN verbs."""

    def __init__(
        self, *, jobs: Jobs, cards: Cards, contexts: Contexts, keeper: InventoryKeeper, memory: PinMemory
    ) -> None:
        self._jobs = jobs
        self._cards = cards
        self._contexts = contexts
        self._keeper = keeper
        self._memory = memory

    async def status(self, _caller: Caller, card: str, context: str, pin: Pin, user: str) -> PinState:
        """Ask the Konnektor for a PIN's state in a context; it stands in the picture afterwards."""
        reach = self._cards.reach(card, context, user, patients=True)
        _require_pin(reach, pin)
        async with self._cards.turn(reach):
            return await self._memory.read(reach, pin)

    async def verify(self, caller: Caller, order: VerifyPinOrder) -> Job:
        """Let a person type a PIN, as a job.

        CallerError INVALID_ARGUMENT (PIN.QES, or an HBA without a user), CARD_TYPE_WRONG, NOT_FOUND, ROLE_MISSING.
        """
        if order.pin is Pin.QES:
            raise wrong_field("pin", "Die Signatur-PIN (PIN.QES) wird nur beim Signieren abgefragt.")

        async def work() -> PinEntry:
            return self._entry(caller, order)

        return await self._jobs.start(caller, ticket(JobKind.VERIFY_PIN, order, self._contexts, card=order.card), work)

    def _entry(self, caller: Caller, order: VerifyPinOrder) -> PinEntry:
        reach = self._cards.reach(order.card, order.context, order.user)
        _require_pin(reach, order.pin)
        require_practice_card_of_technician(caller, reach.card)
        return PinEntry(
            cards=self._cards,
            reach=reach,
            pin=order.pin,
            force=order.force,
            accept_last=order.accept_last_attempt,
            accept_unknown=order.accept_unknown_attempts,
            memory=self._memory,
            watch=PadWatch(keeper=self._keeper, pads=self._cards.pads, reach=reach, pin=order.pin),
        )


def _require_pin(reach: Reach, pin: Pin) -> None:
    if pin not in pins_of(reach.card.type):
        raise refused(Reason.CARD_TYPE_WRONG)

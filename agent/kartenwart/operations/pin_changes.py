"""A PIN's life: changed, unblocked, switched on and off, by a person who types at a terminal. Each as a job."""

from dataclasses import dataclass

from kartenwart.domain.catalogue import refused, wrong_field
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import Job, JobKind, PinVerb
from kartenwart.domain.pins import Assent, verbs_of
from kartenwart.domain.ports.cards import PinWish
from kartenwart.domain.principals import Caller
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.people import require_practice_card_of_technician
from kartenwart.operations.pin_steps import PinSteps, PinTools, Planned
from kartenwart.operations.reach import Reach
from kartenwart.operations.work import ticket

VERBS = {
    JobKind.CHANGE_PIN: PinVerb.CHANGE,
    JobKind.UNBLOCK_PIN: PinVerb.UNBLOCK,
    JobKind.ENABLE_PIN: PinVerb.ENABLE,
    JobKind.DISABLE_PIN: PinVerb.DISABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PinOrder:
    """What a caller asks: names are full, context and user are in its scope.

    `transport_pin` counts for CHANGE_PIN: without a `pin` it means all transport PINs of the card, PIN.CH before
    PIN.QES. `set_new_pin` counts for UNBLOCK_PIN.
    """

    request_id: str
    card: str
    context: str
    pin: Pin | None
    user: str = ""
    transport_pin: bool = False
    set_new_pin: bool = False
    accept_last_attempt: bool = False
    accept_unknown_attempts: bool = False


class PinChanges:
    """Starts verbs on PINs."""

    def __init__(self, *, jobs: Jobs, contexts: Contexts, tools: PinTools) -> None:
        self._jobs = jobs
        self._contexts = contexts
        self._tools = tools

    async def start(self, caller: Caller, kind: JobKind, order: PinOrder) -> Job:
        """Let a person change, unblock, enable or disable a PIN, as a job.

        CallerError INVALID_ARGUMENT (no PIN named, or an HBA without a user), CARD_TYPE_WRONG, NOT_FOUND, ROLE_MISSING.
        """

        async def work() -> PinSteps:
            return self._steps(caller, VERBS[kind], order)

        return await self._jobs.start(caller, ticket(kind, order, self._contexts, card=order.card), work)

    def _steps(self, caller: Caller, verb: PinVerb, order: PinOrder) -> PinSteps:
        reach = self._tools.cards.reach(order.card, order.context, order.user, patients=True)
        require_practice_card_of_technician(caller, reach.card)
        wishes = [PinWish(verb=verb, pin=pin, set_new_pin=order.set_new_pin) for pin in _pins(reach, verb, order)]
        if any(verb not in verbs_of(reach.card.type, wish.pin) for wish in wishes):
            raise refused(Reason.CARD_TYPE_WRONG)
        return PinSteps(
            tools=self._tools,
            plan=[Planned(reach=reach, wish=wish) for wish in wishes],
            assent=Assent(
                last_attempt=order.accept_last_attempt,
                unknown_attempts=order.accept_unknown_attempts,
                transport_pin=order.transport_pin,
            ),
        )


def _pins(reach: Reach, verb: PinVerb, order: PinOrder) -> tuple[Pin, ...]:
    """Return which PINs are meant: the one that was named, or all transport PINs in their order."""
    if order.pin is not None:
        return (order.pin,)
    if verb is PinVerb.CHANGE and order.transport_pin and reach.card.type.is_practice:
        return (Pin.SMC,)
    if verb is PinVerb.CHANGE and order.transport_pin and reach.card.type.is_person:
        return (Pin.CH, Pin.QES)
    raise wrong_field("pin", "Die PIN muss genannt werden; sie darf nur beim Ersetzen von Transport-PINs fehlen.")

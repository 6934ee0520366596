"""Unlock for everybody: in one job, the practice's cards in each of its contexts that needs it.

A PIN belongs to (card, context): who unlocks the card for the PVS has not unlocked it for KIM. So each context is
looked at, and one PIN is asked for each that is not verified. A job keeps to one mandant: practices that share premises
see nothing of each other.
"""

from dataclasses import dataclass

from kartenwart.domain.catalogue import halted, refused
from kartenwart.domain.failures import AgentError, Reason
from kartenwart.domain.inventory import Context, Pin
from kartenwart.domain.jobs import Job, JobKind, PinVerb
from kartenwart.domain.pins import Assent
from kartenwart.domain.ports.cards import PinWish
from kartenwart.domain.principals import Caller
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.pin_steps import PinSteps, PinTools, Planned
from kartenwart.operations.work import ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockOrder:
    """What a caller asks: the contexts of its scope that are of `context`'s mandant, or that one alone; `card` may be
    empty for all practice cards that they reach."""

    request_id: str
    context: str
    only_this_context: bool = False
    card: str = ""
    accept_last_attempt: bool = False
    accept_unknown_attempts: bool = False


class Unlocking:
    """Starts guided unlocking."""

    def __init__(self, *, jobs: Jobs, contexts: Contexts, tools: PinTools) -> None:
        self._jobs = jobs
        self._contexts = contexts
        self._tools = tools

    async def start(self, caller: Caller, order: UnlockOrder) -> Job:
        """Let people unlock the practice's cards, context by context, as one job.

        CallerError NOT_FOUND (context, or no practice card within reach of its contexts), CARD_TYPE_WRONG; WorldError
        AGENT_UNAVAILABLE while a card has just been inserted: not all contexts that reach it are known then.
        """

        async def work() -> PinSteps:
            return self._steps(caller, order)

        wanted = ticket(JobKind.UNLOCK_PRACTICE_CARDS, order, self._contexts, card=order.card)
        return await self._jobs.start(caller, wanted, work)

    def _steps(self, caller: Caller, order: UnlockOrder) -> PinSteps:
        wish = PinWish(verb=PinVerb.VERIFY, pin=Pin.SMC)
        plan = [
            Planned(reach=self._tools.cards.reach(card, context.name, ""), wish=wish)
            for card, context in self._places(caller, order)
        ]
        if not plan:
            raise self._nothing_there(order)
        assent = Assent(last_attempt=order.accept_last_attempt, unknown_attempts=order.accept_unknown_attempts)
        return PinSteps(tools=self._tools, plan=plan, assent=assent, passes_over=True)

    def _places(self, caller: Caller, order: UnlockOrder) -> list[tuple[str, Context]]:
        """Return which card in which context, card by card: whoever has its PIN letter at hand types it in a row."""
        anchor = self._contexts.get(order.context)
        contexts = [anchor] if order.only_this_context else self._contexts.visible(caller)
        inventory = self._tools.keeper.picture.inventory
        cards = [card for card in inventory.cards if order.card in ("", card.name)]
        if order.card and cards and not cards[0].type.is_practice:
            raise refused(Reason.CARD_TYPE_WRONG)
        if any(card.type.is_practice and not card.confirmed for card in cards):
            raise halted(Reason.AGENT_UNAVAILABLE)
        return [
            (card.name, context)
            for card in cards
            for context in contexts
            if card.type.is_practice
            and context.mandant == anchor.mandant
            and context.name in card.contexts
            and card.handle(context.konnektor)
        ]

    def _nothing_there(self, order: UnlockOrder) -> AgentError:
        """Return why there is nothing to unlock: before a poll has looked that is nobody's mistake, and passes."""
        inventory, context = self._tools.keeper.picture.inventory, self._contexts.get(order.context)
        konnektor, service = inventory.konnektor(context.konnektor), inventory.reader_service
        looked = konnektor is not None and konnektor.last_confirmed is not None
        looked = looked or (context.at_readers and service is not None and service.seen)
        return refused(Reason.NOT_FOUND) if looked else halted(Reason.AGENT_UNAVAILABLE)

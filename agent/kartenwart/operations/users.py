"""Users, and binding one to an HBA: only after its PIN.CH was typed for this very purpose."""

from collections.abc import Sequence
from dataclasses import dataclass

from kartenwart.domain.audit import AuditEntry
from kartenwart.domain.catalogue import failure, refused, wrong_field
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import BindUserResult, Job, JobKind, JobState, JobStep, PinOutcome, VerifyPinResult
from kartenwart.domain.ports.cards import BeforeSend
from kartenwart.domain.principals import USER_ID, Caller, User, is_label
from kartenwart.operations.audit import Audit
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.locks import Claims
from kartenwart.operations.pad_watch import PadWatch
from kartenwart.operations.people import People
from kartenwart.operations.pin_entry import PinEntry
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.reach import Cards
from kartenwart.operations.work import Ending, Tell, ticket

MOST_USERS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class BindUserOrder:
    """What a caller asks: names are full, context and user are in its scope."""

    request_id: str
    user: str
    card: str
    context: str
    accept_last_attempt: bool = False
    accept_unknown_attempts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The work of BindUser: a PIN entry that always asks, then the binding."""

    caller: Caller
    entry: PinEntry
    people: People
    audit: Audit

    @property
    def claims(self) -> Claims:
        """Hold what the entry holds."""
        return self.entry.claims

    @property
    def detail(self) -> str:
        """Return who is bound by which PIN."""
        return f"{self.entry.reach.user} {self.entry.detail}"

    async def check(self) -> Ending | None:
        """Check as for any entry."""
        return await self.entry.check()

    async def prepare(self) -> str:
        """A PIN entry has no job number."""
        return await self.entry.prepare()

    async def send(self, before_send: BeforeSend, tell: Tell) -> VerifyPinResult:
        """Let the person type."""
        return await self.entry.send(before_send, tell)

    async def conclude(self, answer: VerifyPinResult, tell: Tell) -> Ending:
        """Bind on VERIFIED only: somebody typed the PIN just now."""
        ending = await self.entry.conclude(answer, tell)
        if ending.state is not JobState.SUCCEEDED:
            return Ending(state=ending.state, failure=ending.failure)
        if answer.outcome is not PinOutcome.VERIFIED:
            return Ending(state=JobState.FAILED, failure=failure(Reason.PIN_NOT_VERIFIED))
        try:
            await self._bound()
        except Exception:
            tell(JobStep.PIN_ENTRY_FINISHED, "Die PIN war richtig, aber die Bindung wurde nicht ganz gespeichert.")
            raise
        reach = self.entry.reach
        return Ending(state=JobState.SUCCEEDED, result=BindUserResult(user=reach.user, card=reach.card.name))

    async def _bound(self) -> None:
        reach = self.entry.reach
        await self.people.bind(reach.user, reach.card.name, reach.context.mandant)
        await self.audit.record(
            AuditEntry(
                actor=self.caller.name,
                action="user.bound",
                subject=reach.user,
                outcome="OK",
                context=reach.context.name,
                mandant=reach.context.mandant,
                detail=reach.card.name,
            )
        )

    async def stop(self, tell: Tell) -> None:
        """Nothing to do, as for any entry."""
        await self.entry.stop(tell)

    def unanswered(self) -> None:
        """Nobody is bound."""


class Users:
    """User verbs."""

    def __init__(
        self,
        *,
        people: People,
        jobs: Jobs,
        cards: Cards,
        contexts: Contexts,
        keeper: InventoryKeeper,
        memory: PinMemory,
        audit: Audit,
    ) -> None:
        self._people = people
        self._jobs = jobs
        self._cards = cards
        self._contexts = contexts
        self._keeper = keeper
        self._memory = memory
        self._audit = audit

    async def list(self, caller: Caller) -> Sequence[User]:
        """Return the users of the caller's scope, sorted by name; for a technician those of its mandants."""
        return self._people.visible(caller)

    def get(self, name: str) -> User:
        """Return a user; CallerError NOT_FOUND."""
        return self._people.get(name)

    async def create(self, caller: Caller, user_id: str, label: str) -> User:
        """Make "users/{user_id}"; CallerError INVALID_ARGUMENT, CONFLICT, LIMIT_EXCEEDED."""
        if not USER_ID.fullmatch(user_id):
            raise wrong_field("user_id", "Erlaubt sind 1 bis 40 Zeichen aus a-z, 0-9 und „-“.")
        if not is_label(label):
            raise wrong_field("label", "Erlaubt sind 1 bis 60 druckbare Zeichen.")
        if len(self._people.all()) >= MOST_USERS:
            raise refused(Reason.LIMIT_EXCEEDED)
        return await self._people.create(f"users/{user_id}", label, caller.mandants or frozenset())

    async def bind(self, caller: Caller, order: BindUserOrder) -> Job:
        """Bind a user to an HBA, as a job that always asks for PIN.CH. CallerError CARD_TYPE_WRONG, NOT_FOUND."""

        async def work() -> Binding:
            return self._binding(caller, order)

        return await self._jobs.start(caller, ticket(JobKind.BIND_USER, order, self._contexts, card=order.card), work)

    def _binding(self, caller: Caller, order: BindUserOrder) -> Binding:
        reach = self._cards.reach(order.card, order.context, order.user)
        if not reach.card.type.is_person:
            raise refused(Reason.CARD_TYPE_WRONG)
        entry = PinEntry(
            cards=self._cards,
            reach=reach,
            pin=Pin.CH,
            force=True,
            accept_last=order.accept_last_attempt,
            accept_unknown=order.accept_unknown_attempts,
            memory=self._memory,
            watch=PadWatch(keeper=self._keeper, pads=self._cards.pads, reach=reach, pin=Pin.CH),
        )
        return Binding(caller=caller, entry=entry, people=self._people, audit=self._audit)

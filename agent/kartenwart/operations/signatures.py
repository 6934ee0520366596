"""Signatures: what a caller may be wrong about is told at once, before a job is made or anyone is asked."""

from dataclasses import dataclass

from kartenwart.domain.catalogue import wrong_field
from kartenwart.domain.comfort import PersonAssertion
from kartenwart.domain.documents import DocumentToSign
from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import Job, JobKind
from kartenwart.domain.principals import Caller
from kartenwart.operations.assertions import Assertions
from kartenwart.operations.contexts import Contexts, require_konnektor
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.pad_watch import PadWatch
from kartenwart.operations.people import People
from kartenwart.operations.reach import Reach
from kartenwart.operations.signable import Signable
from kartenwart.operations.signing import Signing, SigningTools
from kartenwart.operations.work import ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class SignDocumentsOrder:
    """What a caller asks: names are full, context and user are in its scope."""

    request_id: str
    card: str
    context: str
    user: str
    documents: tuple[DocumentToSign, ...]
    accept_last_attempt: bool = False
    accept_unknown_attempts: bool = False
    comfort: PersonAssertion | None = None


class Signatures:
    """Signature verbs."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        contexts: Contexts,
        people: People,
        keeper: InventoryKeeper,
        signable: Signable,
        assertions: Assertions,
        tools: SigningTools,
    ) -> None:
        self._jobs = jobs
        self._contexts = contexts
        self._people = people
        self._keeper = keeper
        self._signable = signable
        self._assertions = assertions
        self._tools = tools

    async def sign(self, caller: Caller, order: SignDocumentsOrder) -> Job:
        """Let a card sign documents, as a job.

        CallerError INVALID_ARGUMENT, NOT_FOUND, CARD_TYPE_WRONG, ROLE_MISSING, USER_NOT_BOUND, CONFLICT (a document
        is being signed already) and the DOCUMENT families.
        """

        async def work() -> Signing:
            return await self._signing(caller, order)

        names = tuple(one.document for one in order.documents)
        wanted = ticket(JobKind.SIGN_DOCUMENTS, order, self._contexts, card=order.card, documents=names)
        return await self._jobs.start(caller, wanted, work)

    async def _signing(self, caller: Caller, order: SignDocumentsOrder) -> Signing:
        reach = self._reach(caller, order)
        documents = await self._signable.checked(caller, order.documents, reach.card.type)
        if order.comfort is not None:
            await self._accept(caller, reach, order.comfort)
        asks = reach.card.type.is_person and order.comfort is None
        return Signing(
            tools=self._tools,
            reach=reach,
            documents=documents,
            assertion=order.comfort,
            accept_last=order.accept_last_attempt,
            accept_unknown=order.accept_unknown_attempts,
            watch=PadWatch(
                keeper=self._keeper,
                pads=self._tools.cards.pads,
                reach=reach,
                pin=Pin.QES if asks else None,
            ),
        )

    async def _accept(self, caller: Caller, reach: Reach, assertion: PersonAssertion) -> None:
        """Use the assertion up; what a caller can be wrong about besides has been checked before."""
        if not reach.card.type.is_person:
            raise wrong_field("comfort", "Komfortsignaturen gibt es nur mit dem Heilberufsausweis.")
        await self._assertions.accept(caller, reach.user, assertion)

    def _reach(self, caller: Caller, order: SignDocumentsOrder) -> Reach:
        """Return the card; a doctor's card signs for its own user only."""
        require_konnektor(self._contexts.get(order.context))
        reach = self._tools.cards.reach(order.card, order.context, order.user)
        self._people.require_own_card(caller, order.user, reach.card)
        return reach

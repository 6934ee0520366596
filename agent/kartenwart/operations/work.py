"""What one kind of job brings along; order, durability and locks are the runner's business."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeVar

from kartenwart.domain.failures import Failure
from kartenwart.domain.jobs import JobKind, JobResult, JobState, JobStep
from kartenwart.domain.ports.cards import BeforeSend
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.locks import Claims

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What identifies and describes a job before any of its rules is checked."""

    kind: JobKind
    request_id: str
    payload_hash: str
    context: str
    mandant: str
    back_end: str
    card: str
    documents: tuple[str, ...] = ()


class Order(Protocol):
    """What a caller asks, as a frozen dataclass: all of it but the request_id is what its payload hash is of."""

    @property
    def request_id(self) -> str: ...

    @property
    def context(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a job ends."""

    state: JobState
    failure: Failure | None = None
    result: JobResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One verb of several is done and another follows: what has come out so far."""

    result: JobResult


class Tell(Protocol):
    """Tells those who watch a job of a step; the text is German."""

    def __call__(
        self, step: JobStep, text: str, *, terminal: str = "", terminal_label: str = "", expected: bool = False
    ) -> None: ...


class Work(Protocol[Answer]):
    """One job's own part. Raising an AgentError anywhere ends the job with its failure.

    A job of several verbs is several rounds of check, prepare, send and conclude, each with its own claims; it goes on
    for as long as `conclude` returns a Round, and keeps the result of the last one however it ends.
    """

    @property
    def claims(self) -> Claims:
        """Return what must be held while the call is on the wire."""
        ...

    @property
    def detail(self) -> str:
        """Return what the audit keeps beside the card, e.g. a document's hash."""
        ...

    async def check(self) -> Ending | Round | None:
        """Check the rules before anyone is asked, again after a wait; an ending where nothing needs to be sent.

        A Round where nothing needs to be sent in this round, and another one follows.
        """
        ...

    async def prepare(self) -> str:
        """Get ready with the card held; return the Konnektor's job number, empty where none."""
        ...

    async def send(self, before_send: BeforeSend, tell: Tell) -> Answer:
        """Send the one verb, once."""
        ...

    async def stop(self, tell: Tell) -> None:
        """Ask the Konnektor to stop what is on the wire, where it can; asked at most once per round."""
        ...

    async def conclude(self, answer: Answer, tell: Tell) -> Ending | Round:
        """Judge the answer; the card is free again."""
        ...

    def unanswered(self) -> JobResult | None:
        """Return the result where the verb was sent and its answer never comes; asked before it is sent, and after."""
        ...


def ticket(kind: JobKind, order: Order, contexts: Contexts, *, card: str, documents: tuple[str, ...] = ()) -> Ticket:
    """Return the ticket of an order; CallerError NOT_FOUND where its context is unknown."""
    return Ticket(
        kind=kind,
        request_id=order.request_id,
        payload_hash=payload_hash(kind, order),
        context=order.context,
        mandant=contexts.get(order.context).mandant,
        back_end=contexts.get(order.context).konnektor,
        card=card,
        documents=documents,
    )


def payload_hash(kind: JobKind, order: Any) -> str:
    """Return the SHA-256 (hex) over an order in canonical JSON, without its request_id."""
    fields = asdict(order)
    del fields["request_id"]
    text = json.dumps({"kind": kind.value, "order": fields}, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()

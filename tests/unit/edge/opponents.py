"""Small honest opponents for the edge: a registry, an audit, a clock and services in memory; and an edge among them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from google.protobuf.message import Message

from kartenwart.domain.audit import AuditEntry
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.principals import Role, Scope, Workstation
from kartenwart.edge.call import Call
from kartenwart.edge.descriptors import Rpc, message_class, rpcs
from kartenwart.edge.edge import Edge
from kartenwart.edge.limits import Limits
from kartenwart.edge.methods import Method
from kartenwart.edge.principals import Kind, Principal, Principals
from kartenwart.edge.shared import Reply
from kartenwart.edge.validation import violations
from tests.unit.edge.pki import Leaf, Site

CONTEXTS = ("contexts/empfang", "contexts/labor")
MANDANTS = {"contexts/empfang": "m1", "contexts/labor": "m2"}


class SetClock:
    """Real time plus what a test adds."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return monotonic() + self.ahead.total_seconds()


@dataclass
class MemoryRegistry:
    """Workstations by key, as operations/workstations.py shows them to the edge."""

    by: dict[str, Workstation] = field(default_factory=dict)
    callbacks: list[Callable[[Workstation], None]] = field(default_factory=list)

    def by_key(self, key_sha256: str) -> Workstation | None:
        return self.by.get(key_sha256)

    def on_rights_changed(self, callback: Callable[[Workstation], None]) -> None:
        self.callbacks.append(callback)

    def add(self, leaf: Leaf, role: Role, scope: Scope | None = None, name: str = "workstations/w-1") -> Workstation:
        now = datetime.now(UTC)
        made = Workstation(
            name=name,
            label="Empfang",
            role=role,
            scope=scope or Scope(contexts=CONTEXTS[:1], users=("users/arzt1",)),
            key_sha256=leaf.key_sha256,
            enrolled_at=now,
            expires_at=now + timedelta(days=90),
        )
        self.by[leaf.key_sha256] = made
        return made

    def change(self, workstation: Workstation, **changes: Any) -> None:
        changed = replace(workstation, **changes)
        self.by[workstation.key_sha256] = changed
        for callback in self.callbacks:
            callback(changed)


@dataclass
class MemoryAudit:
    """The audit as a list; `broken` makes the disk refuse."""

    entries: list[AuditEntry] = field(default_factory=list)
    broken: bool = False

    async def record(self, entry: AuditEntry) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise WorldError(failure(Reason.STORE_FAILED))
        self.entries.append(entry)


Behaviour = Callable[[Any, Call], Awaitable[Reply]]
Stream = Callable[[Any, Call], AsyncIterator[Reply]]


class OpenService:
    """Answers every RPC of a service with an empty response, or as a test says."""

    def __init__(self, service: str, said: dict[str, Any]) -> None:
        for rpc in rpcs():
            if rpc.service == service:
                setattr(self, rpc.attribute, said.get(rpc.method) or (_pour if rpc.streams else _answer)(rpc))


def _answer(rpc: Rpc) -> Behaviour:
    kind = message_class(rpc.response)

    async def answer(_request: Message, _call: Call) -> Reply:
        return kind()

    return answer


def _pour(rpc: Rpc) -> Stream:
    kind = message_class(rpc.response)

    async def pour(_request: Message, _call: Call) -> AsyncIterator[Reply]:
        yield kind()
        await asyncio.sleep(3600)

    return pour


@dataclass
class Practice:
    """An edge with everything around it in memory; `said` is what services answer, by method name; `late`: none yet."""

    site: Site = field(default_factory=Site)
    registry: MemoryRegistry = field(default_factory=MemoryRegistry)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    clock: SetClock = field(default_factory=SetClock)
    said: dict[str, Any] = field(default_factory=dict)
    reports: list[dict[str, Any]] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    grace: float = 5.0
    late: bool = False

    def __post_init__(self) -> None:
        principals = Principals(
            registry=self.registry,
            mandants_of=lambda names: frozenset(MANDANTS[name] for name in names if name in MANDANTS),
            contexts=CONTEXTS,
            clock=self.clock,
        )
        self.edge = Edge(
            principals=principals,
            audit=self.audit,
            mandant_of=lambda name: MANDANTS.get(name, ""),
            clock=self.clock,
            report=self.report,
            limits=self.limits,
            grace=self.grace,
        )
        self.methods = self.edge.methods
        if not self.late:
            self.services_arrive()

    def services_arrive(self) -> None:
        """From now on every service answers."""
        self.edge.bind({rpc.service: OpenService(rpc.service, self.said) for rpc in rpcs()}, violations)

    def report(self, event: str, *, level: str = "info", **fields: object) -> None:
        self.reports.append({"event": event, "level": level, **fields})

    def method(self, name: str) -> Method:
        """The method whose full name ends with `name`, e.g. "CardService/ListCards"."""
        return next(method for full, method in self.methods.items() if full.endswith(f".{name}"))


class PresentSource:
    """A call that is already here: a principal and a message."""

    def __init__(self, principal: Principal | Exception, message: Message | Exception, peer: str = "127.0.0.1") -> None:
        self._principal = principal
        self._message = message
        self.peer = peer

    def principal(self) -> Principal:
        if isinstance(self._principal, Exception):
            raise self._principal
        return self._principal

    async def request(self, _kind: type[Message], _most: int) -> Any:
        if isinstance(self._message, Exception):
            raise self._message
        return self._message


def principal(
    role: Role | None, *, scope: Scope | None = None, kind: Kind = Kind.CERTIFICATE, **changes: Any
) -> Principal:
    """A principal of a role."""
    made = Principal(
        name="workstations/w-1",
        role=role,
        scope=scope or Scope(contexts=CONTEXTS[:1], users=("users/arzt1",)),
        mandants=frozenset({"m1"}),
        kind=kind,
        expires_at=None,
        key="workstations/w-1",
    )
    return replace(made, **changes)

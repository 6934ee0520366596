"""The real operations over ports in memory, with the real site, behind the real services and the edge."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from kartenwart.adapters.site import Site
from kartenwart.domain.principals import Role, Scope
from kartenwart.edge.edge import Edge
from kartenwart.edge.metrics import Metrics
from kartenwart.edge.principals import Kind, Principal, Principals
from kartenwart.edge.services.building import build_services
from kartenwart.edge.services.operations import Operations
from kartenwart.edge.shared import Shared
from kartenwart.edge.validation import violations
from kartenwart.operations.enrolment import Enrolments
from kartenwart.operations.readers import ReaderOperations
from kartenwart.operations.system import SystemFacts
from kartenwart.operations.time import TrustedTime
from kartenwart.operations.workstations import Workstations
from tests.unit.edge.opponents import PresentSource, principal
from tests.unit.operations.practice import CONTEXTS, DESK, Practice

VERSION = "0.1.0"


class House:
    """Calls services as rpc and door do, as any principal."""

    def __init__(self, folder: Path, metrics: Metrics | None = None) -> None:
        self.practice = practice = Practice()
        self.site = Site.open(folder / "site", datetime.now(UTC))
        self.clock = TrustedTime(clock=practice.clock, facts=practice.store)
        self.workstations = Workstations(
            store=practice.store,
            authority=self.site,
            contexts=practice.contexts,
            people=practice.people,
            clock=self.clock,
        )
        self.enrolments = Enrolments(
            authority=self.site, workstations=self.workstations, store=practice.store, clock=self.clock
        )
        self.operations = self._all_operations()
        self.edge = Edge(
            principals=Principals(
                registry=self.workstations,
                mandants_of=practice.contexts.mandants_of,
                contexts=tuple(CONTEXTS),
                clock=self.clock,
            ),
            audit=practice.audit,
            mandant_of=lambda name: CONTEXTS[name].mandant if name in CONTEXTS else "",
            clock=self.clock,
            report=self.report,
            metrics=metrics,
        )
        self.edge.bind(build_services(self.operations), violations)
        self.methods = self.edge.methods

    def _all_operations(self) -> Operations:
        practice = self.practice
        return Operations(
            audit=practice.audit,
            authentications=practice.authentications,
            card_requests=practice.card_requests,
            insertions=practice.insertions,
            patient_cards=practice.patient_cards,
            certificate_surveys=practice.certificate_surveys,
            certificates=practice.certificates,
            comfort=practice.comfort,
            contexts=practice.contexts,
            documents=practice.documents,
            encryptions=practice.encryptions,
            enrolments=self.enrolments,
            events=practice.events,
            information_models=practice.information_models,
            inventory=practice.keeper,
            jobs=practice.jobs,
            people=practice.people,
            pin_changes=practice.pin_changes,
            pin_matrix=practice.pin_matrix,
            pins=practice.pins,
            unlocking=practice.unlocking,
            readers=ReaderOperations(keeper=practice.keeper, locks=practice.locks, usb={}),
            signature_journal=practice.signature_journal,
            signatures=practice.signatures,
            system=self.facts,
            users=practice.users,
            verifications=practice.verifications,
            workstations=self.workstations,
            root_der=self.site.root_der,
        )

    def report(self, event: str, *, level: str = "info", **fields: object) -> None:
        self.practice.report(event, level=level, **fields)

    def facts(self) -> SystemFacts:
        return SystemFacts(
            box_id=self.site.box_id,
            fingerprint=self.site.fingerprint,
            version=VERSION,
            started_at=self.practice.clock.now(),
            clock_trusted=self.clock.clock_trusted,
        )

    async def call(self, name: str, request: Message, who: Principal) -> Any:
        """Answer a call; `name` e.g. "CardService/ListCards"."""
        method = next(method for full, method in self.methods.items() if full.endswith(f".{name}"))
        reply = await self.edge.unary(method, PresentSource(who, request), None)
        return reply.message if isinstance(reply, Shared) else reply

    def pour(self, name: str, request: Message, who: Principal) -> AsyncGenerator[Any, None]:
        """Return what a stream's service yields."""
        method = next(method for full, method in self.methods.items() if full.endswith(f".{name}"))
        call = self.edge._call(method, PresentSource(who, request), who, None)
        replies: AsyncGenerator[Any, None] = method.handler(request, call)
        return replies


def desk(role: Role = Role.SIGNER, name: str = "workstations/w-1") -> Principal:
    """Somebody at the desk of mandant m1."""
    scope = Scope(contexts=(DESK,), users=("users/arzt1",))
    return principal(role, scope=scope, name=name, key=name)


def neighbour(role: Role = Role.SIGNER) -> Principal:
    """Somebody of the other practice on the same premises."""
    scope = Scope(contexts=("contexts/nachbar",))
    return principal(role, scope=scope, name="workstations/w-2", key="w-2", mandants=frozenset({"m2"}))


def at_the_box() -> Principal:
    """The technician at the box itself."""
    scope = Scope(contexts=tuple(CONTEXTS), everything=True)
    return principal(Role.TECHNICIAN, scope=scope, name="local/technik", key="local", mandants=None, kind=Kind.LOCAL)

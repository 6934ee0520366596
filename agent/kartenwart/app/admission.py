"""What every call is held against, read from the store before the box listens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from kartenwart import __version__
from kartenwart.adapters.journal import Report
from kartenwart.adapters.site import Site
from kartenwart.adapters.store import Store
from kartenwart.app.contexts import contexts
from kartenwart.edge.edge import Edge
from kartenwart.edge.principals import Principals
from kartenwart.edge.services.system import SystemService
from kartenwart.operations.audit import Audit
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.people import People
from kartenwart.operations.system import SystemFacts
from kartenwart.operations.time import TrustedTime
from kartenwart.operations.workstations import Workstations
from kartenwart.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Who may call and what is written of it, and who this box is: all that is needed to answer the first call."""

    contexts: Contexts
    people: People
    workstations: Workstations
    audit: Audit
    system: Callable[[], SystemFacts]

    @classmethod
    async def load(cls, settings: Settings, store: Store, site: Site, clock: TrustedTime) -> Self:
        """Read it from the store. Raises WorldError STORE_FAILED."""
        known = Contexts(contexts=contexts(settings))
        people = People(store=store.workstations, clock=clock)
        await people.load()
        workstations = Workstations(
            store=store.workstations, authority=site, contexts=known, people=people, clock=clock
        )
        await workstations.load()
        return cls(
            contexts=known,
            people=people,
            workstations=workstations,
            audit=Audit(store=store.audit),
            system=_facts(site, clock),
        )

    def edge(self, settings: Settings, clock: TrustedTime, report: Report) -> Edge:
        """Return the edge that admits by this."""
        known = contexts(settings)
        principals = Principals(
            registry=self.workstations,
            mandants_of=self.contexts.mandants_of,
            contexts=tuple(sorted(known)),
            clock=clock,
        )
        mandants = {name: context.mandant for name, context in known.items()}
        return Edge(
            principals=principals,
            audit=self.audit,
            mandant_of=lambda name: mandants.get(name, ""),
            clock=clock,
            report=report,
        )

    def services(self) -> dict[str, object]:
        """Return the services that answer as soon as the box listens; all others follow (app/building.py)."""
        return {"kartenwart.api.system.v1.SystemService": SystemService(system=self.system, people=self.people)}


def _facts(site: Site, clock: TrustedTime) -> Callable[[], SystemFacts]:
    started = clock.now()

    def facts() -> SystemFacts:
        return SystemFacts(
            box_id=site.box_id,
            fingerprint=site.fingerprint,
            version=__version__,
            started_at=started,
            clock_trusted=clock.clock_trusted,
        )

    return facts

"""What the operations stand on: the parts they are built of, and what they share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kartenwart.adapters.journal import Report
from kartenwart.adapters.signatures import DerCertificateReader, MathSignatureChecker
from kartenwart.adapters.site import Site
from kartenwart.adapters.store import Store
from kartenwart.adapters.vault import DocumentVault
from kartenwart.app.admission import Admission
from kartenwart.domain.comfort import EndWarning
from kartenwart.domain.ports.konnektor import KonnektorPort
from kartenwart.domain.ports.readers import ReaderPort, UsbWatch
from kartenwart.operations.comfort_sessions import ComfortSessions
from kartenwart.operations.documents import Documents
from kartenwart.operations.events import EventRing
from kartenwart.operations.handing_out import HandingOut
from kartenwart.operations.insertions import Insertions
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.locks import CardLocks, Limits
from kartenwart.operations.names import ResourceNames
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.pin_steps import PinTools
from kartenwart.operations.reach import Cards
from kartenwart.operations.signing import SigningTools
from kartenwart.operations.time import TrustedTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is there before the operations: store, vault, identity, time, admission, Konnektoren.

    `names` are those of all Konnektoren, `limits` what each may be asked at once; `konnektors` may be filled later, it
    is asked only for what a poll has found, and so may `readers`, which has the box's own under
    READERS, and `usb`, where they are plugged in.
    """

    store: Store
    vault: DocumentVault
    site: Site
    clock: TrustedTime
    admission: Admission
    names: Sequence[str]
    limits: Mapping[str, Limits]
    konnektors: Mapping[str, KonnektorPort]
    readers: Mapping[str, ReaderPort]
    readers_enabled: bool
    usb: Mapping[str, UsbWatch]
    comfort_warning: EndWarning
    rsa_until: date
    report: Report
    enrolment_changed: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the operations share: picture, jobs, documents, cards and what is known of their PINs and sessions."""

    names: ResourceNames
    events: EventRing
    keeper: InventoryKeeper
    locks: CardLocks
    jobs: Jobs
    documents: Documents
    memory: PinMemory
    sessions: ComfortSessions
    cards: Cards
    insertions: Insertions
    pin_tools: PinTools
    tools: SigningTools


def lay(parts: Parts) -> Shared:
    """Build what the operations share."""
    clock, admission = parts.clock, parts.admission
    names, events, locks = ResourceNames(parts.site.name_secret), EventRing(), CardLocks()
    keeper = InventoryKeeper(
        names=names,
        contexts=admission.contexts,
        konnektors=parts.names,
        events=events,
        clock=clock,
        readers=parts.readers_enabled,
    )
    jobs = Jobs(
        store=parts.store.jobs,
        clock=clock,
        locks=locks,
        lost=admission.workstations.lost,
        report=parts.report,
    )
    memory = PinMemory(keeper=keeper, facts=parts.store.facts, clock=clock, report=parts.report)
    jobs.on_end(memory.job_ended)
    sessions = ComfortSessions(clock=clock, events=events, warning=parts.comfort_warning)
    cards = Cards(
        keeper=keeper,
        contexts=admission.contexts,
        people=admission.people,
        konnektors=parts.konnektors,
        readers=parts.readers,
        locks=locks,
        limits=parts.limits,
        sessions=sessions,
    )
    documents = Documents(vault=parts.vault, jobs=jobs, clock=clock)
    return Shared(
        names=names,
        events=events,
        keeper=keeper,
        locks=locks,
        jobs=jobs,
        documents=documents,
        memory=memory,
        sessions=sessions,
        cards=cards,
        insertions=Insertions(keeper),
        pin_tools=PinTools(cards=cards, keeper=keeper, memory=memory),
        tools=_signing_tools(parts, cards, documents, memory, sessions),
    )


def _signing_tools(
    parts: Parts, cards: Cards, documents: Documents, memory: PinMemory, sessions: ComfortSessions
) -> SigningTools:
    handing_out = HandingOut(documents=documents, checker=MathSignatureChecker(), report=parts.report)
    return SigningTools(
        cards=cards,
        documents=documents,
        memory=memory,
        reader=DerCertificateReader(),
        handing_out=handing_out,
        sessions=sessions,
    )

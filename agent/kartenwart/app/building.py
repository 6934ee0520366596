"""The operations with their ports: loaded and built while gRPC serves already."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kartenwart.adapters.journal import Report
from kartenwart.adapters.signatures import DerCertificateReader, MathSignatureChecker, PdfInspector
from kartenwart.adapters.site import Site
from kartenwart.adapters.store import Store
from kartenwart.adapters.vault import DocumentVault
from kartenwart.app import card_keys
from kartenwart.app.admission import Admission
from kartenwart.domain.comfort import EndWarning
from kartenwart.domain.ports.konnektor import KonnektorPort
from kartenwart.edge.services.operations import Operations
from kartenwart.operations.assertions import Assertions
from kartenwart.operations.card_requests import CardRequests
from kartenwart.operations.certificate_survey import CertificateSurveys
from kartenwart.operations.certificates import Certificates
from kartenwart.operations.comfort import Comfort
from kartenwart.operations.comfort_sessions import ComfortSessions
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.documents import Documents
from kartenwart.operations.enrolment import Enrolments
from kartenwart.operations.events import EventRing
from kartenwart.operations.handing_out import HandingOut
from kartenwart.operations.information_model import InformationModels
from kartenwart.operations.insertions import Insertions
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.locks import CardLocks, Limits
from kartenwart.operations.names import ResourceNames
from kartenwart.operations.online_checks import OnlineChecks
from kartenwart.operations.patient_cards import PatientCards
from kartenwart.operations.pin_changes import PinChanges
from kartenwart.operations.pin_matrix import PinMatrix
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.pin_steps import PinTools
from kartenwart.operations.pins import Pins
from kartenwart.operations.reach import Cards
from kartenwart.operations.readiness import Readiness
from kartenwart.operations.signable import Signable
from kartenwart.operations.signature_journal import SignatureJournal
from kartenwart.operations.signatures import Signatures
from kartenwart.operations.signing import SigningTools
from kartenwart.operations.time import TrustedTime
from kartenwart.operations.unlocking import Unlocking
from kartenwart.operations.users import Users
from kartenwart.operations.verification import Verifications


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is there before the operations: store, vault, identity, time, admission, Konnektoren.

    `names` are those of all Konnektoren, `limits` what each may be asked at once; `konnektors` may be filled later, it
    is asked only for what a poll has found.
    """

    store: Store
    vault: DocumentVault
    site: Site
    clock: TrustedTime
    admission: Admission
    names: Sequence[str]
    limits: Mapping[str, Limits]
    konnektors: Mapping[str, KonnektorPort]
    comfort_warning: EndWarning
    report: Report
    enrolment_changed: Callable[[], None]


async def build(parts: Parts) -> tuple[Operations, dict[str, Readiness]]:
    """Build the operations, load what they keep in memory, and end what a crash left of jobs.

    Beside them stands, per Konnektor, what looks at the state of PIN.SMC after each poll.
    """
    store, clock, site = parts.store, parts.clock, parts.site
    contexts, people = parts.admission.contexts, parts.admission.people
    workstations, audit, events = parts.admission.workstations, parts.admission.audit, EventRing()
    names = ResourceNames(site.name_secret)
    keeper = InventoryKeeper(names=names, contexts=contexts, konnektors=parts.names, events=events, clock=clock)
    locks = CardLocks()
    jobs = Jobs(store=store.jobs, audit=audit, clock=clock, locks=locks, lost=workstations.lost, report=parts.report)
    documents = Documents(vault=parts.vault, jobs=jobs, clock=clock)
    memory = PinMemory(keeper=keeper, facts=store.facts, clock=clock, report=parts.report)
    jobs.on_end(memory.job_ended)
    sessions = ComfortSessions(clock=clock, events=events, warning=parts.comfort_warning)
    cards = Cards(
        keeper=keeper,
        contexts=contexts,
        people=people,
        konnektors=parts.konnektors,
        locks=locks,
        limits=parts.limits,
        sessions=sessions,
    )
    pin_tools = PinTools(cards=cards, keeper=keeper, memory=memory)
    reader, insertions = DerCertificateReader(), Insertions(keeper)
    tools = SigningTools(
        cards=cards,
        documents=documents,
        memory=memory,
        reader=reader,
        handing_out=HandingOut(documents=documents, checker=MathSignatureChecker(), clock=clock, report=parts.report),
        sessions=sessions,
    )
    operations = Operations(
        audit=audit,
        authentications=card_keys.authentications(jobs, contexts, people, tools, clock),
        certificate_surveys=CertificateSurveys(
            keeper=keeper, contexts=contexts, konnektors=parts.konnektors, reader=reader, clock=clock
        ),
        card_requests=CardRequests(jobs=jobs, cards=cards, contexts=contexts, keeper=keeper),
        certificates=Certificates(cards=cards, reader=reader),
        comfort=Comfort(
            jobs=jobs,
            cards=cards,
            contexts=contexts,
            people=people,
            keeper=keeper,
            memory=memory,
            sessions=sessions,
            clock=clock,
        ),
        contexts=contexts,
        documents=documents,
        encryptions=card_keys.encryptions(parts.konnektors, contexts, people, tools, clock),
        enrolments=Enrolments(
            authority=site,
            workstations=workstations,
            store=store.workstations,
            clock=clock,
            on_change=parts.enrolment_changed,
        ),
        events=events,
        information_models=_models(parts, contexts, keeper),
        insertions=insertions,
        inventory=keeper,
        jobs=jobs,
        patient_cards=_patient_cards(parts, cards, memory, insertions, names),
        people=people,
        pin_changes=PinChanges(jobs=jobs, contexts=contexts, tools=pin_tools),
        pin_matrix=PinMatrix(contexts=contexts, people=people, tools=pin_tools),
        pins=Pins(jobs=jobs, cards=cards, contexts=contexts, keeper=keeper, memory=memory),
        signature_journal=SignatureJournal(store=store.audit),
        signatures=_signatures(parts, jobs, keeper, tools),
        system=parts.admission.system,
        unlocking=Unlocking(jobs=jobs, contexts=contexts, tools=pin_tools),
        verifications=Verifications(contexts=contexts, konnektors=parts.konnektors, documents=documents, clock=clock),
        users=Users(
            people=people, jobs=jobs, cards=cards, contexts=contexts, keeper=keeper, memory=memory, audit=audit
        ),
        workstations=workstations,
        root_der=site.root_der,
    )
    await jobs.recover()
    readiness = {
        name: Readiness(konnektor=name, keeper=keeper, cards=cards, memory=memory, clock=clock, report=parts.report)
        for name in parts.names
    }
    return operations, readiness


def _patient_cards(
    parts: Parts, cards: Cards, memory: PinMemory, insertions: Insertions, names: ResourceNames
) -> PatientCards:
    checks = OnlineChecks(facts=parts.store.facts, names=names, clock=parts.clock, report=parts.report)
    return PatientCards(cards=cards, memory=memory, insertions=insertions, checks=checks, clock=parts.clock)


def _models(parts: Parts, contexts: Contexts, keeper: InventoryKeeper) -> InformationModels:
    return InformationModels(contexts=contexts, keeper=keeper, konnektors=parts.konnektors, clock=parts.clock)


def _signatures(parts: Parts, jobs: Jobs, keeper: InventoryKeeper, tools: SigningTools) -> Signatures:
    return Signatures(
        jobs=jobs,
        contexts=parts.admission.contexts,
        people=parts.admission.people,
        keeper=keeper,
        signable=Signable(documents=tools.documents, inspector=PdfInspector()),
        assertions=Assertions(facts=parts.store.facts, clock=parts.clock),
        tools=tools,
    )

"""The operations with their ports: loaded and built while gRPC serves already."""

from kartenwart.adapters.signatures import PdfInspector
from kartenwart.app import card_keys
from kartenwart.app.parts import Parts, Shared, lay
from kartenwart.domain.inventory import READERS
from kartenwart.edge.services.operations import Operations
from kartenwart.operations.assertions import Assertions
from kartenwart.operations.card_requests import CardRequests
from kartenwart.operations.certificate_survey import CertificateSurveys
from kartenwart.operations.certificates import Certificates
from kartenwart.operations.comfort import Comfort
from kartenwart.operations.enrolment import Enrolments
from kartenwart.operations.information_model import InformationModels
from kartenwart.operations.online_checks import OnlineChecks
from kartenwart.operations.patient_cards import PatientCards
from kartenwart.operations.pin_changes import PinChanges
from kartenwart.operations.pin_matrix import PinMatrix
from kartenwart.operations.pins import Pins
from kartenwart.operations.readers import ReaderOperations
from kartenwart.operations.readiness import Readiness
from kartenwart.operations.signable import Signable
from kartenwart.operations.signature_journal import SignatureJournal
from kartenwart.operations.signatures import Signatures
from kartenwart.operations.unlocking import Unlocking
from kartenwart.operations.users import Users
from kartenwart.operations.verification import Verifications


async def build(parts: Parts) -> tuple[Operations, dict[str, Readiness]]:
    """Build the operations, load what they keep in memory, and end what a crash left of jobs.

    Beside them stands, per back-end, what looks at the state of PIN.SMC after each poll.
    """
    shared = lay(parts)
    operations = _operations(parts, shared)
    await shared.jobs.recover()
    readiness = {
        name: Readiness(
            konnektor=name,
            keeper=shared.keeper,
            cards=shared.cards,
            memory=shared.memory,
            clock=parts.clock,
            report=parts.report,
        )
        for name in (*parts.names, *([READERS] if parts.readers_enabled else []))
    }
    return operations, readiness


def _operations(parts: Parts, shared: Shared) -> Operations:
    admission, jobs, cards = parts.admission, shared.jobs, shared.cards
    contexts, people, tools = admission.contexts, admission.people, shared.tools
    keys = card_keys.keys(people, tools, parts.clock, parts.rsa_until)
    return Operations(
        audit=admission.audit,
        authentications=card_keys.authentications(jobs, contexts, keys, tools),
        card_requests=CardRequests(jobs=jobs, cards=cards, contexts=contexts, keeper=shared.keeper),
        certificate_surveys=_certificate_surveys(parts, shared),
        certificates=Certificates(cards=cards, reader=tools.reader),
        comfort=_comfort(parts, shared),
        contexts=contexts,
        documents=shared.documents,
        encryptions=card_keys.encryptions(contexts, keys, tools),
        enrolments=_enrolments(parts),
        events=shared.events,
        information_models=_models(parts, shared),
        insertions=shared.insertions,
        inventory=shared.keeper,
        jobs=jobs,
        patient_cards=_patient_cards(parts, shared),
        people=people,
        pin_changes=PinChanges(jobs=jobs, contexts=contexts, tools=shared.pin_tools),
        pin_matrix=PinMatrix(contexts=contexts, people=people, tools=shared.pin_tools),
        pins=Pins(jobs=jobs, cards=cards, contexts=contexts, keeper=shared.keeper, memory=shared.memory),
        readers=ReaderOperations(keeper=shared.keeper, locks=shared.locks, usb=parts.usb),
        signature_journal=SignatureJournal(store=parts.store.audit),
        signatures=_signatures(parts, shared),
        system=admission.system,
        unlocking=Unlocking(jobs=jobs, contexts=contexts, tools=shared.pin_tools),
        users=_users(parts, shared),
        verifications=_verifications(parts, shared),
        workstations=admission.workstations,
        root_der=parts.site.root_der,
    )


def _comfort(parts: Parts, shared: Shared) -> Comfort:
    return Comfort(
        jobs=shared.jobs,
        cards=shared.cards,
        contexts=parts.admission.contexts,
        people=parts.admission.people,
        keeper=shared.keeper,
        memory=shared.memory,
        sessions=shared.sessions,
        clock=parts.clock,
    )


def _certificate_surveys(parts: Parts, shared: Shared) -> CertificateSurveys:
    return CertificateSurveys(
        keeper=shared.keeper,
        cards=shared.cards,
        contexts=parts.admission.contexts,
        konnektors=parts.konnektors,
        reader=shared.tools.reader,
        clock=parts.clock,
    )


def _enrolments(parts: Parts) -> Enrolments:
    return Enrolments(
        authority=parts.site,
        workstations=parts.admission.workstations,
        store=parts.store.workstations,
        clock=parts.clock,
        on_change=parts.enrolment_changed,
    )


def _verifications(parts: Parts, shared: Shared) -> Verifications:
    return Verifications(
        contexts=parts.admission.contexts,
        cards=shared.cards,
        documents=shared.documents,
    )


def _users(parts: Parts, shared: Shared) -> Users:
    return Users(
        people=parts.admission.people,
        jobs=shared.jobs,
        cards=shared.cards,
        contexts=parts.admission.contexts,
        keeper=shared.keeper,
        memory=shared.memory,
        audit=parts.admission.audit,
    )


def _patient_cards(parts: Parts, shared: Shared) -> PatientCards:
    checks = OnlineChecks(facts=parts.store.facts, names=shared.names, clock=parts.clock, report=parts.report)
    return PatientCards(
        cards=shared.cards, memory=shared.memory, insertions=shared.insertions, checks=checks, clock=parts.clock
    )


def _models(parts: Parts, shared: Shared) -> InformationModels:
    return InformationModels(
        contexts=parts.admission.contexts, keeper=shared.keeper, konnektors=parts.konnektors, clock=parts.clock
    )


def _signatures(parts: Parts, shared: Shared) -> Signatures:
    return Signatures(
        jobs=shared.jobs,
        contexts=parts.admission.contexts,
        people=parts.admission.people,
        keeper=shared.keeper,
        signable=Signable(documents=shared.documents, inspector=PdfInspector()),
        assertions=Assertions(facts=parts.store.facts, clock=parts.clock),
        tools=shared.tools,
    )

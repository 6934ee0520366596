"""Everything that the services call, in one value that app/building.py fills."""

from collections.abc import Callable
from dataclasses import dataclass

from kartenwart.operations.audit import Audit
from kartenwart.operations.authentication import Authentications
from kartenwart.operations.card_requests import CardRequests
from kartenwart.operations.certificate_survey import CertificateSurveys
from kartenwart.operations.certificates import Certificates
from kartenwart.operations.comfort import Comfort
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.documents import Documents
from kartenwart.operations.encryption import Encryptions
from kartenwart.operations.enrolment import Enrolments
from kartenwart.operations.events import EventRing
from kartenwart.operations.information_model import InformationModels
from kartenwart.operations.insertions import Insertions
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.patient_cards import PatientCards
from kartenwart.operations.people import People
from kartenwart.operations.pin_changes import PinChanges
from kartenwart.operations.pin_matrix import PinMatrix
from kartenwart.operations.pins import Pins
from kartenwart.operations.readers import ReaderOperations
from kartenwart.operations.signature_journal import SignatureJournal
from kartenwart.operations.signatures import Signatures
from kartenwart.operations.system import SystemFacts
from kartenwart.operations.unlocking import Unlocking
from kartenwart.operations.users import Users
from kartenwart.operations.verification import Verifications
from kartenwart.operations.workstations import Workstations


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """The use cases; `system` gives the facts of the moment, `root_der` the site's root certificate."""

    audit: Audit
    authentications: Authentications
    certificate_surveys: CertificateSurveys
    card_requests: CardRequests
    certificates: Certificates
    comfort: Comfort
    contexts: Contexts
    documents: Documents
    encryptions: Encryptions
    enrolments: Enrolments
    events: EventRing
    information_models: InformationModels
    insertions: Insertions
    inventory: InventoryKeeper
    jobs: Jobs
    patient_cards: PatientCards
    people: People
    pin_changes: PinChanges
    pin_matrix: PinMatrix
    pins: Pins
    signature_journal: SignatureJournal
    signatures: Signatures
    system: Callable[[], SystemFacts]
    unlocking: Unlocking
    users: Users
    verifications: Verifications
    workstations: Workstations
    readers: ReaderOperations
    root_der: bytes

"""Every service of the contract over its operations: nobody loads this before the box answers (app/serving.py)."""

from kartenwart.edge.services.authentication import AuthenticationService, EncryptionService
from kartenwart.edge.services.certificates import CertificateService
from kartenwart.edge.services.comfort import ComfortSignatureService, SignatureJournalService
from kartenwart.edge.services.documents import DocumentService
from kartenwart.edge.services.exchange import EnrolmentExchangeService
from kartenwart.edge.services.inventory import InventoryService, picture_cursors
from kartenwart.edge.services.operations import Operations
from kartenwart.edge.services.patients import PatientCardService
from kartenwart.edge.services.people import AuditService, EnrolmentService, WorkstationService
from kartenwart.edge.services.pins import PinService
from kartenwart.edge.services.practice import CardService, KonnektorService
from kartenwart.edge.services.presets import SignaturePresetService
from kartenwart.edge.services.readers import ReaderService
from kartenwart.edge.services.system import SystemService
from kartenwart.edge.services.terminals import TerminalService
from kartenwart.edge.services.verification import DocumentVerificationService
from kartenwart.edge.services.views import Views
from kartenwart.edge.services.work import JobService, SignatureService, UserService


def build_services(operations: Operations) -> dict[str, object]:
    """Return every service of the contract by its full name, e.g. "kartenwart.api.card.v1.CardService"."""
    facts, keeper, jobs = operations.system(), operations.inventory, operations.jobs
    views = Views(keeper=keeper, cursors=picture_cursors(facts.box_id, keeper))
    services: dict[str, object] = {
        "audit.v1.AuditService": AuditService(audit=operations.audit),
        "authentication.v1.AuthenticationService": AuthenticationService(
            authentications=operations.authentications, jobs=jobs
        ),
        "card.v1.CardService": CardService(operations, views),
        "certificate.v1.CertificateService": CertificateService(surveys=operations.certificate_surveys),
        "document.v1.DocumentService": DocumentService(documents=operations.documents),
        "encryption.v1.EncryptionService": EncryptionService(encryptions=operations.encryptions),
        "enrolment.v1.EnrolmentExchangeService": EnrolmentExchangeService(
            enrolments=operations.enrolments, box_id=facts.box_id
        ),
        "enrolment.v1.EnrolmentService": EnrolmentService(
            enrolments=operations.enrolments, site_fingerprint=facts.fingerprint
        ),
        "inventory.v1.InventoryService": InventoryService(
            keeper=keeper, events=operations.events, views=views, box=facts.box_id
        ),
        "job.v1.JobService": JobService(jobs=jobs),
        "konnektor.v1.KonnektorService": KonnektorService(operations, views),
        "patient.v1.PatientCardService": PatientCardService(operations.patient_cards),
        "pin.v1.PinService": PinService(operations),
        "reader.v1.ReaderService": ReaderService(operations, views),
        "signature.v1.DocumentVerificationService": DocumentVerificationService(verifications=operations.verifications),
        "signature.v1.SignaturePresetService": SignaturePresetService(),
        "signature.v1.ComfortSignatureService": ComfortSignatureService(comfort=operations.comfort, jobs=jobs),
        "signature.v1.SignatureJournalService": SignatureJournalService(journal=operations.signature_journal),
        "signature.v1.SignatureService": SignatureService(signatures=operations.signatures, jobs=jobs),
        "system.v1.SystemService": SystemService(system=operations.system, people=operations.people),
        "terminal.v1.TerminalService": TerminalService(operations, views),
        "user.v1.UserService": UserService(users=operations.users, jobs=jobs),
        "workstation.v1.WorkstationService": WorkstationService(
            workstations=operations.workstations, root_der=operations.root_der
        ),
    }
    return {f"kartenwart.api.{name}": service for name, service in services.items()}

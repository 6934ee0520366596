"""One right request per RPC, by the name of its message."""

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from kartenwart.api.audit.v1 import audit_service_pb2 as audit
from kartenwart.api.authentication.v1 import authentication_service_pb2 as authentication
from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.card.v1 import card_service_pb2 as card
from kartenwart.api.certificate.v1 import certificate_service_pb2 as certificate
from kartenwart.api.document.v1 import document_service_pb2 as document
from kartenwart.api.encryption.v1 import encryption_service_pb2 as encryption
from kartenwart.api.enrolment.v1 import enrolment_exchange_service_pb2 as exchange
from kartenwart.api.enrolment.v1 import enrolment_service_pb2 as enrolment
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory
from kartenwart.api.job.v1 import job_service_pb2 as job
from kartenwart.api.konnektor.v1 import konnektor_service_pb2 as konnektor
from kartenwart.api.patient.v1 import patient_card_service_pb2 as patient
from kartenwart.api.pin.v1 import pin_service_pb2 as pin
from kartenwart.api.reader.v1 import reader_service_pb2 as reader
from kartenwart.api.signature.v1 import comfort_signature_service_pb2 as comfort
from kartenwart.api.signature.v1 import document_verification_service_pb2 as verification
from kartenwart.api.signature.v1 import person_assertion_pb2
from kartenwart.api.signature.v1 import signature_journal_service_pb2 as journal
from kartenwart.api.signature.v1 import signature_preset_service_pb2 as signature_preset
from kartenwart.api.signature.v1 import signature_service_pb2 as signature
from kartenwart.api.system.v1 import system_service_pb2 as system
from kartenwart.api.terminal.v1 import terminal_service_pb2 as terminal
from kartenwart.api.user.v1 import user_service_pb2 as user
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.api.workstation.v1 import workstation_service_pb2 as workstation

UUID = "2f1c6a5e-8a4b-4f0e-9a63-0d1f4d1b7c11"
SCOPE = workstation_pb2.Scope(contexts=["contexts/empfang"], users=["users/arzt1"])
WAIT = Duration(seconds=1)

ALL: tuple[Message, ...] = (
    audit.ListAuditRecordsRequest(page_size=10),
    audit.VerifyAuditRequest(),
    authentication.ExternalAuthenticateRequest(
        request_id=UUID,
        card="cards/c-1",
        scheme=authentication.SIGNATURE_SCHEME_ECDSA_RAW,
        digest=b"h" * 32,
        wait=WAIT,
    ),
    authentication.CreateLoginTokenRequest(
        request_id=UUID, card="cards/c-1", user="users/arzt1", challenge="eyJhbGciOiJCUDI1NlIxIn0.e30.c2ln"
    ),
    card.ListCardsRequest(types=[card_pb2.CARD_TYPE_HBA]),
    card.GetCardRequest(name="cards/c-1"),
    card.ReadCardCertificateRequest(card="cards/c-1", reference=card_pb2.CERTIFICATE_REFERENCE_AUT),
    certificate.ListCertificatesRequest(konnektor="konnektors/k1", refresh=True),
    certificate.VerifyCertificateRequest(der=b"0", context="contexts/empfang"),
    document.CreateDocumentRequest(size=3, sha256="a" * 64, mime_type="text/plain"),
    document.UploadChunkRequest(document="documents/d-1", data=b"abc"),
    document.DownloadChunkRequest(document="documents/d-1"),
    document.DeleteDocumentRequest(document="documents/d-1"),
    encryption.EncryptDocumentRequest(document="documents/d-1", certificates=[b"c" * 500], card="cards/c-1"),
    encryption.DecryptDocumentRequest(document="documents/d-1", card="cards/c-1", user="users/arzt1"),
    exchange.CommitRequest(
        public_key=b"k" * 91, role=workstation_pb2.ROLE_VIEWER, label="Empfang 1", commitment=b"c" * 32
    ),
    exchange.RevealRequest(enrolment="enrolments/e-1", workstation_nonce=b"n" * 32),
    exchange.PollRequest(enrolment="enrolments/e-1", sequence=1, signature=b"s" * 70),
    exchange.RedeemTokenRequest(token="t" * 40, certificate_request=b"r" * 200, label="Empfang 1"),
    enrolment.OpenEnrolmentRequest(),
    enrolment.CloseEnrolmentRequest(),
    enrolment.ListEnrolmentsRequest(),
    enrolment.ApproveEnrolmentRequest(code="123 456", scope=SCOPE),
    enrolment.RejectEnrolmentRequest(name="enrolments/e-1"),
    enrolment.CreateTokenRequest(role=workstation_pb2.ROLE_WORKSTATION, scope=SCOPE),
    inventory.GetInventoryRequest(wait=WAIT),
    inventory.WatchInventoryRequest(),
    inventory.ListEventsRequest(page_size=5, wait=WAIT),
    inventory.WatchEventsRequest(),
    job.GetJobRequest(name="jobs/j-1"),
    job.ListJobsRequest(request_id=UUID),
    job.WatchJobRequest(name="jobs/j-1"),
    job.WaitJobRequest(name="jobs/j-1", wait=WAIT),
    job.CancelJobRequest(name="jobs/j-1"),
    konnektor.ListKonnektorsRequest(),
    konnektor.ListContextsRequest(),
    konnektor.GetTargetModelRequest(),
    konnektor.CheckKonnektorRequest(konnektor="konnektors/k1"),
    patient.ReadVsdRequest(card="cards/c-1"),
    patient.ReadKvkRequest(card="cards/c-1"),
    pin.GetPinStatusRequest(card="cards/c-1", pin=card_pb2.PIN_SMC),
    pin.VerifyPinRequest(request_id=UUID, card="cards/c-1", pin=card_pb2.PIN_SMC, wait=WAIT),
    pin.ChangePinRequest(request_id=UUID, card="cards/c-1", transport_pin=True, wait=WAIT),
    pin.UnblockPinRequest(request_id=UUID, card="cards/c-1", pin=card_pb2.PIN_SMC, set_new_pin=True, wait=WAIT),
    pin.EnablePinRequest(request_id=UUID, card="cards/c-1", pin=card_pb2.PIN_MRPIN_NFD, wait=WAIT),
    pin.DisablePinRequest(request_id=UUID, card="cards/c-1", pin=card_pb2.PIN_MRPIN_NFD, wait=WAIT),
    pin.UnlockPracticeCardsRequest(request_id=UUID, card="cards/c-1", wait=WAIT),
    pin.GetPinMatrixRequest(user="users/arzt1"),
    reader.ListReadersRequest(),
    reader.GetReaderRequest(name="readers/r-1"),
    reader.ResetReaderRequest(name="readers/r-1"),
    signature_preset.ListSignaturePresetsRequest(),
    verification.VerifyDocumentRequest(document="documents/d-1", signature="documents/d-2"),
    comfort.ActivateComfortSignatureRequest(request_id=UUID, card="cards/c-1", user="users/arzt1", wait=WAIT),
    comfort.GetComfortSignatureRequest(card="cards/c-1", user="users/arzt1"),
    comfort.DeactivateComfortSignatureRequest(card="cards/c-1", user="users/arzt1", end_all_sessions=True),
    journal.ListSignaturesRequest(page_size=10),
    signature.SignDocumentsRequest(
        request_id=UUID,
        card="cards/c-1",
        user="users/arzt1",
        comfort=person_assertion_pb2.PersonAssertion(
            user="users/arzt1",
            act=person_assertion_pb2.PERSON_ACT_PASSWORD,
            time=Timestamp(seconds=1_790_000_000),
            nonce=b"n" * 16,
        ),
        documents=[
            signature.DocumentToSign(
                document="documents/d-1", format=signature.SIGNATURE_FORMAT_PADES, short_text="Brief 1"
            )
        ],
    ),
    system.GetSystemRequest(),
    terminal.ListTerminalsRequest(),
    terminal.RequestCardRequest(
        request_id=UUID,
        terminal="terminals/t-1",
        slot_id=1,
        display_text="Karte!",
        wait=WAIT,
        card_type=card_pb2.CARD_TYPE_EGK,
    ),
    terminal.EjectCardRequest(request_id=UUID, card="cards/c-1", wait=WAIT),
    user.ListUsersRequest(),
    user.CreateUserRequest(user_id="arzt1", label="Ärztin 1"),
    user.BindUserRequest(request_id=UUID, user="users/arzt1", card="cards/c-1"),
    workstation.ListWorkstationsRequest(),
    workstation.UpdateWorkstationRequest(
        workstation=workstation_pb2.Workstation(name="workstations/w-1", label="Labor"),
        update_mask=FieldMask(paths=["label"]),
    ),
    workstation.RevokeWorkstationRequest(name="workstations/w-1"),
    workstation.RenewCertificateRequest(certificate_request=b"r" * 200),
)
RIGHT = {message.DESCRIPTOR.full_name: message for message in ALL}


def right(kind: type[Message]) -> Message:
    """A fresh right request of a kind."""
    made = kind()
    made.CopyFrom(RIGHT[kind.DESCRIPTOR.full_name])
    return made

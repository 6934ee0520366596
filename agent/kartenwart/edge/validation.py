"""What every request must look like: one table, message x field. A field without a line here fails a test.

Absent messages are checked like empty ones, so their lines must allow that (`required` of Fields says otherwise).
"""

from google.protobuf.message import Message

from kartenwart.domain.documents import CHUNK_BYTES, MAX_DOCUMENT_BYTES
from kartenwart.domain.failures import Violation
from kartenwart.edge.checks import Blob, Check, Choice, Fields, Flag, Ignored, Many, Moment, Number, Span
from kartenwart.edge.forms import (
    ASSERTION,
    ATTEMPTS,
    CARD,
    CHALLENGE,
    CODE,
    CONTEXT,
    CSR,
    CURSOR,
    DISPLAY_TEXT,
    DOCUMENT_TO_SIGN,
    KONNEKTOR,
    LABEL,
    MIME_TYPE,
    NOTHING,
    PAGE_TOKEN,
    REQUEST_ID,
    REQUEST_ID_OR_NONE,
    SCOPE,
    SHA256,
    TOKEN,
    USER,
    USER_ID,
    WAIT,
    WORKSTATION,
    digest_or_data,
    named,
    named_changes,
)

LONGEST_CARD_REQUEST = 120
LONGEST_TOKEN_LIFE = 7 * 24 * 3600
LARGEST_CERTIFICATE = 16 * 1024
INT64 = 2**63 - 1

_PIN: dict[str, Check] = {
    "request_id": REQUEST_ID,
    "card": CARD,
    "context": CONTEXT,
    "pin": Choice(),
    **ATTEMPTS,
    "wait": WAIT,
}

_TABLE: dict[str, dict[str, Check]] = {
    "audit.v1.ListAuditRecordsRequest": {"page_size": Number(low=0, high=1000), "page_token": PAGE_TOKEN},
    "audit.v1.VerifyAuditRequest": NOTHING,
    "authentication.v1.ExternalAuthenticateRequest": {
        "request_id": REQUEST_ID,
        "card": CARD,
        "context": CONTEXT,
        "user": USER,
        "scheme": Choice(),
        "digest": Ignored(),  # digest_or_data looks at both
        "data": Ignored(),
        "wait": WAIT,
    },
    "authentication.v1.CreateLoginTokenRequest": {
        "request_id": REQUEST_ID,
        "card": CARD,
        "context": CONTEXT,
        "user": USER,
        "challenge": CHALLENGE,
        "wait": WAIT,
    },
    "card.v1.ListCardsRequest": {"types": Many(each=Choice(), most=16, unique=True)},
    "card.v1.GetCardRequest": {"name": CARD},
    "card.v1.ReadCardCertificateRequest": {
        "card": CARD,
        "context": CONTEXT,
        "reference": Choice(),
        "algorithm": Choice(required=False),
        "user": USER,
    },
    "certificate.v1.ListCertificatesRequest": {"konnektor": KONNEKTOR, "refresh": Flag()},
    "certificate.v1.VerifyCertificateRequest": {
        "context": CONTEXT,
        "der": Blob(shortest=1, longest=LARGEST_CERTIFICATE),
        "verify_time": Moment(),
    },
    "document.v1.CreateDocumentRequest": {
        "size": Number(low=1, high=INT64),  # too large has a reason of its own, which operations give
        "sha256": SHA256,
        "mime_type": MIME_TYPE,
    },
    "document.v1.UploadChunkRequest": {
        "document": named("documents"),
        "offset": Number(low=0, high=MAX_DOCUMENT_BYTES),
        "data": Blob(shortest=1, longest=CHUNK_BYTES),
    },
    "document.v1.DownloadChunkRequest": {
        "document": named("documents"),
        "offset": Number(low=0, high=2 * MAX_DOCUMENT_BYTES),
    },
    "document.v1.DeleteDocumentRequest": {"document": named("documents")},
    "encryption.v1.EncryptDocumentRequest": {
        "document": named("documents"),
        "context": CONTEXT,
        "certificates": Many(each=Blob(shortest=64, longest=LARGEST_CERTIFICATE), most=20, unique=True),
        "card": named("cards", required=False),
        "user": USER,
    },
    "encryption.v1.DecryptDocumentRequest": {
        "document": named("documents"),
        "card": CARD,
        "context": CONTEXT,
        "user": USER,
    },
    "enrolment.v1.CommitRequest": {
        "public_key": Blob(shortest=64, longest=200),
        "role": Choice(),
        "label": LABEL,
        "commitment": Blob(shortest=32, longest=32),
    },
    "enrolment.v1.RevealRequest": {
        "enrolment": named("enrolments"),
        "workstation_nonce": Blob(shortest=32, longest=32),
    },
    "enrolment.v1.PollRequest": {
        "enrolment": named("enrolments"),
        "sequence": Number(low=1, high=INT64),
        "signature": Blob(shortest=8, longest=80),
    },
    "enrolment.v1.RedeemTokenRequest": {"token": TOKEN, "certificate_request": CSR, "label": LABEL},
    "enrolment.v1.OpenEnrolmentRequest": NOTHING,
    "enrolment.v1.CloseEnrolmentRequest": NOTHING,
    "enrolment.v1.ListEnrolmentsRequest": NOTHING,
    "enrolment.v1.ApproveEnrolmentRequest": {"code": CODE, "role": Choice(required=False), "scope": SCOPE},
    "enrolment.v1.RejectEnrolmentRequest": {"name": named("enrolments")},
    "enrolment.v1.CreateTokenRequest": {
        "role": Choice(refused=("ROLE_TECHNICIAN",)),
        "scope": SCOPE,
        "lifetime": Span(longest=LONGEST_TOKEN_LIFE),
    },
    "inventory.v1.GetInventoryRequest": {"cursor": CURSOR, "wait": WAIT},
    "inventory.v1.WatchInventoryRequest": NOTHING,
    "inventory.v1.ListEventsRequest": {"cursor": CURSOR, "page_size": Number(low=0, high=1000), "wait": WAIT},
    "inventory.v1.WatchEventsRequest": {"cursor": CURSOR},
    "job.v1.GetJobRequest": {"name": named("jobs")},
    "job.v1.ListJobsRequest": {
        "page_size": Number(low=0, high=500),
        "page_token": PAGE_TOKEN,
        "request_id": REQUEST_ID_OR_NONE,
    },
    "job.v1.WatchJobRequest": {"name": named("jobs")},
    "job.v1.WaitJobRequest": {"name": named("jobs"), "wait": WAIT},
    "job.v1.CancelJobRequest": {"name": named("jobs")},
    "konnektor.v1.ListKonnektorsRequest": NOTHING,
    "konnektor.v1.ListContextsRequest": NOTHING,
    "konnektor.v1.GetTargetModelRequest": {"konnektor": KONNEKTOR},
    "konnektor.v1.CheckKonnektorRequest": {"konnektor": KONNEKTOR},
    "patient.v1.ReadVsdRequest": {
        "card": CARD,
        "context": CONTEXT,
        "authority": named("cards", required=False),
        "user": USER,
        "online_check": Choice(required=False),
    },
    "patient.v1.ReadKvkRequest": {"card": CARD, "context": CONTEXT},
    "pin.v1.GetPinStatusRequest": {"card": CARD, "context": CONTEXT, "pin": Choice(), "user": USER},
    "pin.v1.ChangePinRequest": _PIN | {"pin": Choice(required=False), "user": USER, "transport_pin": Flag()},
    "pin.v1.UnblockPinRequest": _PIN | {"user": USER, "set_new_pin": Flag()},
    "pin.v1.EnablePinRequest": _PIN,
    "pin.v1.DisablePinRequest": _PIN,
    "pin.v1.UnlockPracticeCardsRequest": {
        "request_id": REQUEST_ID,
        "context": CONTEXT,
        "only_this_context": Flag(),
        "card": named("cards", required=False),
        **ATTEMPTS,
        "wait": WAIT,
    },
    "pin.v1.GetPinMatrixRequest": {"user": USER},
    "pin.v1.VerifyPinRequest": {
        "request_id": REQUEST_ID,
        "card": CARD,
        "context": CONTEXT,
        "pin": Choice(refused=("PIN_QES",)),
        "user": USER,
        "force": Flag(),
        **ATTEMPTS,
        "wait": WAIT,
    },
    "reader.v1.ListReadersRequest": NOTHING,
    "reader.v1.GetReaderRequest": {"name": named("readers")},
    "reader.v1.ResetReaderRequest": {"name": named("readers")},
    "signature.v1.ListSignaturePresetsRequest": NOTHING,
    "signature.v1.VerifyDocumentRequest": {
        "context": CONTEXT,
        "document": named("documents"),
        "signature": named("documents", required=False),
    },
    "signature.v1.ActivateComfortSignatureRequest": {
        "request_id": REQUEST_ID,
        "card": CARD,
        "context": CONTEXT,
        "user": named("users"),
        **ATTEMPTS,
        "wait": WAIT,
    },
    "signature.v1.GetComfortSignatureRequest": {"card": CARD, "context": CONTEXT, "user": named("users")},
    "signature.v1.DeactivateComfortSignatureRequest": {
        "card": CARD,
        "context": CONTEXT,
        "user": named("users"),
        "end_all_sessions": Flag(),
    },
    "signature.v1.ListSignaturesRequest": {"page_size": Number(low=0, high=1000), "page_token": PAGE_TOKEN},
    "signature.v1.SignDocumentsRequest": {
        "request_id": REQUEST_ID,
        "card": CARD,
        "context": CONTEXT,
        "user": USER,
        "documents": Many(each=DOCUMENT_TO_SIGN, fewest=1, most=500),  # too many has a reason of its own
        **ATTEMPTS,
        "wait": WAIT,
        "comfort": ASSERTION,
    },
    "system.v1.GetSystemRequest": NOTHING,
    "terminal.v1.ListTerminalsRequest": NOTHING,
    "terminal.v1.RequestCardRequest": {
        "request_id": REQUEST_ID,
        "terminal": named("terminals"),
        "slot_id": Number(low=1, high=64),
        "context": CONTEXT,
        "card_type": Choice(required=False, refused=("CARD_TYPE_UNKNOWN",)),
        "display_text": DISPLAY_TEXT,
        "timeout": Span(longest=LONGEST_CARD_REQUEST),
        "wait": WAIT,
    },
    "terminal.v1.EjectCardRequest": {
        "request_id": REQUEST_ID,
        "card": CARD,
        "context": CONTEXT,
        "display_text": DISPLAY_TEXT,
        "timeout": Span(longest=LONGEST_CARD_REQUEST),
        "wait": WAIT,
    },
    "user.v1.ListUsersRequest": NOTHING,
    "user.v1.CreateUserRequest": {"user_id": USER_ID, "label": LABEL},
    "user.v1.BindUserRequest": {
        "request_id": REQUEST_ID,
        "user": named("users"),
        "card": CARD,
        "context": CONTEXT,
        **ATTEMPTS,
        "wait": WAIT,
    },
    "workstation.v1.ListWorkstationsRequest": NOTHING,
    "workstation.v1.UpdateWorkstationRequest": {"workstation": WORKSTATION, "update_mask": Ignored()},
    "workstation.v1.RevokeWorkstationRequest": {"name": named("workstations")},
    "workstation.v1.RenewCertificateRequest": {"certificate_request": CSR},
}
_WHOLE = {
    "authentication.v1.ExternalAuthenticateRequest": digest_or_data,
    "workstation.v1.UpdateWorkstationRequest": named_changes,
}

REQUESTS: dict[str, Fields] = {
    f"kartenwart.api.{name}": Fields(fields=fields, whole=_WHOLE.get(name)) for name, fields in _TABLE.items()
}


def violations(request: Message) -> tuple[Violation, ...]:
    """Return every violation of a request, with its path as in the proto, e.g. "documents[0].short_text"."""
    return tuple(REQUESTS[request.DESCRIPTOR.full_name].within(request, ""))

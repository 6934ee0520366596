"""What every request must look like: one table, message x field. A field without a line here fails a test.

Absent messages are checked like empty ones, so their lines must allow that (`required` of Fields says otherwise).
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from google.protobuf.message import Message

from kartenwart.domain import documents, principals
from kartenwart.domain.authentication import HASH_BYTES, MOST_CHALLENGE
from kartenwart.domain.comfort import LONGEST_NONCE, SHORTEST_NONCE
from kartenwart.domain.documents import CHUNK_BYTES, MAX_DOCUMENT_BYTES, MIME_TYPES
from kartenwart.domain.failures import Violation
from kartenwart.edge.checks import MISSING, Blob, Check, Choice, Fields, Flag, Ignored, Many, Moment, Number, Span, Text

LONGEST_WAIT = 25
LONGEST_CARD_REQUEST = 120
LONGEST_CERTIFICATE = 8 * 1024
MOST_HASHED = 32 * 1024
LONGEST_TOKEN_LIFE = 7 * 24 * 3600
MOST_SCOPE = 64
LARGEST_CERTIFICATE = 16 * 1024
INT64 = 2**63 - 1


def _name(collection: str, *, required: bool = True) -> Text:
    return Text(
        pattern=re.compile(rf"{collection}/[a-z0-9][a-z0-9-]*"),
        words=f'Erwartet wird ein Name der Form "{collection}/…".',
        longest=80,
        required=required,
    )


def _opaque(longest: int) -> Text:
    return Text(pattern=re.compile(r"[A-Za-z0-9_-]+"), words="Unbekannte Form.", longest=longest, required=False)


CARD = _name("cards")
CONTEXT = _name("contexts", required=False)
USER = _name("users", required=False)
KONNEKTOR = _name("konnektors", required=False)
WAIT = Span(longest=LONGEST_WAIT)
DISPLAY_TEXT = Text(
    pattern=re.compile(r".*"), words="Erwartet werden höchstens 48 druckbare Zeichen.", longest=48, required=False
)
CURSOR = Text(pattern=re.compile(r".*"), words="Unbekannte Form.", longest=256, required=False)
PAGE_TOKEN = _opaque(256)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UUID_WORDS = 'Erwartet wird eine UUID, z. B. "2f1c6a5e-8a4b-4f0e-9a63-0d1f4d1b7c11".'
REQUEST_ID = Text(pattern=_UUID, words=_UUID_WORDS, longest=36)
LABEL = Text(
    pattern=principals.LABEL, words="Erwartet werden 1 bis 60 druckbare Zeichen.", longest=principals.LONGEST_LABEL
)
LABEL_OR_NONE = Text(pattern=LABEL.pattern, words=LABEL.words, longest=LABEL.longest, required=False)
SHA256 = Text(pattern=documents.SHA256, words="Erwartet wird SHA-256 als 64 Hex-Ziffern, klein.", longest=64)
SHORT_TEXT = Text(
    pattern=documents.SHORT_TEXT,
    words='Erwartet werden 1 bis 30 Buchstaben (A-Z), Ziffern, Leerzeichen, "_", "." oder "-".',
    longest=30,
)
MIME_TYPE = Text(
    pattern=re.compile("|".join(re.escape(kind) for kind in MIME_TYPES)),
    words=f"Erwartet wird eines von {', '.join(MIME_TYPES)}.",
    longest=40,
)
CODE = Text(
    pattern=re.compile(r"[ -]*([0-9][ -]*){6}"), words="Erwartet werden die sechs Ziffern vom Arbeitsplatz.", longest=20
)
USER_ID = Text(
    pattern=principals.USER_ID,
    words="Erwartet werden 1 bis 40 aus a-z, 0-9 und -.",
    longest=40,
)
TOKEN = Text(pattern=re.compile(r"[A-Za-z0-9_.~-]+"), words="Das ist kein Token.", longest=200)
CSR = Blob(shortest=64, longest=4096)
SCOPE = Fields(
    fields={
        "contexts": Many(each=_name("contexts"), most=MOST_SCOPE, unique=True),
        "users": Many(each=_name("users"), most=MOST_SCOPE, unique=True),
        "comfort": Flag(),
    }
)
ATTEMPTS: dict[str, Check] = {"accept_last_attempt": Flag(), "accept_unknown_attempts": Flag()}
UPDATABLE = ("label", "role", "scope", "scope.contexts", "scope.users", "scope.comfort")


def _update(message: Any, prefix: str) -> Iterator[Violation]:
    """The mask names what changes; what it names must have a value."""
    paths = list(message.update_mask.paths)
    if not paths:
        yield Violation(field=f"{prefix}update_mask", description="Das Feld fehlt oder ist leer.")
    for path in paths[:MOST_SCOPE]:
        if path not in UPDATABLE:
            words = f"Änderbar sind {', '.join(UPDATABLE)}."
            yield Violation(field=f"{prefix}update_mask", description=words)
    for name in ("label", "role"):
        if name in paths and not getattr(message.workstation, name):
            yield Violation(field=f"{prefix}workstation.{name}", description="Das Feld fehlt oder ist leer.")


WORKSTATION = Fields(
    required=True,
    fields={
        "name": _name("workstations"),
        "label": LABEL_OR_NONE,
        "role": Choice(required=False),
        "scope": SCOPE,
        "state": Ignored(),
        "enrol_time": Ignored(),
        "expire_time": Ignored(),
        "key_sha256": Ignored(),
    },
)
PRESET = Text(
    pattern=re.compile(r"[a-z][a-z0-9_-]*"), words="Erwartet wird der Name einer Vorlage.", longest=40, required=False
)


def _format_or_preset(message: Any, prefix: str) -> Iterator[Violation]:
    """A preset brings format and short text along; without one both are needed."""
    if message.preset and message.format:
        yield Violation(field=f"{prefix}format", description="Bitte entweder die Form oder eine Vorlage nennen.")
    for name in ("format", "short_text"):
        if not message.preset and not getattr(message, name):
            yield Violation(field=prefix + name, description=MISSING)


DOCUMENT_TO_SIGN = Fields(
    fields={
        "document": _name("documents"),
        "format": Choice(required=False),
        "short_text": replace(SHORT_TEXT, required=False),
        "preset": PRESET,
    },
    whole=_format_or_preset,
)
ASSERTION = Fields(
    optional=True,
    fields={
        "user": _name("users"),
        "act": Choice(),
        "time": Moment(),
        "nonce": Blob(shortest=SHORTEST_NONCE, longest=LONGEST_NONCE),
    },
)
NOTHING: dict[str, Check] = {}
CHALLENGE = Text(
    pattern=re.compile(r"[ -~]+"),
    words=f"Erwartet werden 1 bis {MOST_CHALLENGE} druckbare ASCII-Zeichen.",
    longest=MOST_CHALLENGE,
)


def _subject(message: Any, prefix: str) -> Iterator[Violation]:
    """A hash or the data itself: one of them, of a right length."""
    match message.WhichOneof("subject"):
        case "digest" if len(message.digest) not in HASH_BYTES:
            lengths = ", ".join(str(length) for length in HASH_BYTES)
            yield Violation(field=f"{prefix}digest", description=f"Erwartet wird ein Hashwert mit {lengths} Bytes.")
        case "data" if not 0 < len(message.data) <= MOST_HASHED:
            yield Violation(field=f"{prefix}data", description=f"Erwartet werden 1 bis {MOST_HASHED} Bytes.")
        case None:
            yield Violation(field=f"{prefix}digest", description="Es fehlt, was signiert wird: digest oder data.")


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
        "digest": Ignored(),  # _subject looks at both
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
        "size": Number(low=1, high=2**63 - 1),  # too large has a reason of its own, which operations give
        "sha256": SHA256,
        "mime_type": MIME_TYPE,
    },
    "document.v1.UploadChunkRequest": {
        "document": _name("documents"),
        "offset": Number(low=0, high=MAX_DOCUMENT_BYTES),
        "data": Blob(shortest=1, longest=CHUNK_BYTES),
    },
    "document.v1.DownloadChunkRequest": {
        "document": _name("documents"),
        "offset": Number(low=0, high=2 * MAX_DOCUMENT_BYTES),
    },
    "document.v1.DeleteDocumentRequest": {"document": _name("documents")},
    "encryption.v1.EncryptDocumentRequest": {
        "document": _name("documents"),
        "context": CONTEXT,
        "certificates": Many(each=Blob(shortest=64, longest=LONGEST_CERTIFICATE), most=20, unique=True),
        "card": _name("cards", required=False),
        "user": USER,
    },
    "encryption.v1.DecryptDocumentRequest": {
        "document": _name("documents"),
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
        "enrolment": _name("enrolments"),
        "workstation_nonce": Blob(shortest=32, longest=32),
    },
    "enrolment.v1.PollRequest": {
        "enrolment": _name("enrolments"),
        "sequence": Number(low=1, high=INT64),
        "signature": Blob(shortest=8, longest=80),
    },
    "enrolment.v1.RedeemTokenRequest": {"token": TOKEN, "certificate_request": CSR, "label": LABEL},
    "enrolment.v1.OpenEnrolmentRequest": NOTHING,
    "enrolment.v1.CloseEnrolmentRequest": NOTHING,
    "enrolment.v1.ListEnrolmentsRequest": NOTHING,
    "enrolment.v1.ApproveEnrolmentRequest": {"code": CODE, "role": Choice(required=False), "scope": SCOPE},
    "enrolment.v1.RejectEnrolmentRequest": {"name": _name("enrolments")},
    "enrolment.v1.CreateTokenRequest": {
        "role": Choice(refused=("ROLE_TECHNICIAN",)),
        "scope": SCOPE,
        "lifetime": Span(longest=LONGEST_TOKEN_LIFE),
    },
    "inventory.v1.GetInventoryRequest": {"cursor": CURSOR, "wait": WAIT},
    "inventory.v1.WatchInventoryRequest": NOTHING,
    "inventory.v1.ListEventsRequest": {"cursor": CURSOR, "page_size": Number(low=0, high=1000), "wait": WAIT},
    "inventory.v1.WatchEventsRequest": {"cursor": CURSOR},
    "job.v1.GetJobRequest": {"name": _name("jobs")},
    "job.v1.ListJobsRequest": {
        "page_size": Number(low=0, high=500),
        "page_token": PAGE_TOKEN,
        "request_id": Text(pattern=_UUID, words=_UUID_WORDS, longest=36, required=False),
    },
    "job.v1.WatchJobRequest": {"name": _name("jobs")},
    "job.v1.WaitJobRequest": {"name": _name("jobs"), "wait": WAIT},
    "job.v1.CancelJobRequest": {"name": _name("jobs")},
    "konnektor.v1.ListKonnektorsRequest": NOTHING,
    "konnektor.v1.ListContextsRequest": NOTHING,
    "konnektor.v1.GetTargetModelRequest": {"konnektor": KONNEKTOR},
    "konnektor.v1.CheckKonnektorRequest": {"konnektor": KONNEKTOR},
    "patient.v1.ReadVsdRequest": {
        "card": CARD,
        "context": CONTEXT,
        "authority": _name("cards", required=False),
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
        "card": _name("cards", required=False),
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
    "signature.v1.ListSignaturePresetsRequest": NOTHING,
    "signature.v1.VerifyDocumentRequest": {
        "context": CONTEXT,
        "document": _name("documents"),
        "signature": _name("documents", required=False),
    },
    "signature.v1.ActivateComfortSignatureRequest": {
        "request_id": REQUEST_ID,
        "card": CARD,
        "context": CONTEXT,
        "user": _name("users"),
        **ATTEMPTS,
        "wait": WAIT,
    },
    "signature.v1.GetComfortSignatureRequest": {"card": CARD, "context": CONTEXT, "user": _name("users")},
    "signature.v1.DeactivateComfortSignatureRequest": {
        "card": CARD,
        "context": CONTEXT,
        "user": _name("users"),
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
        "terminal": _name("terminals"),
        "slot_id": Number(low=1, high=64),
        "context": CONTEXT,
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
        "user": _name("users"),
        "card": CARD,
        "context": CONTEXT,
        **ATTEMPTS,
        "wait": WAIT,
    },
    "workstation.v1.ListWorkstationsRequest": NOTHING,
    "workstation.v1.UpdateWorkstationRequest": {"workstation": WORKSTATION, "update_mask": Ignored()},
    "workstation.v1.RevokeWorkstationRequest": {"name": _name("workstations")},
    "workstation.v1.RenewCertificateRequest": {"certificate_request": CSR},
}
_WHOLE = {"authentication.v1.ExternalAuthenticateRequest": _subject, "workstation.v1.UpdateWorkstationRequest": _update}

REQUESTS: dict[str, Fields] = {
    f"kartenwart.api.{name}": Fields(fields=fields, whole=_WHOLE.get(name)) for name, fields in _TABLE.items()
}


def violations(request: Message) -> tuple[Violation, ...]:
    """Return every violation of a request, with its path as in the proto, e.g. "documents[0].short_text"."""
    return tuple(REQUESTS[request.DESCRIPTOR.full_name].within(request, ""))

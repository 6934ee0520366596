"""Who may call what: one table, RPC x role x scope. docs/api.md shows it; tests hold it against protos and document.

Scope is generic: a request's `context` and `user` are held against the caller's (edge/scope.py). What a caller may
see of resources (cards, jobs, documents) is filtered by the operations.
"""

from dataclasses import dataclass
from enum import Enum, auto

from kartenwart.domain.documents import CHUNK_BYTES
from kartenwart.domain.principals import Role

KIBIBYTE = 1024


class Rate(Enum):
    """How often: the class decides the limits (edge/limits.py)."""

    READ = auto()  # from the agent's memory or store
    CARD = auto()  # reaches the Konnektor or a card
    CHANGE = auto()  # changes what is stored, or makes a job
    TRANSFER = auto()  # moves bytes of documents
    STREAM = auto()  # opens a stream
    EXCHANGE = auto()  # from nobody known


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What holds for one RPC.

    `scope`: fields of the request held against the caller's scope. `subject`: where the audit finds what the call is
    about, a path in the request, or else in the response. `audited`: leaves a record however it ends, and runs to its
    end when the caller leaves. `max_bytes`: of the request on the wire as protobuf.
    """

    roles: frozenset[Role]
    rate: Rate
    scope: tuple[str, ...] = ()
    subject: str = ""
    audited: bool = False
    unauthenticated: bool = False
    certificate_only: bool = False
    max_bytes: int = 64 * KIBIBYTE


VIEWER, WORKSTATION, SIGNER, TECHNICIAN, AUDITOR = Role
EVERYONE = frozenset(Role)
WORKERS = frozenset({WORKSTATION, SIGNER})
JOB_READERS = WORKERS | {TECHNICIAN}
TECHNICIANS = frozenset({TECHNICIAN})
CONTROLLERS = frozenset({TECHNICIAN, AUDITOR})
CALL = ("context", "user")

_READ = Rule(roles=EVERYONE, rate=Rate.READ)
_STREAM = Rule(roles=EVERYONE, rate=Rate.STREAM)
_JOB = Rule(roles=JOB_READERS, rate=Rate.READ, subject="name")
_PIN = Rule(roles=JOB_READERS, rate=Rate.CHANGE, scope=CALL, subject="card", audited=True)
_PATIENTS_PIN = Rule(roles=WORKERS, rate=Rate.CHANGE, scope=("context",), subject="card", audited=True)
_KEY_JOB = Rule(roles=WORKERS, rate=Rate.CARD, scope=CALL, subject="card", audited=True)
_DOCUMENT = Rule(roles=WORKERS, rate=Rate.TRANSFER, subject="document")
_TECHNICIAN_READS = Rule(roles=TECHNICIANS, rate=Rate.READ)
_TECHNICIAN_CHANGES = Rule(roles=TECHNICIANS, rate=Rate.CHANGE, audited=True)
_CONTROLLER = Rule(roles=CONTROLLERS, rate=Rate.READ)
_EXCHANGE = Rule(
    roles=frozenset(), rate=Rate.EXCHANGE, unauthenticated=True, subject="enrolment", max_bytes=8 * KIBIBYTE
)


def _changes(subject: str) -> Rule:
    return Rule(roles=TECHNICIANS, rate=Rate.CHANGE, audited=True, subject=subject)


_TABLE: dict[str, dict[str, Rule]] = {
    "audit.v1.AuditService": {
        "ListAuditRecords": _CONTROLLER,
        "VerifyAudit": Rule(roles=CONTROLLERS, rate=Rate.CARD),
    },
    "authentication.v1.AuthenticationService": {
        "ExternalAuthenticate": _KEY_JOB,
        "CreateLoginToken": _KEY_JOB,
    },
    "card.v1.CardService": {
        "ListCards": _READ,
        "GetCard": Rule(roles=EVERYONE, rate=Rate.READ, subject="name"),
        "ReadCardCertificate": Rule(roles=JOB_READERS, rate=Rate.CARD, scope=CALL, subject="card", audited=True),
    },
    "certificate.v1.CertificateService": {
        "ListCertificates": Rule(roles=EVERYONE - {AUDITOR}, rate=Rate.CARD),
        "VerifyCertificate": Rule(roles=JOB_READERS, rate=Rate.CARD, scope=("context",)),
    },
    "document.v1.DocumentService": {
        "CreateDocument": _DOCUMENT,
        "UploadChunk": Rule(
            roles=WORKERS, rate=Rate.TRANSFER, subject="document", max_bytes=CHUNK_BYTES + 4 * KIBIBYTE
        ),
        "DownloadChunk": Rule(roles=WORKERS, rate=Rate.TRANSFER, subject="document"),
        "DeleteDocument": _DOCUMENT,
    },
    "encryption.v1.EncryptionService": {
        "EncryptDocument": Rule(
            roles=WORKERS,
            rate=Rate.CARD,
            scope=CALL,
            subject="document",
            audited=True,
            max_bytes=256 * KIBIBYTE,
        ),
        "DecryptDocument": Rule(roles=WORKERS, rate=Rate.CARD, scope=CALL, subject="card", audited=True),
    },
    "enrolment.v1.EnrolmentExchangeService": {
        "Commit": _EXCHANGE,
        "Reveal": _EXCHANGE,
        "Poll": _EXCHANGE,
        "RedeemToken": Rule(
            roles=frozenset(),
            rate=Rate.EXCHANGE,
            unauthenticated=True,
            audited=True,
            subject="workstation",
            max_bytes=8 * KIBIBYTE,
        ),
    },
    "enrolment.v1.EnrolmentService": {
        "OpenEnrolment": _TECHNICIAN_CHANGES,
        "CloseEnrolment": _TECHNICIAN_CHANGES,
        "ListEnrolments": _TECHNICIAN_READS,
        "ApproveEnrolment": _changes("workstation.name"),
        "RejectEnrolment": _changes("name"),
        "CreateToken": _TECHNICIAN_CHANGES,
    },
    "inventory.v1.InventoryService": {
        "GetInventory": _READ,
        "WatchInventory": _STREAM,
        "ListEvents": _READ,
        "WatchEvents": _STREAM,
    },
    "job.v1.JobService": {
        "GetJob": _JOB,
        "ListJobs": Rule(roles=JOB_READERS, rate=Rate.READ),
        "WatchJob": Rule(roles=JOB_READERS, rate=Rate.STREAM, subject="name"),
        "WaitJob": _JOB,
        "CancelJob": Rule(roles=JOB_READERS, rate=Rate.CHANGE, subject="name", audited=True),
    },
    "konnektor.v1.KonnektorService": {
        "ListKonnektors": _READ,
        "ListContexts": _READ,
        "GetTargetModel": _CONTROLLER,
        "CheckKonnektor": Rule(roles=TECHNICIANS, rate=Rate.CARD),
    },
    "patient.v1.PatientCardService": {
        "ReadVsd": Rule(roles=WORKERS, rate=Rate.CARD, scope=CALL, subject="card", audited=True),
        "ReadKvk": Rule(roles=WORKERS, rate=Rate.CARD, scope=("context",), subject="card", audited=True),
    },
    "pin.v1.PinService": {
        "GetPinStatus": Rule(roles=EVERYONE - {AUDITOR}, rate=Rate.CARD, scope=CALL, subject="card"),
        "VerifyPin": _PIN,
        "ChangePin": _PIN,
        "UnblockPin": _PIN,
        "EnablePin": _PATIENTS_PIN,
        "DisablePin": _PATIENTS_PIN,
        "UnlockPracticeCards": Rule(
            roles=JOB_READERS, rate=Rate.CHANGE, scope=("context",), subject="context", audited=True
        ),
        "GetPinMatrix": Rule(roles=EVERYONE - {AUDITOR}, rate=Rate.CARD, scope=("user",)),
    },
    "reader.v1.ReaderService": {"ListReaders": _READ, "GetReader": _READ, "ResetReader": _changes("name")},
    "signature.v1.DocumentVerificationService": {
        "VerifyDocument": Rule(roles=WORKERS, rate=Rate.CARD, scope=("context",), subject="document"),
    },
    "signature.v1.SignaturePresetService": {"ListSignaturePresets": _READ},
    "signature.v1.ComfortSignatureService": {
        "ActivateComfortSignature": Rule(
            roles=frozenset({SIGNER}), rate=Rate.CHANGE, scope=CALL, subject="card", audited=True
        ),
        "GetComfortSignature": Rule(roles=JOB_READERS, rate=Rate.CARD, scope=CALL, subject="card"),
        "DeactivateComfortSignature": Rule(
            roles=frozenset({SIGNER, TECHNICIAN}), rate=Rate.CARD, scope=CALL, subject="card", audited=True
        ),
    },
    "signature.v1.SignatureJournalService": {
        "ListSignatures": Rule(roles=frozenset({SIGNER, TECHNICIAN, AUDITOR}), rate=Rate.READ),
    },
    "signature.v1.SignatureService": {
        "SignDocuments": Rule(roles=WORKERS, rate=Rate.CHANGE, scope=CALL, subject="card", audited=True),
    },
    "system.v1.SystemService": {"GetSystem": _READ},
    "terminal.v1.TerminalService": {
        "ListTerminals": _READ,
        "RequestCard": Rule(roles=WORKERS, rate=Rate.CHANGE, scope=("context",), subject="terminal", audited=True),
        "EjectCard": Rule(roles=WORKERS, rate=Rate.CHANGE, scope=("context",), subject="card", audited=True),
    },
    "user.v1.UserService": {
        "ListUsers": Rule(roles=JOB_READERS, rate=Rate.READ),
        "CreateUser": _changes("user.name"),
        "BindUser": Rule(roles=frozenset({SIGNER}), rate=Rate.CHANGE, scope=CALL, subject="user", audited=True),
    },
    "workstation.v1.WorkstationService": {
        "ListWorkstations": _CONTROLLER,
        "UpdateWorkstation": _changes("workstation.name"),
        "RevokeWorkstation": _changes("name"),
        "RenewCertificate": Rule(roles=EVERYONE, rate=Rate.CHANGE, audited=True, certificate_only=True),
    },
}

POLICY: dict[str, Rule] = {
    f"kartenwart.api.{service}/{method}": rule
    for service, methods in _TABLE.items()
    for method, rule in methods.items()
}

"""The contract as data: every RPC of every service, and the class of every message. Protos load when asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from google.protobuf.descriptor import Descriptor, FileDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

# Each stands in a file of its name: kartenwart.api.pin.v1.PinService in kartenwart/api/pin/v1/pin_service.proto.
SERVICES = (
    "kartenwart.api.audit.v1.AuditService",
    "kartenwart.api.authentication.v1.AuthenticationService",
    "kartenwart.api.card.v1.CardService",
    "kartenwart.api.certificate.v1.CertificateService",
    "kartenwart.api.document.v1.DocumentService",
    "kartenwart.api.encryption.v1.EncryptionService",
    "kartenwart.api.enrolment.v1.EnrolmentExchangeService",
    "kartenwart.api.enrolment.v1.EnrolmentService",
    "kartenwart.api.inventory.v1.InventoryService",
    "kartenwart.api.job.v1.JobService",
    "kartenwart.api.konnektor.v1.KonnektorService",
    "kartenwart.api.patient.v1.PatientCardService",
    "kartenwart.api.pin.v1.PinService",
    "kartenwart.api.reader.v1.ReaderService",
    "kartenwart.api.signature.v1.DocumentVerificationService",
    "kartenwart.api.signature.v1.SignaturePresetService",
    "kartenwart.api.signature.v1.ComfortSignatureService",
    "kartenwart.api.signature.v1.SignatureJournalService",
    "kartenwart.api.signature.v1.SignatureService",
    "kartenwart.api.system.v1.SystemService",
    "kartenwart.api.terminal.v1.TerminalService",
    "kartenwart.api.user.v1.UserService",
    "kartenwart.api.workstation.v1.WorkstationService",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rpc:
    """One RPC: `service` and `method` as in the proto, `name` e.g. "kartenwart.api.card.v1.CardService/ListCards"."""

    service: str
    method: str
    request: Descriptor
    response: Descriptor
    streams: bool

    @property
    def name(self) -> str:
        """Return the full name, as in policy, audit and metrics."""
        return f"{self.service}/{self.method}"

    @property
    def attribute(self) -> str:
        """Return the Python name of the service's method, e.g. "list_cards"."""
        return _snake(self.method)


def rpcs() -> Iterator[Rpc]:
    """Yield every RPC of the contract; loads all protos."""
    for service in SERVICES:
        yield from rpcs_of(service)


def rpcs_of(service: str) -> Iterator[Rpc]:
    """Yield every RPC of one service; loads its proto, which stands in a file of its name, and no others.

    A client-streaming one is a mistake: many clients cannot call it.
    """
    package, _, name = service.rpartition(".")
    file: FileDescriptor = import_module(f"{package}.{_snake(name)}_pb2").DESCRIPTOR
    for method in file.services_by_name[name].methods:
        yield _rpc(service, method)


def _snake(name: str) -> str:
    """Return e.g. "list_cards" for "ListCards"."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _rpc(service: str, method: MethodDescriptor) -> Rpc:
    if method.client_streaming:
        raise TypeError(f"{service}/{method.name} is client-streaming: only unary and server-streaming methods")
    return Rpc(
        service=service,
        method=method.name,
        request=method.input_type,
        response=method.output_type,
        streams=method.server_streaming,
    )


def message_class(descriptor: Descriptor) -> type[Message]:
    """Return the generated class of a message."""
    return GetMessageClass(descriptor)

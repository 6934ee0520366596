"""The contract as data: every RPC of every proto, and the class of every message."""

from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.descriptor import Descriptor, FileDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from kartenwart.api.audit.v1 import audit_service_pb2
from kartenwart.api.card.v1 import card_service_pb2
from kartenwart.api.document.v1 import document_service_pb2
from kartenwart.api.enrolment.v1 import enrolment_exchange_service_pb2, enrolment_service_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2
from kartenwart.api.job.v1 import job_service_pb2
from kartenwart.api.konnektor.v1 import konnektor_service_pb2
from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.api.signature.v1 import signature_service_pb2
from kartenwart.api.system.v1 import system_service_pb2
from kartenwart.api.terminal.v1 import terminal_service_pb2
from kartenwart.api.user.v1 import user_service_pb2
from kartenwart.api.workstation.v1 import workstation_service_pb2

FILES: tuple[FileDescriptor, ...] = (
    audit_service_pb2.DESCRIPTOR,
    card_service_pb2.DESCRIPTOR,
    document_service_pb2.DESCRIPTOR,
    enrolment_exchange_service_pb2.DESCRIPTOR,
    enrolment_service_pb2.DESCRIPTOR,
    inventory_service_pb2.DESCRIPTOR,
    job_service_pb2.DESCRIPTOR,
    konnektor_service_pb2.DESCRIPTOR,
    pin_service_pb2.DESCRIPTOR,
    signature_service_pb2.DESCRIPTOR,
    system_service_pb2.DESCRIPTOR,
    terminal_service_pb2.DESCRIPTOR,
    user_service_pb2.DESCRIPTOR,
    workstation_service_pb2.DESCRIPTOR,
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
        return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in self.method).lstrip("_")


def rpcs() -> Iterator[Rpc]:
    """Yield every RPC of the contract. A client-streaming one is a mistake: many clients cannot call it."""
    for file in FILES:
        for service in file.services_by_name.values():
            for method in service.methods:
                yield _rpc(service.full_name, method)


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

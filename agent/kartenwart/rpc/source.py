"""A gRPC call as the edge's Source, and its stream as the edge's Sink."""

from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, Violation
from kartenwart.edge.limits import LimitExceeded
from kartenwart.edge.principals import Principal, Principals
from kartenwart.edge.refusals import Refused
from kartenwart.edge.shared import Reply, binary

STATUS_HEADER = "grpc-status-details-bin"
CODES = {code.value[0]: code for code in grpc.StatusCode}
Context = grpc.aio.ServicerContext[Any, Any]


class RpcSource:
    """Bytes and a client certificate."""

    __slots__ = ("_context", "_data", "_principals")

    def __init__(self, data: bytes, context: Context, principals: Principals) -> None:
        self._data = data
        self._context = context
        self._principals = principals

    @property
    def peer(self) -> str:
        """Return the caller's address, without its port."""
        return address_of(self._context.peer())

    def principal(self) -> Principal:
        """Return the workstation that owns the certificate of this connection."""
        certificates = self._context.auth_context().get("x509_pem_cert")
        for certificate in certificates or ():
            return self._principals.by_certificate(certificate)
        raise CallerError(failure(Reason.UNAUTHENTICATED))

    async def request(self, kind: type[Message], most: int) -> Any:
        """Read the request."""
        if len(self._data) > most:
            raise LimitExceeded(0.0)
        try:
            return kind.FromString(self._data)
        except DecodeError:
            words = Violation(field="", description="Die Nachricht ist kein gültiges Protobuf.")
            raise CallerError(failure(Reason.INVALID_ARGUMENT), (words,)) from None


class RpcSink:
    """Writes a stream's replies."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    async def open(self) -> None:
        """Send the initial metadata, so that the caller knows that it is admitted."""
        await self._context.send_initial_metadata(())

    async def send(self, reply: Reply) -> None:
        """Write one reply; HTTP/2 flow control makes this wait for a slow reader."""
        await self._context.write(binary(reply))


def address_of(peer: str) -> str:
    """Return the address in gRPC's spelling of a peer: "ipv4:1.2.3.4:5" or "ipv6:%5B::1%5D:5"."""
    scheme, _, rest = peer.partition(":")
    if scheme not in {"ipv4", "ipv6"}:
        return scheme
    return rest.rpartition(":")[0].replace("%5B", "").replace("%5D", "").strip("[]")


async def abort(context: Context, refused: Refused) -> None:
    """End the call with the refusal's status; always raises grpc's own exception."""
    status = refused.status
    await context.abort(CODES[status.code], status.message, ((STATUS_HEADER, status.SerializeToString()),))

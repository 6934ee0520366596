"""gRPC with mutual TLS as a Wire. Nothing is ever sent twice by the library: its own retries are switched off."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf.message import Message

from kartenwart.client.failures import BoxUnreachable, CallFailed, from_status
from kartenwart.client.profile import Profile
from kartenwart.client.wire import CALL_SECONDS, Reply, method_path

_DETAILS = "grpc-status-details-bin"
_SILENT = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED})
# A box that was restarted is found again within a second; a dead line is noticed within half a minute.
RECONNECTING: tuple[tuple[str, Any], ...] = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)
_OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.enable_retries", 0),
    *RECONNECTING,
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
)


class GrpcWire:
    """Calls and streams on one channel; `replace` moves to a channel with a renewed certificate."""

    def __init__(self, channel: grpc.aio.Channel, place: str) -> None:
        self._channel = channel
        self._place = place
        self._stubs: dict[type[Message], Callable[..., Any]] = {}

    async def ready(self, seconds: float) -> bool:
        """True once the connection stands, False where it does not within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._channel.channel_ready()
        except TimeoutError:
            return False
        return True

    async def call(self, request: Message, reply: type[Reply], timeout: float = CALL_SECONDS) -> Reply:
        """Send one message within `timeout` seconds, waiting for a connection where there is none."""
        stub = self._stub(type(request), reply, self._channel.unary_unary)
        try:
            answer: Reply = await stub(request, timeout=timeout, wait_for_ready=True)
        except grpc.aio.AioRpcError as error:
            raise self._failure(error) from None
        except grpc.aio.UsageError as error:
            raise BoxUnreachable(f"the connection to {self._place} is closed") from error
        return answer

    async def stream(self, request: Message, reply: type[Reply]) -> AsyncIterator[Reply]:
        """Open a stream, waiting for a connection where there is none."""
        stub = self._stub(type(request), reply, self._channel.unary_stream)
        call = stub(request, wait_for_ready=True)
        try:
            async for message in call:
                yield message
        except grpc.aio.AioRpcError as error:
            raise self._failure(error) from None
        finally:
            call.cancel()

    async def replace(self, channel: grpc.aio.Channel) -> None:
        """Use another channel from now on; calls under way on the old one get a moment to end, streams resume."""
        old, self._channel = self._channel, channel
        self._stubs = {}
        await old.close(grace=CALL_SECONDS)

    async def close(self) -> None:
        """Close the channel; calls under way end as unreachable."""
        await self._channel.close()

    def _stub(self, request: type[Message], reply: type[Reply], kind: Callable[..., Any]) -> Callable[..., Any]:
        stub = self._stubs.get(request)
        if stub is None:
            stub = self._stubs[request] = kind(
                f"/{method_path(request)}",
                request_serializer=request.SerializeToString,
                response_deserializer=reply.FromString,
            )
        return stub

    def _failure(self, error: grpc.aio.AioRpcError) -> CallFailed | BoxUnreachable:
        trailers = error.trailing_metadata() or ()
        raw = next((bytes(value) for key, value in trailers if key == _DETAILS and isinstance(value, bytes)), None)
        if raw is None and error.code() in _SILENT:
            return BoxUnreachable(f"{self._place} does not answer ({error.details()})")
        return from_status(raw or b"", code=error.code().name, message=error.details() or "")


def open_channel(profile: Profile) -> grpc.aio.Channel:
    """Open a channel to the box of a profile; whoever answers must prove to be that box by the site's root."""
    credentials = grpc.ssl_channel_credentials(
        root_certificates=profile.root_pem.encode(),
        private_key=profile.key_pem.encode(),
        certificate_chain=profile.certificate_pem.encode(),
    )
    options = (*_OPTIONS, ("grpc.ssl_target_name_override", profile.box_id), ("grpc.default_authority", profile.box_id))
    return grpc.aio.secure_channel(place(profile), credentials, options=options)


def place(profile: Profile) -> str:
    """Return "host:port" of the gRPC port, an IPv6 address in brackets."""
    host = profile.address.host
    return f"[{host}]:{profile.address.grpc_port}" if ":" in host else f"{host}:{profile.address.grpc_port}"


@asynccontextmanager
async def grpc_wire(profile: Profile) -> AsyncIterator[GrpcWire]:
    """A wire that is closed with the block."""
    wire = GrpcWire(open_channel(profile), place(profile))
    try:
        yield wire
    finally:
        await wire.close()

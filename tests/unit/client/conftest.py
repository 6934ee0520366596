"""Real servers on loopback that a client's tests talk to: a gRPC port with mutual TLS, an enrolment port."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import pytest

from kartenwart.client import Address, Profile
from tests.unit.client.site import Leaf, Site

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
Method: TypeAlias = "Callable[[bytes, Context], object]"
Serve = Callable[..., Awaitable[int]]


class Handlers(grpc.GenericRpcHandler):
    """Methods by path; a coroutine function answers once, an async generator streams."""

    def __init__(self, unary: dict[str, Method], streams: dict[str, Method]) -> None:
        self._unary, self._streams = unary, streams

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        path = handler_call_details.method.removeprefix("/")
        if path in self._unary:
            return grpc.unary_unary_rpc_method_handler(self._unary[path])
        if path in self._streams:
            return grpc.unary_stream_rpc_method_handler(self._streams[path])
        return None


@asynccontextmanager
async def serving(
    site: Site,
    *,
    unary: dict[str, Method] | None = None,
    streams: dict[str, Method] | None = None,
    port: int = 0,
    clients: Site | None = None,
) -> AsyncIterator[int]:
    """A box's gRPC port with mutual TLS; gives its number."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((Handlers(unary or {}, streams or {}),))
    credentials = grpc.ssl_server_credentials(
        [(site.server.key_pem, site.server.pem)], (clients or site).root.pem, require_client_auth=True
    )
    port = server.add_secure_port(f"127.0.0.1:{port}", credentials)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts gRPC ports that end with the test."""
    async with AsyncExitStack() as stack:

        async def start(site: Site, **what: Any) -> int:
            return await stack.enter_async_context(serving(site, **what))

        yield start


def profile_of(site: Site, port: int, *, leaf: Leaf | None = None, folder: Path | None = None) -> Profile:
    """The profile of a workstation that this site has enrolled."""
    own = leaf or site.leaf("w-test")
    return Profile(
        box_id=site.box_id,
        workstation="workstations/w-test",
        label="Empfang 1",
        role="SIGNER",
        address=Address(host="127.0.0.1", grpc_port=port),
        certificate_pem=own.pem.decode(),
        root_pem=site.root.pem.decode(),
        key_pem=own.key_pem.decode(),
        folder=folder,
    )

"""The gRPC server on 8443: mutual TLS 1.2 or 1.3, client certificate required and verified against the site's root.

What a certificate says gives no rights: the principal is who is enrolled with its key (edge/principals.py).
"""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import grpc

from kartenwart.edge.edge import Edge
from kartenwart.edge.identity import CurrentIdentity, ServerIdentity
from kartenwart.edge.listening import PortTakenError, refuse_taken
from kartenwart.edge.methods import Method
from kartenwart.rpc.handlers import Router, handlers
from kartenwart.rpc.standard import Health, standard_handlers

LARGEST_MESSAGE = 4 * 1024 * 1024  # a chunk has 1 MiB, the largest picture far less
MOST_CONNECTIONS = 3000  # each takes up to 110 KiB before it has said a word, and the unit has 1 GiB
GRACE = 3.0
OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.so_reuseport", 0),  # a second agent on this port must fail, not share it
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
    ("grpc.max_concurrent_streams", 128),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.server_handshake_timeout_ms", 10_000),  # who connects and says nothing is soon gone
    # Published in docs/api.md: the server asks after 30 s of silence whether the peer still lives, and lets clients
    # ask every 10 s, also without a call.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 9_000),
    ("grpc.http2.max_ping_strikes", 3),
)


class RpcServer:
    """Serves while its context is open; `port` is the port in use, `health` takes serving states."""

    def __init__(
        self,
        *,
        edge: Edge,
        methods: Mapping[str, Method],
        address: str,
        port: int,
        identity: CurrentIdentity,
        reflection: bool = False,
        most_connections: int = MOST_CONNECTIONS,
    ) -> None:
        self._edge = edge
        # Beyond them the newest are closed before TLS begins; who says nothing gives the place back after ten seconds.
        self._options = (*OPTIONS, ("grpc.max_allowed_incoming_connections", most_connections))
        self._address = address
        self._identity = identity
        services = sorted(
            {name.partition("/")[0] for name, method in methods.items() if not method.rule.unauthenticated}
        )
        self.health = Health(services)
        self.port = port
        self._handlers = dict(handlers(edge, methods)) | dict(
            standard_handlers(edge, self.health, services if reflection else ())
        )

    async def __aenter__(self) -> Self:
        self._server = grpc.aio.server(options=self._options)
        self._server.add_generic_rpc_handlers((Router(self._handlers),))
        place = f"[{self._address}]:{self.port}" if ":" in self._address else f"{self._address}:{self.port}"
        refuse_taken(self._address, self.port)
        try:
            self.port = self._server.add_secure_port(place, _credentials(self._identity))
        except RuntimeError as error:
            raise PortTakenError(f"cannot listen on {place}: {error}") from error
        await self._server.start()
        await self.health.serving(True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.health.serving(False)
        stopping = asyncio.create_task(self._server.stop(GRACE))
        self._edge.end_visits()
        await stopping


def _credentials(identity: CurrentIdentity) -> grpc.ServerCredentials:
    shown = identity()

    def fetch() -> Any:
        """Called by grpc at each handshake, in a thread of its own; None keeps what is in use."""
        nonlocal shown
        current = identity()
        if current == shown:
            return None
        shown = current
        return _configuration(current)

    return grpc.dynamic_ssl_server_credentials(_configuration(shown), fetch, require_client_authentication=True)


def _configuration(identity: ServerIdentity) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(identity.key_pem, identity.chain_pem)], root_certificates=identity.root_pem
    )

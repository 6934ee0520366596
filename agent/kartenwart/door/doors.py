"""The three doors: for machines (8444), for enrolment (8445), and at the box itself (UNIX socket)."""

import asyncio
import grp
import os
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from kartenwart.domain.enrolment import counted_as
from kartenwart.door.answers import HEADERS, refusal_response
from kartenwart.door.routes import Routes, Serve
from kartenwart.door.source import DoorSource, Identify, by_certificate, by_kernel, nobody
from kartenwart.door.tls import LiveContext
from kartenwart.edge.edge import Edge
from kartenwart.edge.identity import CurrentIdentity
from kartenwart.edge.listening import PortTakenError, listen
from kartenwart.edge.methods import Method
from kartenwart.edge.policy import CONTROLLERS, Rate, Rule
from kartenwart.edge.refusals import Refused

HANDSHAKE_SECONDS = 10.0
SHUTDOWN_SECONDS = 3.0
KEEPALIVE_SECONDS = 75.0
Healthy = Callable[[], bool]
Methods = Mapping[str, Method]
Opened = Callable[[], tuple[socket.socket, ssl.SSLContext | None]]


class _Full(asyncio.Protocol):
    """Takes the place of a connection beyond the most that a door holds."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class Door:
    """One listening socket with its routes; serves while its context is open, `port` is the TCP port in use.

    `opened` makes the socket and its TLS when serving begins (PortTakenError), `closed` tidies up behind it. Where the
    door is full, a newcomer is sent away; or, with `newcomers_first`, takes the place of the oldest connection of the
    address that has most.
    """

    def __init__(
        self,
        *,
        edge: Edge,
        routes: Routes,
        most_connections: int,
        opened: Opened,
        closed: Callable[[], None],
        newcomers_first: bool = False,
    ) -> None:
        self._edge = edge
        self._routes = routes
        self._most = most_connections
        self._opened = opened
        self._closed = closed
        self._newcomers_first = newcomers_first
        self.port = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        listening, tls = self._opened()
        if listening.family != socket.AF_UNIX:
            self.port = listening.getsockname()[1]
        self._http = web.Server(
            self._routes.serve,
            handler_cancellation=True,  # who leaves gives back the place
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=KEEPALIVE_SECONDS,
            max_line_size=2048,
            max_field_size=8190,
        )
        patience = HANDSHAKE_SECONDS if tls else None
        self._listener = await loop.create_server(self._accept, sock=listening, ssl=tls, ssl_handshake_timeout=patience)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self._edge.end_visits()
        self._http.pre_shutdown()
        await self._http.shutdown(SHUTDOWN_SECONDS)
        self._closed()

    def _accept(self) -> asyncio.Protocol:
        here = [way for each in self._http.connections if (way := each.transport) is not None and not way.is_closing()]
        if len(here) >= self._most:
            if not self._newcomers_first:
                return _Full()
            _crowding(here).abort()
        return self._http()


def _crowding(here: Sequence[asyncio.WriteTransport]) -> asyncio.WriteTransport:
    """Return the oldest connection of the address that has most: who comes with many pushes out its own."""
    addresses = [counted_as((way.get_extra_info("peername") or ("",))[0]) for way in here]
    held = Counter(addresses)
    most = max(held.values())
    return next(way for way, address in zip(here, addresses, strict=True) if held[address] == most)


def machine_door(*, edge: Edge, methods: Methods, address: str, port: int, identity: CurrentIdentity) -> Door:
    """Return the door for machines: mutual TLS, every service but the enrolment exchange."""
    routes = Routes(edge=edge, methods=_known_callers(methods), identify=by_certificate(edge.principals), pages={})

    def opened() -> tuple[socket.socket, ssl.SSLContext]:
        return listen(address, port), LiveContext(identity, clients=True, with_root=False).context

    return Door(edge=edge, routes=routes, most_connections=512, opened=opened, closed=_nothing)


def enrolment_door(
    *, edge: Edge, methods: Methods, address: str, port: int, identity: CurrentIdentity, healthy: Healthy
) -> Door:
    """Return the door for those who have no certificate yet: the exchange and /healthz; TLS sends the root too."""
    exchange = {name: method for name, method in methods.items() if method.rule.unauthenticated}
    routes = Routes(edge=edge, methods=exchange, identify=nobody, pages={"/healthz": _health(healthy)})

    def opened() -> tuple[socket.socket, ssl.SSLContext]:
        return listen(address, port), LiveContext(identity, clients=False, with_root=True).context

    # Strangers who hold every place and ask nothing must not keep the honest one out.
    return Door(edge=edge, routes=routes, most_connections=128, opened=opened, closed=_nothing, newcomers_first=True)


def local_door(*, edge: Edge, methods: Methods, path: Path, group: str, healthy: Healthy) -> Door:
    """Return the door at the box itself: every service but the exchange, /metrics and /healthz, on a UNIX socket.

    Who may connect is who may write to the socket: 0660 and its group ("" keeps the process's own). The folder is made
    where it is missing (0750, same group); one that exists stays as it is.
    """
    identify = by_kernel(edge.principals)
    pages = {"/healthz": _health(healthy), "/metrics": _metrics(edge, identify)}
    routes = Routes(edge=edge, methods=_known_callers(methods), identify=identify, pages=pages)

    def opened() -> tuple[socket.socket, None]:
        return _unix_socket(path, _group_id(group)), None

    def closed() -> None:
        path.unlink(missing_ok=True)

    return Door(edge=edge, routes=routes, most_connections=128, opened=opened, closed=closed)


def _group_id(group: str) -> int:
    if not group:
        return -1
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise PortTakenError(f"cannot give the socket to the group {group}: there is no such group") from None


def _unix_socket(path: Path, group: int) -> socket.socket:
    if not path.parent.exists():
        path.parent.mkdir(mode=0o750)
        os.chown(path.parent, -1, group)
    _remove_stale(path)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    before = os.umask(0o117)
    try:
        opened.bind(str(path))
    finally:
        os.umask(before)
    os.chown(path, -1, group)
    return opened


def _nothing() -> None:
    """Nothing to tidy up: a TCP port is free when its socket is closed."""


def _known_callers(methods: Methods) -> Methods:
    return {name: method for name, method in methods.items() if not method.rule.unauthenticated}


def _remove_stale(path: Path) -> None:
    """Remove the socket of an agent that is gone; PortTakenError where one still answers."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise PortTakenError(f"cannot listen on {path}: somebody answers there; is another agent running?")


def _health(healthy: Healthy) -> Serve:
    async def serve(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=200 if healthy() else 503, headers=HEADERS)

    return serve


def _metrics(edge: Edge, identify: Identify) -> Serve:
    meter, rule = edge.metrics.meter("metrics"), Rule(roles=CONTROLLERS, rate=Rate.READ)

    async def text() -> bytes:
        return edge.metrics.text()

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        try:
            body = await edge.guarded("metrics", rule, meter, DoorSource(request, identify), text)
        except Refused as refused:
            return refusal_response(refused)
        return web.Response(body=body, headers=HEADERS | {"Content-Type": CONTENT_TYPE_LATEST})

    return serve

"""An HTTP request as the edge's Source, and its NDJSON stream as the edge's Sink."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

from aiohttp import web
from google.protobuf.message import Message

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.door.answers import HEADERS, NDJSON, dumped, refusal_json
from kartenwart.door.body import parse
from kartenwart.edge.limits import LimitExceeded
from kartenwart.edge.methods import CallerLeft
from kartenwart.edge.principals import Principal, Principals, anonymous
from kartenwart.edge.refusals import Refused
from kartenwart.edge.shared import Reply
from kartenwart.edge.shared import json as reply_json

BODY_SECONDS = 15.0
Identify = Callable[[web.BaseRequest], Principal]


class DoorSource:
    """A request with a JSON body. `too_large` is set when its body was refused for its size."""

    __slots__ = ("_identify", "_request", "too_large")

    def __init__(self, request: web.BaseRequest, identify: Identify) -> None:
        self._request = request
        self._identify = identify
        self.too_large = False

    @property
    def peer(self) -> str:
        """Return the caller's address."""
        return self._request.remote or "unix"

    def principal(self) -> Principal:
        """Return who calls."""
        return self._identify(self._request)

    async def request(self, kind: type[Message], most: int) -> Any:
        """Read and parse the body; JSON may be half as long again as protobuf, for bytes stand in base64."""
        return parse(kind, await self._body(most + most // 2))

    async def _body(self, most: int) -> bytes:
        if (self._request.content_length or 0) > most:
            raise self._too_large()
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for chunk in self._request.content.iter_any():
                    body += chunk
                    if len(body) > most:
                        raise self._too_large()
        except TimeoutError:
            raise WorldError(failure(Reason.DEADLINE_EXCEEDED), sent=False) from None
        return bytes(body)

    def _too_large(self) -> LimitExceeded:
        self.too_large = True
        return LimitExceeded(0.0)


class DoorSink:
    """Writes a stream as one JSON object per line: {"result": ...}, at the end perhaps {"error": ...}."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self.response: web.StreamResponse | None = None

    async def open(self) -> None:
        """Send the headers, so that the caller knows that it is admitted."""
        response = web.StreamResponse(headers=HEADERS | {"Content-Type": NDJSON})
        response.enable_chunked_encoding()
        await response.prepare(self._request)
        self.response = response

    async def send(self, reply: Reply) -> None:
        """Write one line."""
        await self._write({"result": reply_json(reply)})

    async def fail(self, refused: Refused) -> None:
        """Write the last line."""
        await self._write({"error": refusal_json(refused)})

    async def _write(self, line: dict[str, Any]) -> None:
        if self.response is None:
            raise CallerLeft
        try:
            await self.response.write(dumped(line) + b"\n")
        except ConnectionError:
            raise CallerLeft from None


def by_certificate(principals: Principals) -> Identify:
    """Identify by the client certificate that TLS has verified."""

    def identify(request: web.BaseRequest) -> Principal:
        tls = request.transport.get_extra_info("ssl_object") if request.transport else None
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        if not certificate:
            raise CallerError(failure(Reason.UNAUTHENTICATED))
        return principals.by_certificate(certificate)

    return identify


def by_kernel(principals: Principals) -> Identify:
    """Identify by the uid that the kernel says of the other end of a UNIX socket (SO_PEERCRED: pid, uid, gid)."""

    def identify(request: web.BaseRequest) -> Principal:
        peer = request.transport.get_extra_info("socket") if request.transport else None
        if peer is None:
            raise CallerError(failure(Reason.UNAUTHENTICATED))
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _, uid, _ = struct.unpack("3i", raw)
        return principals.local(uid)

    return identify


def nobody(request: web.BaseRequest) -> Principal:
    """Identify nobody: the caller is known by its address only."""
    return anonymous(request.remote or "unknown")
